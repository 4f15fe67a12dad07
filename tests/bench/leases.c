/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it costs to lease four devices, compared with opening the same files and one call that the
 * service answers at once; and how long the end of a lease with 64 devices takes, and makes others
 * wait. */
#include <gio/gunixfdlist.h>
#include <stdio.h>

#include "bed.h"
#include "common.h"

#define LEASES 100
#define N_DEVICES 4
#define MANY_DEVICES 64

typedef struct
{
  GDBusConnection *connection;
  char *lease;
  GUnixFDList *files;
  GVariant *devices;
} Client;

static GVariant *
list_devices (GDBusConnection *connection, guint n_devices)
{
  GVariantBuilder paths;

  g_variant_builder_init (&paths, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  for (guint i = 0; i < n_devices; i++)
    {
      g_autofree char *name = g_strdup_printf ("0000:%02x:%02x.0", i / 32, i % 32);
      g_autofree char *path =
          bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", name));

      g_variant_builder_add (&paths, "o", path);
    }
  return g_variant_ref_sink (g_variant_builder_end (&paths));
}

static void
lease_devices (gpointer user_data)
{
  Client *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_sync (
      self->connection, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_MANAGER_PATH,
      IOMMUD_DBUS_MANAGER_INTERFACE, "LeaseDevices",
      g_variant_new_parsed ("(%@ao, {'accounting': <'user'>})", self->devices), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, &self->files, NULL, &error);

  g_assert_no_error (error);
  g_variant_get_child (reply, 0, "o", &self->lease);
}

static gboolean
is_there (GDBusConnection *connection, const char *lease)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, IOMMUD_DBUS_BUS_NAME, lease, "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", IOMMUD_DBUS_LEASE_INTERFACE, "State"), NULL, G_DBUS_CALL_FLAGS_NONE,
      -1, NULL, NULL);

  return reply != NULL;
}

/* Until all is free again. */
static void
end_lease (gpointer user_data)
{
  Client *self = user_data;

  g_clear_object (&self->files);
  while (self->lease != NULL && is_there (self->connection, self->lease))
    g_usleep (1000);
  g_clear_pointer (&self->lease, g_free);
}

static void
find_device (gpointer user_data)
{
  const Client *self = user_data;

  g_free (
      bench_call_for_path (self->connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0")));
}

static void
compare (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, N_DEVICES, &file);
  Client client = { .connection = connection, .devices = list_devices (connection, N_DEVICES) };
  BenchBare *bare = bench_bare_start ("lease");
  Measurement sides[] = {
    { .run = bench_bare_run, .user_data = bare },
    { .function = find_device, .user_data = &client, .process = service },
    { .function = lease_devices, .user_data = &client, .prepare = end_lease, .process = service },
  };
  Measurement sum = { 0 };

  measure_side_by_side (sides, G_N_ELEMENTS (sides), LEASES);
  sum.time = sides[0].time + sides[1].time;
  sum.cpu = sides[0].cpu + sides[1].cpu;
  printf ("LeaseDevices of %d devices (median of %d x %d; CPU time of the service)\n", N_DEVICES,
          MEASURE_ROUNDS, LEASES);
  measure_print ("the same opens, and FindDevice", &sum, NULL);
  measure_print ("LeaseDevices", &sides[2], &sum);
  end_lease (&client);
  bench_bare_stop (bare);
  g_variant_unref (client.devices);
  bench_stop_service (service, file);
}

/* The files of 64 devices do not fit into one message. */
static void
open_devices (Client *self, const char *const *paths)
{
  for (; *paths != NULL; paths++)
    {
      g_autoptr (GUnixFDList) files = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_sync (
          self->connection, IOMMUD_DBUS_BUS_NAME, self->lease, IOMMUD_DBUS_LEASE_INTERFACE,
          "OpenDevice", bed_device_arguments (*paths, NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
          &files, NULL, &error);

      g_assert_no_error (error);
    }
}

static void
end_large_lease (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, MANY_DEVICES, &file);
  Client client = { .connection = connection, .devices = list_devices (connection, 1) };
  g_autoptr (GVariant) all = list_devices (connection, MANY_DEVICES);
  g_autofree const char **paths = g_variant_get_objv (all, NULL);
  gint64 longest = 0;
  gint64 start;

  lease_devices (&client);
  open_devices (&client, paths + 1);
  start = g_get_monotonic_time ();
  g_clear_object (&client.files);
  for (gboolean there = TRUE; there;)
    {
      gint64 before = g_get_monotonic_time ();

      find_device (&client);
      longest = MAX (longest, g_get_monotonic_time () - before);
      there = is_there (connection, client.lease);
    }
  printf ("The end of a lease with %d devices: %.1f ms; longest call of another: %.1f ms\n\n",
          MANY_DEVICES, (double) (g_get_monotonic_time () - start) / 1000, (double) longest / 1000);
  g_free (client.lease);
  g_variant_unref (client.devices);
  bench_stop_service (service, file);
}

void
bench_leases (const char *address, GDBusConnection *connection)
{
  compare (address, connection);
  end_large_lease (address, connection);
}
