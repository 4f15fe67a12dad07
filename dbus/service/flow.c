/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was sent to callers and may not have been read yet.
 *
 * The bus keeps a message until its receiver has read it, and it stops reading from a sender for
 * whom it keeps too much: then one caller that does not read stops the service for everybody. The
 * service cannot see who reads. But whoever answers a ping has read all that was sent before it,
 * and every D-Bus library answers org.freedesktop.DBus.Peer.Ping by itself; an error proves it too.
 */
#include "flow.h"

#include <sys/random.h>

/* The bus limits how many answers a program may wait for. */
#define PINGS_PER_USER 16

/* If the bus does not deliver a ping, which is so if too many answers are waited for, another one
 * is sent later. */
#define NEXT_PING_MS 500

typedef struct
{
  GDBusConnection *connection;
  IommudLanes *lanes;
  IommudLane *lane;
  IommudCaller *caller;
} Ping;

static void send_ping (GDBusConnection *connection, IommudLanes *lanes, IommudCaller *caller);
static void ask_whether_read (GDBusConnection *connection, IommudLanes *lanes,
                              IommudCaller *caller);

/* Whether the caller has read what was sent to it, as far as that was asked. If not, a ping asks
 * before more is sent. */
gboolean
iommud_flow_has_read (const IommudCaller *caller)
{
  return caller->unread_bytes < IOMMUD_LANES_BYTES_NEARLY_READ;
}

/* The bus itself answers if it did not deliver the ping. If its policy allows none, nothing can be
 * known about any caller, and all are taken to read. */
static gboolean
shows_reading (GDBusMessage *reply, const IommudCaller *caller)
{
  return reply != NULL
         && (g_strcmp0 (g_dbus_message_get_sender (reply), caller->name) == 0
             || g_strcmp0 (g_dbus_message_get_error_name (reply),
                           "org.freedesktop.DBus.Error.AccessDenied")
                    == 0);
}

static gboolean
on_next_ping (gpointer user_data)
{
  const Ping *ping = user_data;

  g_clear_pointer (&ping->caller->next_ping, g_source_unref);
  ask_whether_read (ping->connection, ping->lanes, ping->caller);
  return G_SOURCE_REMOVE;
}

static void
free_ping (gpointer ping)
{
  iommud_caller_unref (((Ping *) ping)->caller);
  g_free (ping);
}

/* It ends at the latest when the caller leaves its lane. */
static void
ping_later (const Ping *failed)
{
  Ping *ping = g_memdup2 (failed, sizeof *failed);
  GSource *source = g_timeout_source_new (NEXT_PING_MS);

  iommud_caller_ref (ping->caller);
  ping->caller->next_ping = source;
  g_source_set_callback (source, on_next_ping, ping, free_ping);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
on_answered (Ping *ping, gboolean was_read)
{
  IommudCaller *caller = ping->caller;
  guint64 n_bytes = caller->pinged_bytes;

  caller->pinged_bytes = 0;
  if (caller->lane == NULL)
    return;
  if (!was_read)
    {
      ping_later (ping);
      return;
    }
  iommud_lanes_add_unread (ping->lanes, caller, -(gint64) n_bytes);
  if (!iommud_flow_has_read (caller))
    ask_whether_read (ping->connection, ping->lanes, caller);
  iommud_lanes_wake (ping->lanes, caller);
}

static void
on_pong (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Ping *ping = user_data;
  g_autoptr (IommudCaller) caller = ping->caller;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the lanes are gone */
  on_answered (ping, shows_reading (reply, caller));
  if (!g_queue_is_empty (&ping->lane->unpinged) && ping->lane->n_pings <= PINGS_PER_USER)
    send_ping (ping->connection, ping->lanes, g_queue_pop_head (&ping->lane->unpinged));
  iommud_lanes_end_ping (ping->lanes, ping->lane);
}

/* Whoever can guess the serial of a ping can answer it without having read it. So it is a random
 * one, far from those that GDBus counts. */
static guint32
choose_serial (void)
{
  guint32 serial;

  if (getrandom (&serial, sizeof serial, 0) != sizeof serial)
    serial = g_random_int ();
  return serial | 1u << 31;
}

static void
send_ping (GDBusConnection *connection, IommudLanes *lanes, IommudCaller *caller)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (caller->name, "/", "org.freedesktop.DBus.Peer", "Ping");
  Ping *ping = g_new0 (Ping, 1);

  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_AUTO_START);
  g_dbus_message_set_serial (message, choose_serial ());
  ping->connection = connection;
  ping->lanes = lanes;
  ping->lane = caller->lane;
  ping->caller = iommud_caller_ref (caller);
  caller->pinged_bytes = caller->unread_bytes;
  caller->lane->n_pings++;
  g_dbus_connection_send_message_with_reply (
      connection, message, G_DBUS_SEND_MESSAGE_FLAGS_PRESERVE_SERIAL, G_MAXINT, NULL,
      iommud_lanes_get_cancellable (lanes), on_pong, ping);
}

static void
ask_whether_read (GDBusConnection *connection, IommudLanes *lanes, IommudCaller *caller)
{
  IommudLane *lane = caller->lane;

  if (lane == NULL || caller->pinged_bytes > 0 || caller->next_ping != NULL
      || g_queue_find (&lane->unpinged, caller) != NULL)
    return;
  if (lane->n_pings < PINGS_PER_USER)
    send_ping (connection, lanes, caller);
  else
    g_queue_push_tail (&lane->unpinged, caller);
}

/* An answer was sent. */
void
iommud_flow_add (GDBusConnection *connection, IommudLanes *lanes, IommudCaller *caller,
                 gsize n_bytes)
{
  iommud_lanes_add_unread (lanes, caller, (gint64) n_bytes);
  if (!iommud_flow_has_read (caller))
    ask_whether_read (connection, lanes, caller);
}
