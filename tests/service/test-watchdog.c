/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program tells systemd: that it is ready, that its main loop runs, that it stops. */
#include "config.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "bed.h"
#include "daemon.h"

/* The program speaks twice in this time. */
#define WATCHDOG_USEC "200000"
#define PERIOD_MS 100

typedef struct
{
  GSubprocess *bus;
  char *address;
  char *folder;
  char *path;
  GSocket *notifications;
  GSubprocess *daemon;
} Fixture;

static void
listen_to_notifications (Fixture *self)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("iommud-notify-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "socket", NULL);
  address = g_unix_socket_address_new (self->path);
  self->notifications = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                      G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_bind (self->notifications, address, FALSE, &error);
  g_assert_no_error (error);
  g_assert_true (g_setenv ("NOTIFY_SOCKET", self->path, TRUE));
}

static void
set_up (Fixture *self, gconstpointer watchdog)
{
  g_autofree char *option = NULL;
  const char *arguments[] = { NULL, "--simulate", "--verbose", NULL };

  self->bus = bed_start_bus (&self->address);
  option = g_strdup_printf ("--address=%s", self->address);
  arguments[0] = option;
  listen_to_notifications (self);
  if (watchdog != NULL)
    g_setenv ("WATCHDOG_USEC", watchdog, TRUE);
  else
    g_unsetenv ("WATCHDOG_USEC");
  self->daemon = daemon_spawn (G_SUBPROCESS_FLAGS_STDOUT_PIPE, arguments);
}

static void
tear_down (Fixture *self, gconstpointer watchdog)
{
  bed_stop_bus (self->bus);
  g_socket_close (self->notifications, NULL);
  g_object_unref (self->notifications);
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
  g_free (self->address);
}

/* The next notification; NULL if none has come after a time. */
static char *
receive (Fixture *self, guint timeout_ms)
{
  char text[256];
  gssize length;
  g_autoptr (GError) error = NULL;

  if (!g_socket_condition_timed_wait (self->notifications, G_IO_IN, (gint64) timeout_ms * 1000,
                                      NULL, NULL))
    return NULL;
  length = g_socket_receive (self->notifications, text, sizeof text - 1, NULL, &error);
  g_assert_no_error (error);
  return g_strndup (text, (gsize) length);
}

static void
expect (Fixture *self, const char *expected)
{
  g_autofree char *text = receive (self, 30 * 1000);

  g_assert_cmpstr (text, ==, expected);
}

/* Pings may come before the name is owned. */
static void
wait_until_ready (Fixture *self)
{
  g_autofree char *text = NULL;

  do
    {
      g_free (text);
      text = receive (self, 30 * 1000);
      g_assert_nonnull (text);
    }
  while (g_str_equal (text, "WATCHDOG=1"));
  g_assert_cmpstr (text, ==, "READY=1");
}

/* Until it says that it stops, it may say that it runs; and nothing afterwards. */
static void
stop (Fixture *self)
{
  g_autofree char *text = NULL;

  g_subprocess_send_signal (self->daemon, SIGTERM);
  do
    {
      g_free (text);
      text = receive (self, 30 * 1000);
      g_assert_nonnull (text);
    }
  while (g_str_equal (text, "WATCHDOG=1"));
  g_assert_cmpstr (text, ==, "STOPPING=1");
  g_subprocess_wait (self->daemon, NULL, NULL);
  g_assert_cmpint (g_subprocess_get_exit_status (self->daemon), ==, 0);
  g_assert_null (receive (self, 0));
  g_object_unref (self->daemon);
}

static void
test_pings (Fixture *self, gconstpointer watchdog)
{
  gint64 first;

  wait_until_ready (self);
  expect (self, "WATCHDOG=1");
  first = g_get_monotonic_time ();
  for (guint i = 0; i < 5; i++)
    expect (self, "WATCHDOG=1");
  /* Not all at once. */
  g_assert_cmpint (g_get_monotonic_time () - first, >=, 3 * PERIOD_MS * 1000);
  stop (self);
}

static void
test_not_watched (Fixture *self, gconstpointer watchdog)
{
  wait_until_ready (self);
  g_assert_null (receive (self, 5 * PERIOD_MS));
  stop (self);
}

/* Each call is logged, so the main loop blocks when the log's pipe is full. */
static void
send_calls (Fixture *self, GDBusConnection *connection, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GDBusMessage) call = g_dbus_message_new_method_call (
          IOMMUD_DBUS_BUS_NAME, "/org/iommud1/Manager", "org.iommud1.Manager", "FindDevice");

      g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
      g_dbus_message_set_body (call, g_variant_new_parsed ("('no-such-device',)"));
      g_assert_true (g_dbus_connection_send_message (connection, call,
                                                     G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
    }
  g_assert_true (g_dbus_connection_flush_sync (connection, NULL, NULL));
}

static gpointer
read_log (gpointer log)
{
  g_autoptr (GInputStream) stream = log;
  char text[4096];

  while (g_input_stream_read (stream, text, sizeof text, NULL, NULL) > 0)
    continue;
  return NULL;
}

/* The process is there, its other threads too, and the pings are missing. */
static void
test_stuck (Fixture *self, gconstpointer watchdog)
{
  GDBusConnection *connection = bed_connect (self->address);
  g_autofree char *text = NULL;
  GThread *reader;
  guint n_pings = 0;

  wait_until_ready (self);
  send_calls (self, connection, 2000);
  /* Those that came before it was stuck. */
  while ((text = receive (self, 10 * PERIOD_MS)) != NULL)
    {
      g_assert_cmpstr (text, ==, "WATCHDOG=1");
      g_clear_pointer (&text, g_free);
      g_assert_cmpuint (n_pings++, <, 100);
    }
  reader =
      g_thread_new ("log", read_log, g_object_ref (g_subprocess_get_stdout_pipe (self->daemon)));
  expect (self, "WATCHDOG=1");
  stop (self);
  g_thread_join (reader);
  bed_disconnect (connection);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, time, function) g_test_add (path, Fixture, time, set_up, function, tear_down)
  ADD ("/watchdog/pings", WATCHDOG_USEC, test_pings);
  ADD ("/watchdog/not-watched", NULL, test_not_watched);
  ADD ("/watchdog/stuck", WATCHDOG_USEC, test_stuck);
  return g_test_run ();
}
