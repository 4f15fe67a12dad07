/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that are ending at this moment, of which at least one thread has not ended yet.
 *
 * The kernel takes the files of such a process out of /proc before it closes them, so that nobody
 * can see what it still has (do_exit() of kernel/exit.c: PF_EXITING is set, exit_files() forgets
 * the table, and the files are closed before exit_notify() tells that it has ended). A process that
 * had files when it was last looked at, and is not listed afterwards, has closed them. */
#pragma once

#include "base/process.h"

#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  IommudProcessId id;
  gint parent; /* its pid */
  uid_t user;  /* effective */
  char *unit;  /* as of IommudFoundHolder */
} IommudExitingProcess;

/* An array of IommudExitingProcess: all of this machine. @complete: whether all could be looked at.
 * @proc: NULL for /proc. */
GArray *iommud_exiting_list (const char *proc, gboolean *complete);

G_END_DECLS
