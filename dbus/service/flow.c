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

#include "idle.h"

/* The bus of a system lets a program wait for 128 answers, and polkit is asked, too. So many pings
 * of one user may wait at a time, so many with those that were not answered for long, and so many
 * of all users. */
#define PINGS_PER_USER 16
#define MOST_PINGS_PER_USER 32
#define MOST_PINGS 96

/* If the bus does not deliver a ping, which is so if too many answers are waited for, another one
 * is sent later. */
#define NEXT_PING_MS 500

/* Programs that do not answer do not keep others of their user from being asked for longer. */
#define PATIENCE_MS 2000

struct _IommudFlow
{
  GDBusConnection *connection;
  IommudLanes *lanes;
  GHashTable *users; /* uid -> User (owned): those with pings under way */
  guint64 round;     /* the latest of all users */
  guint n_pings;     /* of all users and rounds */
  GCancellable *cancellable;
};

typedef struct
{
  IommudFlow *flow;
  guint64 round;     /* begins when there is no patience left */
  guint n_pings;     /* of this round */
  guint n_all_pings; /* of all rounds */
  GQueue unpinged;   /* of IommudCaller: those that wait until one more can be pinged */
  GSource *patience; /* NULL while none waits */
} User;

typedef struct
{
  IommudFlow *flow;
  IommudCaller *caller;
  guint64 round;
} Ping;

static void ask_whether_read (IommudFlow *self, IommudCaller *caller);

static void
free_user (gpointer data)
{
  User *user = data;

  iommud_idle_stop (&user->patience);
  g_queue_clear (&user->unpinged);
  g_free (user);
}

IommudFlow *
iommud_flow_new (GDBusConnection *connection, IommudLanes *lanes)
{
  IommudFlow *self = g_new0 (IommudFlow, 1);

  self->connection = g_object_ref (connection);
  self->lanes = lanes;
  self->users = g_hash_table_new_full (NULL, NULL, NULL, free_user);
  self->cancellable = g_cancellable_new ();
  return self;
}

/* All callers have left. */
void
iommud_flow_free (IommudFlow *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_hash_table_unref (self->users);
  g_object_unref (self->connection);
  g_free (self);
}

/* Borrowed; NULL if there is none. */
static User *
find_user (IommudFlow *self, const IommudCaller *caller)
{
  return g_hash_table_lookup (self->users, GUINT_TO_POINTER (caller->uid));
}

static User *
ensure_user (IommudFlow *self, const IommudCaller *caller)
{
  User *user = find_user (self, caller);

  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  user->flow = self;
  user->round = ++self->round;
  g_queue_init (&user->unpinged);
  g_hash_table_insert (self->users, GUINT_TO_POINTER (caller->uid), user);
  return user;
}

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

static Ping *
new_ping (IommudFlow *self, IommudCaller *caller)
{
  Ping *ping = g_new0 (Ping, 1);

  ping->flow = self;
  ping->caller = iommud_caller_ref (caller);
  return ping;
}

static void
free_ping (gpointer ping)
{
  iommud_caller_unref (((Ping *) ping)->caller);
  g_free (ping);
}

static gboolean
on_next_ping (gpointer user_data)
{
  const Ping *ping = user_data;

  g_clear_pointer (&ping->caller->next_ping, g_source_unref);
  ask_whether_read (ping->flow, ping->caller);
  return G_SOURCE_REMOVE;
}

/* It ends at the latest when the caller leaves. */
static void
ping_later (IommudFlow *self, IommudCaller *caller)
{
  GSource *source = g_timeout_source_new (NEXT_PING_MS);

  caller->next_ping = source;
  g_source_set_callback (source, on_next_ping, new_ping (self, caller), free_ping);
  g_source_attach (source, g_main_context_get_thread_default ());
}

static void
on_answered (IommudFlow *self, IommudCaller *caller, gboolean was_read)
{
  guint64 n_bytes = caller->pinged_bytes;

  caller->pinged_bytes = 0;
  if (caller->lane == NULL)
    return;
  if (!was_read)
    {
      ping_later (self, caller);
      return;
    }
  iommud_lanes_add_unread (self->lanes, caller, -(gint64) n_bytes);
  if (!iommud_flow_has_read (caller))
    ask_whether_read (self, caller);
  iommud_lanes_wake (self->lanes, caller);
}

