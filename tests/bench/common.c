/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmarks share: the median of a few rounds, a service of their own, and calls on it.
 */
#include "common.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "bed.h"
#include "daemon.h"
#include "large-host.h"

GVariant *
bench_call (GDBusConnection *connection, const char *path, const char *interface,
            const char *method, GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply =
      g_dbus_connection_call_sync (connection, IOMMUD_DBUS_BUS_NAME, path, interface, method,
                                   arguments, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

char *
bench_call_for_path (GDBusConnection *connection, const char *method, GVariant *arguments)
{
  g_autoptr (GVariant) reply = bench_call (connection, IOMMUD_DBUS_MANAGER_PATH,
                                           IOMMUD_DBUS_MANAGER_INTERFACE, method, arguments);
  char *path = NULL;

  g_variant_get (reply, "(o)", &path);
  return path;
}

/* A service of its own with a host of that size, whose file it watches while it runs. */
GSubprocess *
bench_start_service (const char *address, guint n_devices, char **file)
{
  g_autofree char *xml = large_host_describe (1, n_devices);
  g_autofree char *option = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("iommud-bench-XXXXXX.xml", file, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (*file, xml, -1, &error);
  g_assert_no_error (error);
  option = g_strdup_printf ("--simulate=%s", *file);
  return daemon_start (address, option);
}

void
bench_stop_service (GSubprocess *service, const char *file)
{
  daemon_stop (service);
  g_unlink (file);
}

struct _BenchBare
{
  GSubprocess *process;
  GDataInputStream *answers;
};

BenchBare *
bench_bare_start (const char *workload)
{
  BenchBare *self = g_new0 (BenchBare, 1);
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "tests/bench/bare", NULL);
  const char *const argv[] = { program, workload, NULL };

  self->process = bed_spawn (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, argv);
  self->answers = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  return self;
}

void
bench_bare_stop (BenchBare *self)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
  g_assert_true (g_subprocess_wait_check (self->process, NULL, NULL));
  g_object_unref (self->answers);
  g_object_unref (self->process);
  g_free (self);
}

void
bench_bare_run (gpointer bare, guint n_repetitions, gint64 *time, gint64 *cpu)
{
  BenchBare *self = bare;
  g_autofree char *line = g_strdup_printf ("%u\n", n_repetitions);
  g_autofree char *answer = NULL;

  g_assert_true (g_output_stream_write_all (g_subprocess_get_stdin_pipe (self->process), line,
                                            strlen (line), NULL, NULL, NULL));
  answer = g_data_input_stream_read_line (self->answers, NULL, NULL, NULL);
  g_assert_nonnull (answer);
  g_assert_cmpint (sscanf (answer, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, time, cpu), ==, 2);
}

/* What a call costs that does nothing. */
void
bench_ping (gpointer caller)
{
  g_variant_unref (bench_call (((BenchCaller *) caller)->connection, IOMMUD_DBUS_ROOT_PATH,
                               "org.freedesktop.DBus.Peer", "Ping", NULL));
}

guint64
bench_get_memory (GSubprocess *process)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (process));
  g_autofree char *status = NULL;
  const char *line = NULL;

  if (g_file_get_contents (path, &status, NULL, NULL))
    line = strstr (status, "VmRSS:");
  return line == NULL ? 0 : g_ascii_strtoull (line + strlen ("VmRSS:"), NULL, 10);
}

GSubprocess *
bench_start_peer (const char *address, const char *kind, const char *name)
{
  g_autofree char *program = g_test_build_filename (G_TEST_BUILT, "tests/bench/peer", NULL);
  const char *const argv[] = { program, address, kind, name, NULL };
  GSubprocess *peer = bed_spawn (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, argv);

  daemon_wait_for (address, name);
  return peer;
}

void
bench_stop_peer (GSubprocess *peer)
{
  g_subprocess_force_exit (peer);
  g_subprocess_wait (peer, NULL, NULL);
  g_object_unref (peer);
}
