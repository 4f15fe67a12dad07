/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the benchmarks share: the median of a few rounds, a service of their own, and calls on it.
 */
#include "common.h"

#include <glib/gstdio.h>

#include "bed.h"
#include "daemon.h"
#include "large-host.h"

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a;
  const gint64 *second = b;

  return (*first > *second) - (*first < *second);
}

/* The median of some rounds, in microseconds for one repetition. */
double
bench_measure (void (*function) (gpointer), gpointer user_data, guint n_repetitions)
{
  gint64 times[BENCH_ROUNDS];

  for (guint round = 0; round < BENCH_ROUNDS; round++)
    {
      gint64 start = g_get_monotonic_time ();

      for (guint i = 0; i < n_repetitions; i++)
        function (user_data);
      times[round] = g_get_monotonic_time () - start;
    }
  qsort (times, BENCH_ROUNDS, sizeof times[0], compare_times);
  return (double) times[BENCH_ROUNDS / 2] / n_repetitions;
}

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
