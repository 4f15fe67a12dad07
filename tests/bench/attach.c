/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an attach and a detach cost: in the library compared with the bare ioctls, and over the bus
 * compared with two calls that the service answers at once. */
#include <stdio.h>

#include "bed.h"
#include "common.h"

#define PAIRS 200
#define SMALL_HOST 10

static void
attach_and_detach_over_bus (gpointer user_data)
{
  const BenchCaller *caller = user_data;

  g_variant_unref (bench_call (caller->connection, caller->container,
                               IOMMUD_DBUS_CONTAINER_INTERFACE, "AttachDevice",
                               bed_device_arguments (caller->device, NULL)));
  g_variant_unref (bench_call (caller->connection, caller->device, IOMMUD_DBUS_DEVICE_INTERFACE,
                               "Detach", bed_options (NULL)));
}

static void
find_twice (gpointer user_data)
{
  const BenchCaller *caller = user_data;

  for (guint i = 0; i < 2; i++)
    g_free (bench_call_for_path (caller->connection, "FindDevice",
                                 g_variant_new ("(s)", "0000:00:00.0")));
}

void
bench_attach (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, SMALL_HOST, &file);
  g_autofree char *container =
      bench_call_for_path (connection, "CreateContainer", bed_options (NULL));
  g_autofree char *device =
      bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0"));
  BenchCaller caller = { connection, container, device };
  BenchBare *bare = bench_bare_start ("attach");
  BenchBare *library = bench_bare_start ("attach-library");
  Measurement in_process[] = {
    { .run = bench_bare_run, .user_data = bare },
    { .run = bench_bare_run, .user_data = library },
  };
  Measurement sides[] = {
    { .function = find_twice, .user_data = &caller, .process = service },
    { .function = attach_and_detach_over_bus, .user_data = &caller, .process = service }
  };

  measure_side_by_side (in_process, G_N_ELEMENTS (in_process), PAIRS);
  measure_side_by_side (sides, G_N_ELEMENTS (sides), PAIRS);
  bench_bare_stop (bare);
  bench_bare_stop (library);
  bench_stop_service (service, file);
  printf ("AttachDevice and Detach, with a HWPT made and freed each time (median of %d x %d; CPU "
          "time of the service)\n",
          MEASURE_ROUNDS, PAIRS);
  measure_print ("the bare ioctls", &in_process[0], NULL);
  measure_print ("in the library", &in_process[1], &in_process[0]);
  measure_print ("FindDevice twice", &sides[0], NULL);
  measure_print ("AttachDevice and Detach", &sides[1], &sides[0]);
  printf ("\n");
}
