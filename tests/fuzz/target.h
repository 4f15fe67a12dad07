/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service that is fuzzed: in this process, where the simulated kernel can be looked at, or as
 * the program. */
#pragma once

#include "bed.h"

G_BEGIN_DECLS

#define TARGET_CONTAINERS 8
#define TARGET_LEASES 8

typedef struct
{
  Bed *bed; /* the client of it may do everything; without a simulator if it is the program */
  char *folder;
  guint uids[2];
  guint n_uids;
  GSubprocess *daemon; /* NULL: in this process */
  GThread *reader;     /* of what it says */
} Target;

void target_start (Target *self);
void target_start_program (Target *self);
void target_stop (Target *self);

guint target_count_files (Target *self);
guint64 target_get_memory (Target *self);

G_END_DECLS
