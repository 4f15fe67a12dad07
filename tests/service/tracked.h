/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container with a device of each kind of tracker, and memory in it. */
#pragma once

#include "memory.h"

G_BEGIN_DECLS

#define PCI_1 "0000:01:00.0"   /* of dmar0, which tracks dirty pages */
#define LOGGING "0000:83:00.1" /* of dmar1, which tracks nothing; logs its own pages */

/* PCI_1, LOGGING, and memory at 1 GiB. */
typedef struct
{
  Bed *bed;
  char *container;
  int file;
} Tracked;

void tracked_attach (Bed *bed, const char *container, const char *name);
/* @size: of the memory, by GSIZE_TO_POINTER(). */
void tracked_set_up (Tracked *fixture, gconstpointer size);
void tracked_tear_down (Tracked *fixture, gconstpointer data);
void tracked_start (Tracked *fixture);
void tracked_stop (Tracked *fixture);

G_END_DECLS
