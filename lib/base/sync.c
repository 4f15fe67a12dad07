/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How asynchronous calls end, and their synchronous form: run the host's main context until then.
 */
#include "base/sync.h"

/* What a task has whose caller waits. */
static GQuark
get_waiting_quark (void)
{
  return g_quark_from_static_string ("iommud-sync");
}

void
iommud_sync_begin (IommudSync *self, GMainContext *context)
{
  self->context =
      context != NULL ? g_main_context_ref (context) : g_main_context_ref_thread_default ();
  self->result = NULL;
  g_main_context_push_thread_default (self->context);
}

void
iommud_sync_ready (GObject *source, GAsyncResult *result, gpointer self)
{
  ((IommudSync *) self)->result = g_object_ref (result);
}

GAsyncResult *
iommud_sync_end (IommudSync *self)
{
  while (self->result == NULL)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  return self->result;
}

GTask *
iommud_task_new (gpointer source, gpointer tag, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (source, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  if (callback == iommud_sync_ready)
    g_object_set_qdata (G_OBJECT (task), get_waiting_quark (), user_data);
  return task;
}

gboolean
iommud_task_has_waiting_caller (GTask *task)
{
  return g_object_get_qdata (G_OBJECT (task), get_waiting_quark ()) != NULL;
}

gboolean
iommud_task_finish_boolean (gpointer source, GAsyncResult *result, GError **error)
{
  GError *local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, source), FALSE);
  g_task_propagate_pointer (G_TASK (result), &local_error);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}
