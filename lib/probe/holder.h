/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a search says of a process that has a device's file open. */
#pragma once

#include "base/internal.h"

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint device;       /* which of the devices that were asked for */
  gint pid;           /* as this process sees it */
  guint64 start_time; /* field 22 of /proc/PID/stat: the pid and this are one process for ever */
  char *command;      /* without control characters; a process may give itself any */
  char *unit;         /* of systemd; else its cgroup, from "/" on; "" if it is in none */
} IommudFoundHolder;

/* The strings are taken. */
IOMMUD_INTERNAL IommudFoundHolder *
iommud_found_holder_new (guint device, gint pid, guint64 start_time, char *command, char *unit);
IommudFoundHolder *iommud_found_holder_copy (const IommudFoundHolder *self);
IOMMUD_INTERNAL void iommud_found_holder_free (IommudFoundHolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudFoundHolder, iommud_found_holder_free)

/* Those of one device, and at most four, as "qemu-system-x86 (pid 42, unit vm@1.service), sh (pid
 * 7)"; NULL if there are none. */
IOMMUD_INTERNAL char *iommud_found_holders_describe (GPtrArray *holders, guint device);

/* What is in /proc/PID/cgroup says of the unit: the last part of a path that is the name of a
 * service or of a scope. */
char *iommud_found_holder_find_unit (const char *cgroups);

G_END_DECLS
