/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pings that cannot be answered unread, and a bus that takes nothing
 * more. */
#include "config.h"

#include <signal.h>

#include "bed.h"
#include "daemon.h"

/* What is sent to a caller before it is pinged, and more. */
#define N_CALLS 64

typedef struct
{
  GMutex lock;
  GArray *serials; /* of guint32: those of pings */
  guint32 largest; /* of all other messages */
} Seen;

/* On the connection's own thread. */
static GDBusMessage *
watch (GDBusConnection *connection, GDBusMessage *message, gboolean incoming, gpointer data)
{
  Seen *seen = data;
  guint32 serial = g_dbus_message_get_serial (message);
  gboolean is_ping = g_strcmp0 (g_dbus_message_get_member (message), "Ping") == 0;

  if (!incoming)
    return message;
  g_mutex_lock (&seen->lock);
  if (is_ping)
    g_array_append_val (seen->serials, serial);
  else
    seen->largest = MAX (seen->largest, serial);
  g_mutex_unlock (&seen->lock);
  return message;
}

/* An answer to a ping proves that the ping was read. So its number says nothing of the next one's,
 * and the numbers of other messages say nothing of either. */
static void
test_serials (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  Seen seen = { .serials = g_array_new (FALSE, FALSE, sizeof (guint32)) };
  guint filter;

  g_mutex_init (&seen.lock);
  filter = g_dbus_connection_add_filter (bed->client, watch, &seen, NULL);
  for (guint i = 0; i < N_CALLS; i++)
    g_variant_unref (bed_get_managed_objects (bed));
  bed_settle (bed);
  g_dbus_connection_remove_filter (bed->client, filter);
  g_mutex_lock (&seen.lock);
  g_assert_cmpuint (seen.serials->len, >=, 2);
  for (guint i = 0; i < seen.serials->len; i++)
    {
      guint32 serial = g_array_index (seen.serials, guint32, i);

      g_assert_cmpuint (serial, >, seen.largest);
      g_assert_cmpuint (serial, >=, 1u << 31);
      for (guint j = 0; j < i; j++)
        g_assert_cmpuint (
            (guint32) ABS ((gint64) serial - g_array_index (seen.serials, guint32, j)), >, 64);
    }
  g_mutex_unlock (&seen.lock);
  g_array_unref (seen.serials);
  g_mutex_clear (&seen.lock);
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer done)
{
  *(gboolean *) done = g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
}

static gboolean
on_late (gpointer late)
{
  *(gboolean *) late = TRUE;
  return G_SOURCE_REMOVE;
}

/* The service does not wait for an answer of the bus, which takes 25 seconds to fail. */
static void
test_stopped_bus (void)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = bed_start_bus (&address);
  GSubprocess *daemon = daemon_start (address, "--simulate");
  gboolean ended = FALSE;
  gboolean late = FALSE;
  guint timeout;

  g_subprocess_send_signal (bus, SIGSTOP);
  g_subprocess_wait_async (daemon, NULL, on_ended, &ended);
  g_subprocess_send_signal (daemon, SIGTERM);
  timeout = g_timeout_add_seconds (20, on_late, &late);
  while (!ended && !late)
    g_main_context_iteration (NULL, TRUE);
  g_subprocess_send_signal (bus, SIGCONT);
  g_assert_true (ended);
  g_source_remove (timeout);
  g_assert_true (g_subprocess_get_if_exited (daemon));
  g_assert_cmpint (g_subprocess_get_exit_status (daemon), ==, 0);
  g_object_unref (daemon);
  bed_stop_bus (bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pings/serials", test_serials);
  g_test_add_func ("/pings/stopped-bus", test_stopped_bus);
  return g_test_run ();
}