static gboolean
may_ping (const IommudFlow *self, const User *user)
{
  return user->n_pings < PINGS_PER_USER && user->n_all_pings < MOST_PINGS_PER_USER
         && self->n_pings < MOST_PINGS;
}

/* Pings as many of those that wait as may be pinged. */
static void
ping_waiting (IommudFlow *self, User *user)
{
  while (may_ping (self, user) && !g_queue_is_empty (&user->unpinged))
    ask_whether_read (self, g_queue_pop_head (&user->unpinged));
  if (g_queue_is_empty (&user->unpinged))
    iommud_idle_stop (&user->patience);
}

/* Those that were pinged may still answer. */
static gboolean
on_no_patience (gpointer data)
{
  User *user = data;

  user->round = ++user->flow->round;
  user->n_pings = 0;
  ping_waiting (user->flow, user);
  return G_SOURCE_CONTINUE;
}

static void
wait_for_ping (User *user, IommudCaller *caller)
{
  g_queue_push_tail (&user->unpinged, caller);
  if (user->patience != NULL)
    return;
  user->patience = g_timeout_source_new (PATIENCE_MS);
  g_source_set_callback (user->patience, on_no_patience, user, NULL);
  g_source_attach (user->patience, g_main_context_get_thread_default ());
}

/* A ping has been answered. */
static void
end_ping (IommudFlow *self, const IommudCaller *caller, guint64 round)
{
  User *user = find_user (self, caller);

  self->n_pings--;
  user->n_all_pings--;
  if (user->round == round)
    user->n_pings--;
  ping_waiting (self, user);
  if (user->n_all_pings == 0 && g_queue_is_empty (&user->unpinged))
    g_hash_table_remove (self->users, GUINT_TO_POINTER (caller->uid));
}

static void
on_pong (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Ping *ping = user_data;
  IommudFlow *self = ping->flow;
  g_autoptr (IommudCaller) caller = iommud_caller_ref (ping->caller);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) reply =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  guint64 round = ping->round;

  free_ping (ping);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the flow is gone */
  on_answered (self, caller, shows_reading (reply, caller));
  end_ping (self, caller, round);
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
send_ping (IommudFlow *self, IommudCaller *caller, guint64 round)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (caller->name, "/", "org.freedesktop.DBus.Peer", "Ping");
  Ping *ping = new_ping (self, caller);

  ping->round = round;
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_AUTO_START);
  g_dbus_message_set_serial (message, choose_serial ());
  caller->pinged_bytes = caller->unread_bytes;
  g_dbus_connection_send_message_with_reply (self->connection, message,
                                             G_DBUS_SEND_MESSAGE_FLAGS_PRESERVE_SERIAL, G_MAXINT,
                                             NULL, self->cancellable, on_pong, ping);
}

static void
ask_whether_read (IommudFlow *self, IommudCaller *caller)
{
  User *user = NULL;

  if (caller->lane == NULL || caller->pinged_bytes > 0 || caller->next_ping != NULL)
    return;
  user = ensure_user (self, caller);
  if (may_ping (self, user))
    {
      self->n_pings++;
      user->n_all_pings++;
      user->n_pings++;
      send_ping (self, caller, user->round);
    }
  else if (g_queue_find (&user->unpinged, caller) == NULL)
    wait_for_ping (user, caller);
}

/* An answer was sent. */
void
iommud_flow_add (IommudFlow *self, IommudCaller *caller, gsize n_bytes)
{
  iommud_lanes_add_unread (self->lanes, caller, (gint64) n_bytes);
  if (!iommud_flow_has_read (caller))
    ask_whether_read (self, caller);
}

/* The caller is in its lane. Some of its calls may have been refused before. */
void
iommud_flow_join (IommudFlow *self, IommudCaller *caller)
{
  if (!iommud_flow_has_read (caller))
    ask_whether_read (self, caller);
}

/* The caller is gone. */
void
iommud_flow_leave (IommudFlow *self, IommudCaller *caller)
{
  User *user = find_user (self, caller);

  iommud_idle_stop (&caller->next_ping);
  if (user == NULL)
    return;
  g_queue_remove (&user->unpinged, caller);
  if (g_queue_is_empty (&user->unpinged))
    iommud_idle_stop (&user->patience);
}
