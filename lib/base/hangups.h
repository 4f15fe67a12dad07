/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pipes whose other end may be closed: the main loop polls one descriptor for all of them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommudHangups IommudHangups;

/* Calls @closed in @main_context, once for each, with the item of a pipe whose other end has been
 * closed for the last time. That pipe is no longer watched then. */
IommudHangups *iommud_hangups_new (GMainContext *main_context,
                                   void (*closed) (gpointer item, gpointer user_data),
                                   gpointer user_data);
void iommud_hangups_free (IommudHangups *self);

/* Returns 0 or a positive errno. @item is not owned. */
int iommud_hangups_add (IommudHangups *self, int fd, gpointer item);
/* Before the pipe is closed; nothing happens if it is not watched. */
void iommud_hangups_remove (IommudHangups *self, int fd);

G_END_DECLS
