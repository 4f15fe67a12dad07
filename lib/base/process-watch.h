/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells when a process, which need not be a child, has ended. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommudProcessWatch IommudProcessWatch;

/* Calls @ended once, in @context (NULL: the default one), when the process has ended that has @pid
 * and was started at @start_time, as field 22 of /proc/PID/stat has it. NULL if it has ended
 * already; another process may have the pid by then. */
IommudProcessWatch *iommud_process_watch_new (gint pid, guint64 start_time, GMainContext *context,
                                              void (*ended) (gpointer user_data),
                                              gpointer user_data);
/* On the thread of the context; also inside of @ended. */
void iommud_process_watch_free (IommudProcessWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudProcessWatch, iommud_process_watch_free)

G_END_DECLS
