/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processes have nodes of this machine's VFIO devices and groups open, or files that stand
 * for them. */
#pragma once

#include "probe/process-files.h"

#include <sys/types.h>

G_BEGIN_DECLS

/* What is looked for. */
typedef struct
{
  dev_t number;       /* of the node; 0: it has none */
  char *node;         /* the last part of the node's path */
  char *sysfs_path;   /* of the device; NULL for a group */
  dev_t group_number; /* who has the node of its group holds a device, too; 0: it has none */
  char *group_node;
} IommudHeld;

/* The strings are copied. Returns what was added, for the rest of it. */
IommudHeld *iommud_held_array_add (GArray *targets, dev_t number, const char *node,
                                   const char *sysfs_path);
/* An array of IommudHeld. */
GArray *iommud_held_array_new (void);

/* As iommud_process_files_search(), for each of @targets. @proc: NULL for /proc. */
GPtrArray *iommud_holders_find (const GArray *targets, guint max_holders, guint max_seconds,
                                const char *proc, gboolean *complete);

G_END_DECLS
