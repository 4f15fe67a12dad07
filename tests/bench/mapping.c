/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What MapFile costs over the bus, compared with the bare ioctls and with a call that does
 * nothing. */
#include <gio/gunixfdlist.h>
#include <stdio.h>

#include "bed.h"
#include "common.h"
#include "workload.h"

#define N_DEVICES 10

typedef struct
{
  BenchCaller caller;
  GUnixFDList *files;
  guint n_mapped;
} MapUser;

static void
map_one (gpointer user_data)
{
  MapUser *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = g_dbus_connection_call_with_unix_fd_list_sync (
      self->caller.connection, IOMMUD_DBUS_BUS_NAME, self->caller.container,
      IOMMUD_DBUS_MEMORY_INTERFACE, "MapFile",
      g_variant_new ("(httta{sv})", 0, G_GUINT64_CONSTANT (0), WORKLOAD_MAP_LENGTH,
                     workload_get_iova (self->n_mapped++), NULL),
      G_VARIANT_TYPE ("(t)"), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->files, NULL, NULL, &error);

  g_assert_no_error (error);
}

/* The null call: it is authorised, queued, worked on and answered as any that changes something,
 * and finds nothing to do. */
static void
unmap_nothing (gpointer user_data)
{
  const BenchCaller *caller = user_data;

  g_variant_unref (bench_call (caller->connection, caller->container, IOMMUD_DBUS_MEMORY_INTERFACE,
                               "UnmapAll", bed_options (NULL)));
}

/* One that the service answers at once. */
static void
find_device (gpointer user_data)
{
  g_autofree char *path = bench_call_for_path (((BenchCaller *) user_data)->connection,
                                               "FindDevice", g_variant_new ("(s)", "0000:00:00.0"));

  g_assert_nonnull (path);
}

static void
print_beside (const char *null_call, double bus, double without_us)
{
  printf ("  %-29s %8.1f us   ratio %5.2f\n", null_call, without_us, bus / without_us);
}

static int
append_file (GUnixFDList *files, int file)
{
  g_autoptr (GError) error = NULL;
  int index = g_unix_fd_list_append (files, file, &error);

  g_assert_no_error (error);
  return index;
}

void
bench_mapping (const char *address, GDBusConnection *connection)
{
  g_autofree char *description = NULL;
  GSubprocess *service = bench_start_service (address, N_DEVICES, &description);
  g_autofree char *container =
      bench_call_for_path (connection, "CreateContainer", bed_options (NULL));
  g_autofree char *empty = bench_call_for_path (connection, "CreateContainer", bed_options (NULL));
  g_autofree char *device =
      bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0"));
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  MapUser user = { { connection, container, device }, files, 0 };
  BenchCaller null_user = { connection, empty, device };
  BenchBare *bare = bench_bare_start ("map");
  Measurement sides[] = { { .function = map_one, .user_data = &user },
                          { .function = unmap_nothing, .user_data = &null_user },
                          { .function = find_device, .user_data = &user.caller },
                          { .function = bench_ping, .user_data = &user.caller },
                          { .run = bench_bare_run, .user_data = bare } };

  g_assert_cmpint (append_file (files, workload_make_file (WORKLOAD_MAP_LENGTH)), ==, 0);
  g_variant_unref (bench_call (connection, container, IOMMUD_DBUS_CONTAINER_INTERFACE,
                               "AttachDevice", bed_device_arguments (device, NULL)));
  measure_side_by_side (sides, G_N_ELEMENTS (sides), WORKLOAD_MAPS);
  bench_bare_stop (bare);
  bench_stop_service (service, description);
  printf ("MapFile of 1 GiB with a device attached (median of %d x %d)\n", MEASURE_ROUNDS,
          WORKLOAD_MAPS);
  printf ("  over the bus                  %8.1f us\n", sides[0].time);
  printf ("  mmap, IOAS_MAP, no bus        %8.1f us\n", sides[4].time);
  print_beside ("the same and UnmapAll", sides[0].time, sides[4].time + sides[1].time);
  print_beside ("the same and FindDevice", sides[0].time, sides[4].time + sides[2].time);
  /* The D-Bus library answers it before the service hears of it. */
  print_beside ("the same and Peer.Ping", sides[0].time, sides[4].time + sides[3].time);
  printf ("\n");
}
