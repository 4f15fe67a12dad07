/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How asynchronous calls end, and their synchronous form: run the host's main context until then.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GMainContext *context;
  GAsyncResult *result;
} IommudSync;

/* @context may be NULL: the thread's default. */
void iommud_sync_begin (IommudSync *self, GMainContext *context);
/* The GAsyncReadyCallback; its user data is the IommudSync. */
void iommud_sync_ready (GObject *source, GAsyncResult *result, gpointer self);
/* Waits; the result is the caller's. */
GAsyncResult *iommud_sync_end (IommudSync *self);

/* The task of a call. If the call was cancelled while it ran, it still returns what it has done. */
GTask *iommud_task_new (gpointer source, gpointer tag, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data);
/* Whether the call is the synchronous form of another. */
gboolean iommud_task_has_waiting_caller (GTask *task);
/* The end of a call that returns nothing but success. */
gboolean iommud_task_finish_boolean (gpointer source, GAsyncResult *result, GError **error);

G_END_DECLS
