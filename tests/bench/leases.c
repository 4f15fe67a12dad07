/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it costs to lease four devices, compared with opening the same files and one call that the
 * service answers at once; and how long the end of a lease with 64 devices takes, and makes others
 * wait. Beside it, what a call costs that is answered with as many files and as long a text by a
 * service that does nothing else, and that also sends the signals that tell others of it. */
#include <stdio.h>

#include "bed.h"
#include "common.h"
#include "lease-client.h"

#define LEASES 100
#define N_DEVICES 4
#define MANY_DEVICES 64

static void
find_device (gpointer user_data)
{
  GDBusConnection *connection = user_data;

  g_free (bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0")));
}

/* A service that does nothing else. */
typedef struct
{
  GSubprocess *process;
  LeaseClient client;
} Peer;

static void
peer_start (Peer *self, const char *address, GDBusConnection *connection, const char *kind,
            const char *name)
{
  self->process = bench_start_peer (address, kind, name);
  lease_client_init (&self->client, connection, name, N_DEVICES);
}

static void
peer_stop (Peer *self)
{
  lease_client_clear (&self->client);
  bench_stop_peer (self->process);
}

static Measurement
lease_from_peer (Peer *peer)
{
  return (Measurement){ .function = lease_client_lease,
                        .user_data = &peer->client,
                        .prepare = lease_client_forget,
                        .process = peer->process };
}

static Measurement
add (const Measurement *opens, const Measurement *call)
{
  return (Measurement){ .time = opens->time + call->time, .cpu = opens->cpu + call->cpu };
}

static void
measure_leases (GDBusConnection *connection, GSubprocess *service, LeaseClient *client,
                Peer *with_files, Peer *with_signals)
{
  BenchBare *bare = bench_bare_start ("lease");
  Measurement sides[] = {
    { .run = bench_bare_run, .user_data = bare },
    { .function = find_device, .user_data = connection, .process = service },
    lease_from_peer (with_files),
    lease_from_peer (with_signals),
    { .function = lease_client_lease,
      .user_data = client,
      .prepare = lease_client_end,
      .process = service },
  };
  Measurement sums[3];

  measure_side_by_side (sides, G_N_ELEMENTS (sides), LEASES);
  for (gsize i = 0; i < G_N_ELEMENTS (sums); i++)
    sums[i] = add (&sides[0], &sides[1 + i]);
  printf ("LeaseDevices of %d devices (median of %d x %d; CPU time of the service)\n", N_DEVICES,
          MEASURE_ROUNDS, LEASES);
  measure_print ("the same opens, and FindDevice", &sums[0], NULL);
  measure_print ("the same opens, and the files sent", &sums[1], &sums[0]);
  measure_print ("... and the signals, too", &sums[2], &sums[0]);
  measure_print ("LeaseDevices", &sides[4], &sums[0]);
  bench_bare_stop (bare);
}

static void
compare (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, N_DEVICES, &file);
  LeaseClient client;
  Peer with_files;
  Peer with_signals;

  peer_start (&with_files, address, connection, "leased", "org.iommud1.Leased");
  peer_start (&with_signals, address, connection, "leased-and-told", "org.iommud1.Told");
  lease_client_init (&client, connection, IOMMUD_DBUS_BUS_NAME, N_DEVICES);
  measure_leases (connection, service, &client, &with_files, &with_signals);
  lease_client_end (&client);
  lease_client_clear (&client);
  peer_stop (&with_signals);
  peer_stop (&with_files);
  bench_stop_service (service, file);
}

/* The files of 64 devices do not fit into one message. */
static void
open_devices (const LeaseClient *self, const char *const *paths)
{
  for (; *paths != NULL; paths++)
    {
      g_autoptr (GUnixFDList) files = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_sync (
          self->connection, IOMMUD_DBUS_BUS_NAME, lease_client_get_lease (self),
          IOMMUD_DBUS_LEASE_INTERFACE, "OpenDevice", bed_device_arguments (*paths, NULL), NULL,
          G_DBUS_CALL_FLAGS_NONE, -1, NULL, &files, NULL, &error);

      g_assert_no_error (error);
    }
}

static void
end_large_lease (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, MANY_DEVICES, &file);
  g_autoptr (GVariant) all = lease_client_list_devices (connection, MANY_DEVICES);
  g_autofree const char **paths = g_variant_get_objv (all, NULL);
  gint64 longest = 0;
  LeaseClient client;
  gint64 start;

  lease_client_init (&client, connection, IOMMUD_DBUS_BUS_NAME, 1);
  lease_client_lease (&client);
  open_devices (&client, paths + 1);
  start = g_get_monotonic_time ();
  g_clear_object (&client.files);
  for (gboolean there = TRUE; there;)
    {
      gint64 before = g_get_monotonic_time ();

      find_device (connection);
      longest = MAX (longest, g_get_monotonic_time () - before);
      there = lease_client_is_there (&client);
    }
  printf ("The end of a lease with %d devices: %.1f ms; longest call of another: %.1f ms\n\n",
          MANY_DEVICES, (double) (g_get_monotonic_time () - start) / 1000, (double) longest / 1000);
  lease_client_clear (&client);
  bench_stop_service (service, file);
}

void
bench_leases (const char *address, GDBusConnection *connection)
{
  compare (address, connection);
  end_large_lease (address, connection);
}
