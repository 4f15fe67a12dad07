/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program under a service manager that keeps files, and under one that does not. Its simulated
 * kernel ends with it, so what it is given afterwards is of no use, and it says so. */
#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "bed.h"
#include "daemon.h"
#include "manager.h"

typedef struct
{
  GSubprocess *bus;
  char *address;
  GDBusConnection *client;
  Manager *manager;
  char *folder;
  char *output; /* the file that has what the program says */
  GSubprocess *daemon;
} Fixture;

static void
set_up (Fixture *self, gconstpointer fdstore)
{
  g_autoptr (GError) error = NULL;

  self->bus = bed_start_bus (&self->address);
  self->client = bed_connect (self->address);
  self->manager = manager_new ();
  self->folder = g_dir_make_tmp ("iommud-restart-XXXXXX", &error);
  g_assert_no_error (error);
  self->output = g_build_filename (self->folder, "output", NULL);
  g_setenv ("NOTIFY_SOCKET", self->manager->address, TRUE);
  if (fdstore != NULL)
    g_setenv ("FDSTORE", fdstore, TRUE);
  else
    g_unsetenv ("FDSTORE");
}

static void
tear_down (Fixture *self, gconstpointer fdstore)
{
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);

  g_unlink (state);
  g_unlink (self->output);
  g_free (self->output);
  g_rmdir (self->folder);
  g_free (self->folder);
  manager_free (self->manager);
  bed_disconnect (self->client);
  bed_stop_bus (self->bus);
  g_free (self->address);
}

/* The process gets a shell's number before it is known, so the shell says whom the files are for.
 */
static void
start (Fixture *self)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "iommud", NULL);
  g_autofree char *address = g_strdup_printf ("--address=%s", self->address);
  g_autofree char *folder = g_strdup_printf ("--state-dir=%s", self->folder);
  g_autofree char *n_files = g_strdup_printf ("%u", self->manager->kept->len);
  g_auto (GStrv) names = NULL;
  g_autofree int *fds = manager_give (self->manager, &names);
  g_autofree char *joined = g_strjoinv (":", names);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; names[i] != NULL; i++)
    g_subprocess_launcher_take_fd (launcher, fds[i], 3 + (int) i);
  g_subprocess_launcher_set_stdout_file_path (launcher, self->output);
  g_subprocess_launcher_setenv (launcher, "LISTEN_FDS", n_files, TRUE);
  g_subprocess_launcher_setenv (launcher, "LISTEN_FDNAMES", joined, TRUE);
  self->daemon = g_subprocess_launcher_spawn (launcher, &error, "/bin/sh", "-c",
                                              "LISTEN_PID=$$ exec \"$@\" 2>&1", "sh", program,
                                              address, "--simulate", folder, NULL);
  g_assert_no_error (error);
}

static void
on_created (GObject *connection, GAsyncResult *result, gpointer done)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  g_assert_no_error (error);
  *(gboolean *) done = TRUE;
}

/* The manager listens in this main loop. */
static void
create (Fixture *self)
{
  gboolean done = FALSE;

  daemon_wait_for_name (self->address);
  g_dbus_connection_call (self->client, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_MANAGER_PATH,
                          "org.iommud1.Manager", "CreateContainer",
                          g_variant_new_parsed ("({'name': <'vm1'>},)"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_created, &done);
  bed_wait (&done);
}

static void
on_ended (GObject *daemon, GAsyncResult *result, gpointer done)
{
  g_subprocess_wait_finish (G_SUBPROCESS (daemon), result, NULL);
  *(gboolean *) done = TRUE;
}

static int
wait_for_end (Fixture *self)
{
  g_autoptr (GSubprocess) daemon = g_steal_pointer (&self->daemon);
  gboolean done = FALSE;

  g_subprocess_wait_async (daemon, NULL, on_ended, &done);
  bed_wait (&done);
  g_assert_true (g_subprocess_get_if_exited (daemon));
  return g_subprocess_get_exit_status (daemon);
}

static void
stop (Fixture *self)
{
  g_subprocess_send_signal (self->daemon, SIGTERM);
  g_assert_cmpint (wait_for_end (self), ==, 0);
}

static char *
read_output (Fixture *self)
{
  char *output = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (self->output, &output, NULL, &error);
  g_assert_no_error (error);
  return output;
}

static void
test_kept (Fixture *self, gconstpointer fdstore)
{
  g_autofree char *output = NULL;

  start (self);
  create (self);
  stop (self);
  g_assert_cmpuint (self->manager->kept->len, ==, 1);
  start (self);
  daemon_wait_for_name (self->address);
  stop (self);
  output = read_output (self);
  g_assert_nonnull (strstr (output, "is no iommufd"));
  g_assert_nonnull (strstr (output, "goes on with 0 containers"));
  g_assert_cmpuint (self->manager->kept->len, ==, 0);
  g_assert_nonnull (strstr (self->manager->log->str, "READY=1\n"));
  g_assert_nonnull (strstr (self->manager->log->str, "STOPPING=1\n"));
}

static void
test_killed (Fixture *self, gconstpointer fdstore)
{
  start (self);
  create (self);
  g_subprocess_force_exit (self->daemon);
  g_subprocess_wait (self->daemon, NULL, NULL);
  g_clear_object (&self->daemon);
  g_assert_cmpuint (self->manager->kept->len, ==, 1);
}

/* The manager says that it keeps nothing. */
static void
test_not_kept (Fixture *self, gconstpointer fdstore)
{
  start (self);
  create (self);
  stop (self);
  g_assert_cmpuint (self->manager->kept->len, ==, 0);
  g_assert_cmpuint (self->manager->n_barriers, ==, 0);
}

/* The folder is another's: the program does not start, and says why. */
static void
test_folder (Fixture *self, gconstpointer fdstore)
{
  g_autofree char *output = NULL;

  g_assert_cmpint (chmod (self->folder, 0777), ==, 0);
  start (self);
  g_assert_cmpint (wait_for_end (self), ==, 1);
  output = read_output (self);
  g_assert_nonnull (strstr (output, "no other user may write to it"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/restart-program/kept", Fixture, NULL, set_up, test_kept, tear_down);
  g_test_add ("/restart-program/killed", Fixture, NULL, set_up, test_killed, tear_down);
  g_test_add ("/restart-program/not-kept", Fixture, "0", set_up, test_not_kept, tear_down);
  g_test_add ("/restart-program/folder", Fixture, NULL, set_up, test_folder, tear_down);
  return g_test_run ();
}
