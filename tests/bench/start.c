/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long the service takes until it owns its name, on a machine with thousands of devices,
 * compared with a program that does nothing but walk over them with libudev and look each up in the
 * hardware database. */
#include <libudev.h>
#include <stdio.h>
#include <string.h>

#include "bed.h"
#include "daemon.h"
#include "machine.h"
#include "measure.h"

#define N_DEVICES 4096

typedef struct
{
  const char *program;
  const char *address;
  GSubprocess *service;
} Start;

static void
look_up (struct udev_hwdb *hwdb, struct udev_device *device)
{
  const char *modalias = udev_device_get_property_value (device, "MODALIAS");

  udev_device_get_driver (device);
  udev_device_get_sysattr_value (device, "iommu_group");
  udev_device_get_sysattr_value (device, "vendor");
  udev_device_get_sysattr_value (device, "device");
  udev_device_get_sysattr_value (device, "numa_node");
  if (modalias != NULL)
    udev_hwdb_get_properties_list_entry (hwdb, modalias, 0);
}

/* What any program has to do that lists the devices with their names. */
static int
walk (void)
{
  struct udev *udev = udev_new ();
  struct udev_hwdb *hwdb = udev_hwdb_new (udev);
  struct udev_enumerate *all = udev_enumerate_new (udev);
  struct udev_list_entry *entry;
  guint n_devices = 0;

  udev_enumerate_add_match_subsystem (all, "vfio-dev");
  udev_enumerate_scan_devices (all);
  udev_list_entry_foreach (entry, udev_enumerate_get_list_entry (all))
  {
    struct udev_device *device =
        udev_device_new_from_syspath (udev, udev_list_entry_get_name (entry));

    look_up (hwdb, udev_device_get_parent (device));
    udev_device_unref (device);
    n_devices++;
  }
  udev_enumerate_unref (all);
  udev_hwdb_unref (hwdb);
  udev_unref (udev);
  return n_devices == N_DEVICES ? 0 : 1;
}

static void
start_walk (gpointer user_data)
{
  const Start *self = user_data;
  const char *const argv[] = { self->program, "walk", NULL };
  GSubprocess *process = bed_spawn (G_SUBPROCESS_FLAGS_NONE, argv);

  g_assert_true (g_subprocess_wait_check (process, NULL, NULL));
  g_object_unref (process);
}

static void
stop_service (gpointer user_data)
{
  Start *self = user_data;

  g_clear_pointer (&self->service, daemon_stop);
}

static void
start_service (gpointer user_data)
{
  Start *self = user_data;

  self->service = daemon_start (self->address, NULL);
}

static void
compare (const char *program)
{
  g_autoptr (Machine) machine = machine_new ();
  g_autofree char *address = NULL;
  GSubprocess *bus = bed_start_bus (&address);
  Start start = { program, address, NULL };
  Measurement sides[] = {
    { .function = start_walk, .user_data = &start },
    { .function = start_service, .user_data = &start, .prepare = stop_service },
  };

  machine_add_many (machine, N_DEVICES);
  measure_side_by_side (sides, G_N_ELEMENTS (sides), 1);
  stop_service (&start);
  printf ("Start on a machine of %u devices (median of %d)\n", N_DEVICES, MEASURE_ROUNDS);
  printf ("  walk with libudev                   %10.1f ms\n", sides[0].time / 1000);
  printf ("  until the service owns its name     %10.1f ms   ratio %5.2f\n\n", sides[1].time / 1000,
          sides[1].time / sides[0].time);
  bed_stop_bus (bus);
}

int
main (int argc, char **argv)
{
  const char *cause = NULL;

  if (argc == 2 && strcmp (argv[1], "walk") == 0)
    return walk ();
  cause = machine_enter (argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_default_handler (g_log_default_handler, NULL);
  if (cause == NULL)
    compare ("/proc/self/exe");
  else
    printf ("Start on a large machine is not measured: %s\n\n", cause);
  return 0;
}
