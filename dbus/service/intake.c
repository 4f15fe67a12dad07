/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where messages come in: taken from the connection on its own thread, before anything is spent on
 * them, and handed to the main loop. Of a call that is larger than any needs to be, only what it
 * takes to refuse it is kept, and files that a method does not take are closed at once. */
#include "intake.h"

#include "files.h"
#include "flow.h"
#include "idle.h"
#include "interfaces.h"
#include "reply.h"
#include "weight.h"

/* The largest argument is a list of ranges of IOVAs. The longest name in a header is an object's
 * path. */
#define MAX_BODY_BYTES (G_GUINT64_CONSTANT (256) << 10)
#define MAX_HEADER_BYTES (G_GUINT64_CONSTANT (4) << 10)

/* A body that is not worth the copy of its message. */
#define SMALL_BODY_BYTES 128

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
      inbox->n_bytes -= iommud_weight_of_call (message);
      g_cond_signal (&inbox->taken);
    }
  else
    inbox->scheduled = FALSE;
  g_mutex_unlock (&inbox->lock);
  return message;
}

static void
refuse (IommudServiceState *state, IommudCaller *caller, GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;

  g_set_error (&error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "%u calls of this caller are waiting, and calls of one user are limited too: wait "
               "for answers",
               g_queue_get_length (&caller->waiting));
  iommud_flow_add (state->flow, caller, iommud_reply_error (state->connection, message, error));
}

/* Takes the message. An answer to a caller that does not read would be one more message that the
 * bus has to keep. */
static void
receive (IommudServiceState *state, GDBusMessage *message)
{
  IommudCaller *caller = NULL;

  if (iommud_callers_receive (state->callers, message, &caller))
    return;
  if (iommud_flow_has_read (caller))
    refuse (state, caller, message);
  g_object_unref (message);
}

/* FALSE if there are no more messages. */
static gboolean
receive_some (Inbox *inbox)
{
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
  return more;
}

/* Goes on as long as there are messages, but not for long at a time. What has come is served at
 * once, but not if calls are waiting, which have turns of their own: then one turn of the main loop
 * would be as long as two, and so would be the wait of others. */
static gboolean
on_main_loop (gpointer user_data)
{
  Inbox *inbox = user_data;
  gboolean at_once = inbox->state != NULL && iommud_lanes_is_idle (inbox->state->lanes);
  gboolean more = receive_some (inbox);

  if (inbox->state == NULL)
    return G_SOURCE_REMOVE;
  if (at_once)
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
  return incoming && g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
}

/* That it names no object shows that the call was too large, since every other call names one. The
 * bus limits the other names. */
static GDBusMessage *
copy_without_contents (GDBusMessage *message)
{
  GDBusMessage *copy = g_dbus_message_new ();

  g_dbus_message_set_message_type (copy, G_DBUS_MESSAGE_TYPE_METHOD_CALL);
  g_dbus_message_set_flags (copy, g_dbus_message_get_flags (message));
  g_dbus_message_set_serial (copy, g_dbus_message_get_serial (message));
  g_dbus_message_set_sender (copy, g_dbus_message_get_sender (message));
  g_dbus_message_set_interface (copy, g_dbus_message_get_interface (message));
  g_dbus_message_set_member (copy, g_dbus_message_get_member (message));
  return copy;
}

/* GDBus makes a value of each part of a body, and many small ones take fifty times what they weigh.
 * In the form in which it was sent a body is one value. A message that has come cannot be changed.
 */
static GDBusMessage *
copy_packed (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (body);
  GDBusMessage *copy = copy_without_contents (message);

  g_dbus_message_set_path (copy, g_dbus_message_get_path (message));
  g_dbus_message_set_unix_fd_list (copy, g_dbus_message_get_unix_fd_list (message));
  g_dbus_message_set_body (copy, g_variant_new_from_bytes (g_variant_get_type (body), bytes, TRUE));
  return copy;
}

/* Takes the message, and returns what is to be kept of it. */
static GDBusMessage *
strip (GDBusMessage *message)
{
  GDBusMessage *rest = NULL;

  if (g_dbus_message_get_unix_fd_list (message) != NULL
      && !iommud_interfaces_take_files (g_dbus_message_get_interface (message),
                                        g_dbus_message_get_member (message)))
    iommud_files_close (message);
  if (iommud_weight_of_body (message) > MAX_BODY_BYTES
      || iommud_weight_of_header (message) > MAX_HEADER_BYTES)
    rest = copy_without_contents (message);
  else if (iommud_weight_of_body (message) > SMALL_BODY_BYTES)
    rest = copy_packed (message);
  else
    return message;
  g_object_unref (message);
  return rest;
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
      inbox->n_bytes += iommud_weight_of_call (message);
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
  put (inbox, strip (message));
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
