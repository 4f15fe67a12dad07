/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What large hosts cost: GetManagedObjects, and the memory of the service. */
#include <stdio.h>

#include "bed.h"
#include "common.h"

#define LISTINGS 5

static const guint host_sizes[] = { 10, 1000, 10000 };

static guint64
get_memory_kib (GSubprocess *service)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (service));
  g_autofree char *status = NULL;
  const char *line = NULL;

  if (g_file_get_contents (path, &status, NULL, NULL))
    line = strstr (status, "VmRSS:");
  return line == NULL ? 0 : g_ascii_strtoull (line + strlen ("VmRSS:"), NULL, 10);
}

static void
get_managed_objects (gpointer user_data)
{
  const BenchCaller *caller = user_data;

  g_variant_unref (bench_call (caller->connection, IOMMUD_DBUS_ROOT_PATH,
                               "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL));
}

static gsize
get_reply_size (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply =
      bench_call (connection, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                  "GetManagedObjects", NULL);

  return g_variant_get_size (reply);
}

static void
list_host (const char *address, GDBusConnection *connection, guint n_devices)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, n_devices, &file);
  BenchCaller caller = { connection, NULL, NULL };
  guint64 before = get_memory_kib (service);
  double time = measure_median (get_managed_objects, &caller, n_devices > 1000 ? 1 : LISTINGS);
  gsize size = get_reply_size (connection);
  guint64 after = get_memory_kib (service);

  bench_stop_service (service, file);
  printf ("  %7u %12.1f ms %10.1f us %10.1f KiB %10.1f MiB %10.1f MiB\n", n_devices, time / 1000,
          time / n_devices, (double) size / 1024, (double) before / 1024, (double) after / 1024);
}

void
bench_listing (const char *address, GDBusConnection *connection)
{
  printf ("GetManagedObjects (median of %d), and the memory of the whole service\n",
          MEASURE_ROUNDS);
  printf ("  devices            time    per device         reply      at start       after\n");
  for (gsize i = 0; i < G_N_ELEMENTS (host_sizes); i++)
    list_host (address, connection, host_sizes[i]);
  printf ("\n");
}
