/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where messages come in: taken from the connection on its own thread, before anything is spent on
 * them, and handed to the main loop. What is larger than any call needs to be, or carries files
 * that its method does not take, loses them at once. */
#include "intake.h"

#include "files.h"
#include "flow.h"
#include "idle.h"
#include "interfaces.h"
#include "reply.h"

/* The largest argument is a list of ranges of IOVAs. */
#define MAX_BODY_BYTES (G_GUINT64_CONSTANT (256) << 10)

/* The messages that the main loop has not seen yet may take so many bytes. If there are more, the
 * connection's thread waits, and then the bus keeps what it has for us. */
#define MAX_NEW_BYTES (G_GUINT64_CONSTANT (4) << 20)

/* Shared by the main loop and the connection's thread. */
typedef struct
{
  GMutex lock;
  GCond taken; /* the main loop has taken messages, or will not any more */
  GQueue messages;
  guint64 n_bytes;
  GMainContext *context;
  gboolean scheduled; /* the main loop will come */
  gboolean closed;
  IommudServiceState *state; /* of the main loop alone; NULL when closed */
} Inbox;

struct _IommudIntake
{
  GDBusConnection *connection;
  Inbox *inbox;
  guint filter;
};

static void
clear_inbox (gpointer data)
{
  Inbox *inbox = data;

  g_queue_clear_full (&inbox->messages, g_object_unref);
  g_main_context_unref (inbox->context);
  g_cond_clear (&inbox->taken);
  g_mutex_clear (&inbox->lock);
}

static void
inbox_unref (gpointer inbox)
{
  g_atomic_rc_box_release_full (inbox, clear_inbox);
}

/* Owned; NULL if there is no message. */
static GDBusMessage *
take_one (Inbox *inbox)
{
  GDBusMessage *message = NULL;

  g_mutex_lock (&inbox->lock);
  message = g_queue_pop_head (&inbox->messages);
  if (message != NULL)
    {
      inbox->n_bytes -= iommud_lanes_weigh (message);
      g_cond_signal (&inbox->taken);
    }
  else
    inbox->scheduled = FALSE;
  g_mutex_unlock (&inbox->lock);
  return message;
}

/* An answer to a caller that does not read would be one more message that the bus has to keep. */
static void
refuse (IommudServiceState *state, IommudCaller *caller, GDBusMessage *message)
{
  g_autoptr (GDBusMessage) owned = message;
  g_autoptr (GError) error = NULL;

  if (!iommud_flow_has_read (caller))
    return;
  g_set_error (&error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "%u calls of this caller are waiting, and calls of one user are limited too: wait "
               "for answers",
               g_queue_get_length (&caller->waiting));
  iommud_flow_add (state->connection, state->lanes, caller,
                   iommud_reply_error (state->connection, message, error));
}

static void
receive (IommudServiceState *state, GDBusMessage *message)
{
  IommudCaller *caller = NULL;

  if (!iommud_callers_receive (state->callers, message, &caller))
    refuse (state, caller, message);
}

/* Goes on as long as there are messages, but not for long at a time. */
static gboolean
on_main_loop (gpointer user_data)
{
  Inbox *inbox = user_data;
  gint64 end = g_get_monotonic_time () + IOMMUD_IDLE_SLICE_US;
  gboolean more = TRUE;

  while (inbox->state != NULL && more)
    {
      GDBusMessage *message = take_one (inbox);

      more = message != NULL;
      if (more)
        receive (inbox->state, message);
      if (g_get_monotonic_time () >= end)
        break;
    }
  if (inbox->state == NULL)
    return G_SOURCE_REMOVE;
  iommud_lanes_serve (inbox->state->lanes);
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
schedule (Inbox *inbox)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  inbox->scheduled = TRUE;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_main_loop, g_atomic_rc_box_acquire (inbox), inbox_unref);
  g_source_attach (source, inbox->context);
}

static gboolean
is_ours (GDBusMessage *message, gboolean incoming)
{
  const char *interface = g_dbus_message_get_interface (message);

  return incoming && g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL
         && g_strcmp0 (interface, "org.freedesktop.DBus.Peer") != 0;
}

/* The signature stays, and shows that there was a body. A message that has come in cannot be
 * changed, only copied. */
static GDBusMessage *
copy_without_body (GDBusMessage *message)
{
  GDBusMessage *copy = g_dbus_message_copy (message, NULL);

  if (copy != NULL)
    {
      g_dbus_message_set_body (copy, NULL);
      g_dbus_message_set_signature (copy, g_dbus_message_get_signature (message));
    }
  g_object_unref (message);
  return copy;
}

/* Takes the message, and returns what is to be kept of it. The arguments of a message without a
 * body do not fit its method, so it is refused. NULL if nothing is to be kept. */
static GDBusMessage *
strip (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);
  g_autoptr (GUnixFDList) files = NULL;

  if (g_dbus_message_get_unix_fd_list (message) != NULL
      && !iommud_interfaces_take_files (g_dbus_message_get_interface (message),
                                        g_dbus_message_get_member (message)))
    files = iommud_files_steal (message);
  if (body != NULL && g_variant_get_size (body) > MAX_BODY_BYTES)
    return copy_without_body (message);
  return message;
}

/* Takes the message. */
static void
put (Inbox *inbox, GDBusMessage *message)
{
  g_mutex_lock (&inbox->lock);
  while (!inbox->closed && inbox->n_bytes >= MAX_NEW_BYTES)
    g_cond_wait (&inbox->taken, &inbox->lock);
  if (inbox->closed)
    g_object_unref (message);
  else
    {
      g_queue_push_tail (&inbox->messages, message);
      inbox->n_bytes += iommud_lanes_weigh (message);
      if (!inbox->scheduled)
        schedule (inbox);
    }
  g_mutex_unlock (&inbox->lock);
}

/* Called on the connection's thread. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  Inbox *inbox = user_data;

  if (!is_ours (message, incoming))
    return message;
  message = strip (message);
  if (message != NULL)
    put (inbox, message);
  return NULL;
}

IommudIntake *
iommud_intake_new (IommudServiceState *state)
{
  IommudIntake *self = g_new0 (IommudIntake, 1);

  self->connection = g_object_ref (state->connection);
  self->inbox = g_atomic_rc_box_new0 (Inbox);
  g_mutex_init (&self->inbox->lock);
  g_cond_init (&self->inbox->taken);
  g_queue_init (&self->inbox->messages);
  self->inbox->context = g_main_context_ref_thread_default ();
  self->inbox->state = state;
  self->filter = g_dbus_connection_add_filter (self->connection, on_message,
                                               g_atomic_rc_box_acquire (self->inbox), inbox_unref);
  return self;
}

/* Messages that come from now on are dropped, or the library answers them. */
void
iommud_intake_free (IommudIntake *self)
{
  g_mutex_lock (&self->inbox->lock);
  self->inbox->closed = TRUE;
  self->inbox->state = NULL;
  g_cond_signal (&self->inbox->taken);
  g_mutex_unlock (&self->inbox->lock);
  g_dbus_connection_remove_filter (self->connection, self->filter);
  inbox_unref (self->inbox);
  g_object_unref (self->connection);
  g_free (self);
}
