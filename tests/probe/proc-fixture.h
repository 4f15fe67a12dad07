/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A /proc in a temporary folder, and what a search of holders finds there. */
#pragma once

#include "probe/holders.h"

G_BEGIN_DECLS

#define PROC_NIC "/sys/devices/pci0000:00/0000:00:01.0"
#define PROC_GPU "/sys/devices/pci0000:00/0000:00:02.0"

typedef struct
{
  char *proc;
  GArray *targets; /* of IommudHeld: what is looked for */
  GPtrArray *found;
  gboolean complete;
} ProcFixture;

void proc_fixture_set_up (ProcFixture *self, gconstpointer data);
void proc_fixture_tear_down (ProcFixture *self, gconstpointer data);
/* The folder and all below it. */
void proc_fixture_remove (const char *path);
void proc_fixture_write (ProcFixture *self, const char *process, const char *name,
                         const char *content);
/* The content of a file stat. */
char *proc_fixture_make_stat (const char *pid, char state, guint n_threads, guint start_time);
/* qemu-system-x86 of vm@1.service, started at 1000, without files. */
void proc_fixture_add_process (ProcFixture *self, const char *pid);
/* @info: what fdinfo says behind what it says of every file. */
void proc_fixture_add_file (ProcFixture *self, const char *process, const char *number,
                            const char *target, const char *info);
void proc_fixture_search (ProcFixture *self);
/* Searches, and compares with "DEVICE:PID DEVICE:PID ", in order. */
void proc_fixture_expect (ProcFixture *self, const char *expected);

G_END_DECLS
