/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting a process lock more memory. For workers. */
#pragma once

#include "handle/binding.h"

#include <sys/resource.h>

G_BEGIN_DECLS

typedef struct
{
  int process; /* a pidfd; -1: no limit was raised */
  pid_t pid;
  struct rlimit before;
  struct rlimit raised; /* what it is since; as before if it was enough */
} IommudMemoryLimit;

/* Lets a process lock so much memory, if it may not already. It must belong to @owner. FALSE with
 * an error: its limit is as it was. */
gboolean iommud_memory_limit_raise (IommudMemoryLimit *self, pid_t pid, uid_t owner,
                                    guint64 n_bytes, const char *what, GError **error);
/* As it was before, unless the process has changed it since. */
void iommud_memory_limit_restore (IommudMemoryLimit *self);
/* It stays raised. */
void iommud_memory_limit_clear (IommudMemoryLimit *self);

G_END_DECLS
