/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What AttachDevice and Detach cost over the bus, compared with two calls that the service answers
 * at once, and with the same operations in the library. */
#include <iommud.h>
#include <stdio.h>

#include "bed.h"
#include "common.h"
#include "calls.h"
#include "large-host.h"

#define PAIRS 200
#define SMALL_HOST 10

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
} LibraryUser;

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

static void
attach_and_detach_in_library (gpointer user_data)
{
  const LibraryUser *user = user_data;
  g_autoptr (GError) error = NULL;

  call_attach_device (user->container, user->device, IOMMUD_ATTACH_MODE_AUTO,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_no_error (error);
  iommud_device_detach (user->device, NULL, &error);
  g_assert_no_error (error);
}

static double
measure_library (void)
{
  g_autofree char *xml = large_host_describe (1, SMALL_HOST);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudContainer) container = NULL;
  LibraryUser user = { NULL, NULL };
  double time = 0;

  g_assert_no_error (error);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  container = iommud_host_create_container (host, options, NULL, &error);
  g_assert_no_error (error);
  user.container = container;
  user.device = iommud_host_find_device (host, "0000:00:00.0", &error);
  g_assert_no_error (error);
  time = measure_median (attach_and_detach_in_library, &user, PAIRS);
  iommud_container_free (container, FALSE, NULL, &error);
  g_assert_no_error (error);
  return time;
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
  Measurement sides[] = {
    { .function = find_twice, .user_data = &caller, .process = service },
    { .function = attach_and_detach_over_bus, .user_data = &caller, .process = service }
  };
  double library = measure_library ();

  measure_side_by_side (sides, G_N_ELEMENTS (sides), PAIRS);
  bench_stop_service (service, file);
  printf ("AttachDevice and Detach, with a HWPT made and freed each time (median of %d x %d; CPU "
          "time of the service)\n",
          MEASURE_ROUNDS, PAIRS);
  measure_print ("FindDevice twice", &sides[0], NULL);
  measure_print ("AttachDevice and Detach", &sides[1], &sides[0]);
  printf ("  in the library, no bus        %8.1f us   ratio %5.2f\n\n", library,
          sides[1].time / library);
}
