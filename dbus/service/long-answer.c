/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that take long to put together or to send: another thread does both, so that the main
 * loop does not wait. */
#include "long-answer.h"

#include "reply.h"

/* The same values never take more on the bus than an eighth more than here, so only an answer above
 * this can be too large. */
#define SURE_BYTES (G_GUINT64_CONSTANT (28) << 20)

typedef struct
{
  GDBusConnection *connection;
  GDBusMessage *message;
  IommudAnswerFunc make;
  gpointer data;
  GDestroyNotify free_data;
  IommudAnsweredFunc answered;
  gpointer user_data;
} Answer;

static void
answer_free (gpointer data)
{
  Answer *self = data;

  g_object_unref (self->connection);
  g_object_unref (self->message);
  if (self->free_data != NULL)
    self->free_data (self->data);
  g_free (self);
}

/* The bus ends the connection of a sender of a larger message. */
static gboolean
fits (Answer *self, GVariant *body, GError **error)
{
  gsize n_bytes = 0;

  if (g_variant_get_size (body) <= SURE_BYTES)
    return TRUE;
  n_bytes = iommud_reply_measure (self->connection, self->message, body);
  if (n_bytes <= IOMMUD_REPLY_MAX_BYTES)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "All that was asked for takes %" G_GSIZE_FORMAT " MiB, and a message can carry %u: "
               "ask for the objects that are of interest one by one",
               (n_bytes >> 20) + 1, IOMMUD_REPLY_MAX_BYTES >> 20);
  return FALSE;
}

static void
send_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Answer *self = data;
  g_autoptr (GVariant) body = g_variant_take_ref (self->make (self->data));
  GError *error = NULL;

  if (fits (self, body, &error))
    g_task_return_int (task,
                       (gssize) iommud_reply (self->connection, self->message, body, NULL, NULL));
  else
    g_task_return_error (task, error);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *self = user_data;
  GError *error = NULL;
  gssize n_bytes = g_task_propagate_int (G_TASK (result), &error);

  self->answered (error == NULL ? (gsize) n_bytes : 0, error, self->user_data);
}

/* Returns at once. @data is used on the other thread, so that nothing else may use it. */
void
iommud_long_answer_send (GDBusConnection *connection, GDBusMessage *message, IommudAnswerFunc make,
                         gpointer data, GDestroyNotify free_data, GCancellable *cancellable,
                         IommudAnsweredFunc answered, gpointer user_data)
{
  Answer *self = g_new0 (Answer, 1);
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, on_sent, self);

  self->connection = g_object_ref (connection);
  self->message = g_object_ref (message);
  self->make = make;
  self->data = data;
  self->free_data = free_data;
  self->answered = answered;
  self->user_data = user_data;
  g_task_set_task_data (task, self, answer_free);
  g_task_run_in_thread (task, send_in_thread);
}
