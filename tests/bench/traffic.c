/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many bytes of messages go over a bus, by a monitor on it. */
#include "traffic.h"

#include "bed.h"
#include "iommud-dbus-names.h"

#define BUS "org.freedesktop.DBus"

struct _Traffic
{
  GDBusConnection *monitor;
  char *address;
  guint filter;
  int n_bytes;   /* atomic */
  int n_signals; /* atomic */
  int ended;     /* atomic: the last message was seen */
};

static gsize
get_size (GDBusMessage *message)
{
  gsize n_bytes = 0;

  g_free (
      g_dbus_message_to_blob (message, &n_bytes, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL));
  return n_bytes;
}

/* Counts what goes to the service and what comes from it. A monitor must not answer. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  Traffic *self = user_data;

  if (!incoming || g_strcmp0 (g_dbus_message_get_sender (message), BUS) == 0)
    return message;
  if (g_strcmp0 (g_dbus_message_get_member (message), "TrafficEnds") == 0)
    g_atomic_int_set (&self->ended, TRUE);
  else
    g_atomic_int_add (&self->n_bytes, (int) get_size (message));
  if (g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_SIGNAL)
    g_atomic_int_inc (&self->n_signals);
  g_object_unref (message);
  return NULL;
}

Traffic *
traffic_start (const char *address)
{
  Traffic *self = g_new0 (Traffic, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  self->address = g_strdup (address);
  self->monitor = bed_connect (address);
  reply = g_dbus_connection_call_sync (
      self->monitor, BUS, "/org/freedesktop/DBus", BUS ".Monitoring", "BecomeMonitor",
      g_variant_new ("(asu)", NULL, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_assert_no_error (error);
  self->filter = g_dbus_connection_add_filter (self->monitor, on_message, self, NULL);
  return self;
}

/* A signal of our own comes after all that is to be counted. */
static void
wait_for_all (Traffic *self)
{
  GDBusConnection *connection = bed_connect (self->address);

  g_dbus_connection_emit_signal (connection, NULL, "/", "org.iommud1.Bench", "TrafficEnds", NULL,
                                 NULL);
  while (!g_atomic_int_get (&self->ended))
    g_usleep (1000);
  bed_disconnect (connection);
}

/* @n_signals: of them. */
gsize
traffic_stop (Traffic *self, guint *n_signals)
{
  gsize n_bytes;

  wait_for_all (self);
  g_dbus_connection_remove_filter (self->monitor, self->filter);
  n_bytes = (gsize) g_atomic_int_get (&self->n_bytes);
  *n_signals = (guint) g_atomic_int_get (&self->n_signals) - 1;
  g_dbus_connection_close_sync (self->monitor, NULL, NULL);
  g_object_unref (self->monitor);
  g_free (self->address);
  g_free (self);
  return n_bytes;
}
