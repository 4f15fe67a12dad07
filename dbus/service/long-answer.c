/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that take long to put together and to send: another thread does it, one answer after the
 * other, so that the main loop does not wait. That thread is made at the start, since later there
 * may be none to be had. */
#include "long-answer.h"

#include <iommud.h>

#include "reply.h"

/* The same values never take more on the bus than an eighth more than here, so only an answer above
 * this can be too large. */
#define SURE_BYTES (G_GUINT64_CONSTANT (28) << 20)

struct _IommudLongAnswers
{
  GDBusConnection *connection;
  GThreadPool *sender; /* one thread, for as long as this lives; NULL if none could be made */
};

typedef struct
{
  GDBusMessage *message;
  GVariant *body;
  IommudAnsweredFunc answered;
  gpointer user_data;
} Answer;

static void
answer_free (gpointer data)
{
  Answer *self = data;

  g_object_unref (self->message);
  g_variant_unref (self->body);
  g_free (self);
}

/* The bus ends the connection of a sender of a larger message. */
static gboolean
fits (GDBusConnection *connection, Answer *self, GError **error)
{
  gsize n_bytes = 0;

  if (g_variant_get_size (self->body) <= SURE_BYTES)
    return TRUE;
  n_bytes = iommud_reply_measure (connection, self->message, self->body);
  if (n_bytes <= IOMMUD_REPLY_MAX_BYTES)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "All that was asked for takes %" G_GSIZE_FORMAT " MiB, and a message can carry %u: "
               "ask for the objects that are of interest one by one",
               (n_bytes >> 20) + 1, IOMMUD_REPLY_MAX_BYTES >> 20);
  return FALSE;
}

/* Takes the task. */
static void
send_one (gpointer data, gpointer connection)
{
  g_autoptr (GTask) task = data;
  Answer *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (fits (connection, self, &error))
    g_task_return_int (task,
                       (gssize) iommud_reply (connection, self->message, self->body, NULL, NULL));
  else
    g_task_return_error (task, error);
}

IommudLongAnswers *
iommud_long_answers_new (GDBusConnection *connection)
{
  IommudLongAnswers *self = g_new0 (IommudLongAnswers, 1);
  g_autoptr (GError) error = NULL;

  self->connection = g_object_ref (connection);
  self->sender = g_thread_pool_new (send_one, connection, 1, TRUE, &error);
  if (error == NULL)
    return self;
  g_info ("%s; the main loop sends long answers itself", error->message);
  g_thread_pool_free (g_steal_pointer (&self->sender), TRUE, FALSE);
  return self;
}

/* What is being sent is brought to its end. */
void
iommud_long_answers_free (IommudLongAnswers *self)
{
  if (self->sender != NULL)
    g_thread_pool_free (self->sender, FALSE, TRUE);
  g_object_unref (self->connection);
  g_free (self);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *self = user_data;
  GError *error = NULL;
  gssize n_bytes = g_task_propagate_int (G_TASK (result), &error);

  self->answered (error == NULL ? (gsize) n_bytes : 0, error, self->user_data);
}

/* Returns at once. @body: a tuple, consumed if it is floating. */
void
iommud_long_answers_send (IommudLongAnswers *self, GDBusMessage *message, GVariant *body,
                          GCancellable *cancellable, IommudAnsweredFunc answered,
                          gpointer user_data)
{
  Answer *answer = g_new0 (Answer, 1);
  GTask *task = g_task_new (NULL, cancellable, on_sent, answer);

  answer->message = g_object_ref (message);
  answer->body = g_variant_ref_sink (body);
  answer->answered = answered;
  answer->user_data = user_data;
  g_task_set_task_data (task, answer, answer_free);
  if (self->sender != NULL)
    g_thread_pool_push (self->sender, task, NULL);
  else
    send_one (task, self->connection);
}
