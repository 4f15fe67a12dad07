/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program itself, started by a test on a private bus, and stopped as an administrator does. */
#include "daemon.h"

#include <signal.h>

#include "bed.h"

/* @arguments: without the program's own name. */
GSubprocess *
daemon_spawn (GSubprocessFlags flags, const char *const *arguments)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "iommud", NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();

  g_ptr_array_add (argv, program);
  for (gsize i = 0; arguments[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) arguments[i]);
  g_ptr_array_add (argv, NULL);
  return bed_spawn (flags, (const char *const *) argv->pdata);
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

/* Returns when someone on the bus has the name. */
void
daemon_wait_for (const char *address, const char *name)
{
  GDBusConnection *connection = bed_connect (address);
  gboolean appeared = FALSE;
  guint watch = g_bus_watch_name_on_connection (connection, name, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                on_appeared, NULL, &appeared, NULL);

  bed_wait (&appeared);
  g_bus_unwatch_name (watch);
  bed_disconnect (connection);
}

void
daemon_wait_for_name (const char *address)
{
  daemon_wait_for (address, IOMMUD_DBUS_BUS_NAME);
}

/* @backend: an option, such as "--simulate"; NULL for the kernel. Returns when it serves. */
GSubprocess *
daemon_start (const char *address, const char *backend)
{
  g_autofree char *option = g_strdup_printf ("--address=%s", address);
  const char *const arguments[] = { option, backend, NULL };
  GSubprocess *daemon = daemon_spawn (G_SUBPROCESS_FLAGS_NONE, arguments);

  daemon_wait_for_name (address);
  return daemon;
}

void
daemon_stop (GSubprocess *daemon)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_send_signal (daemon, SIGTERM);
  g_subprocess_wait (daemon, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (daemon));
  g_assert_cmpint (g_subprocess_get_exit_status (daemon), ==, 0);
  g_object_unref (daemon);
}
