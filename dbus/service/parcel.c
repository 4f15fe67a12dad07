/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An answer that must not get lost: whether the bus has taken it for its receiver.
 *
 * The bus says so only if it has not: its error for an answer whose receiver has left, or takes no
 * files, comes back to us. The bus works in order, so when it answers a ping that was sent behind
 * the answer, no error can follow. Some buses drop an answer whose receiver has left without an
 * error, but all have said by then that it has left. */
#include "parcel.h"

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

struct _IommudParcel
{
  GDBusConnection *connection;
  GCancellable *left;
  guint filter;
  IommudParcelFunc func;
  gpointer user_data;
  GMutex lock; /* what follows is also for the thread that receives */
  guint32 serial;
  gboolean refused;
};

static void
clear (gpointer data)
{
  IommudParcel *self = data;

  g_object_unref (self->left);
  g_object_unref (self->connection);
  g_mutex_clear (&self->lock);
}

static void
unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  IommudParcel *self = user_data;

  if (!incoming || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_ERROR
      || g_strcmp0 (g_dbus_message_get_sender (message), BUS_NAME) != 0)
    return message;
  g_mutex_lock (&self->lock);
  if (g_dbus_message_get_reply_serial (message) == self->serial)
    self->refused = TRUE;
  g_mutex_unlock (&self->lock);
  return message;
}

/* @left: cancelled once the receiver has left the bus. To be followed by iommud_parcel_sent() at
 * once: until then nothing is received. */
IommudParcel *
iommud_parcel_new (GDBusConnection *connection, GCancellable *left)
{
  IommudParcel *self = g_atomic_rc_box_new0 (IommudParcel);

  self->connection = g_object_ref (connection);
  self->left = g_object_ref (left);
  g_mutex_init (&self->lock);
  self->filter =
      g_dbus_connection_add_filter (connection, on_message, g_atomic_rc_box_acquire (self), unref);
  g_mutex_lock (&self->lock);
  return self;
}

static void
end (IommudParcel *self, gboolean taken)
{
  g_dbus_connection_remove_filter (self->connection, self->filter);
  self->func (taken, self->user_data);
  unref (self);
}

static void
on_pong (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  IommudParcel *self = user_data;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, NULL);
  gboolean refused;

  g_mutex_lock (&self->lock);
  refused = self->refused;
  g_mutex_unlock (&self->lock);
  end (self, reply != NULL && !refused && !g_cancellable_is_cancelled (self->left));
}

/* @serial: of the answer; 0: it was not sent. Frees the parcel when it has called the function. */
void
iommud_parcel_sent (IommudParcel *self, guint32 serial, IommudParcelFunc func, gpointer user_data)
{
  self->func = func;
  self->user_data = user_data;
  self->serial = serial;
  g_mutex_unlock (&self->lock);
  if (serial == 0)
    end (self, FALSE);
  else
    g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, "org.freedesktop.DBus.Peer",
                            "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_pong, self);
}
