/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reserved regions in the simulated kernel: when a replace loses them, and that a large number of
 * them costs little. */
#include "config.h"

#include "simulator-machine.h"

#include <errno.h>
#include <sys/resource.h>

#define PAGE 4096u
#define TIB (G_GUINT64_CONSTANT (1) << 40)

static void
reserve_msi (IommudSimulatedDevice *device)
{
  simulator_machine_reserve (device, 0xfee00000, 0xfeefffff, IOMMUD_SIMULATED_RESERVED_MSI);
}

static void
assert_ranges (SimulatorMachine *machine, const char *expected)
{
  g_autofree char *ranges = simulator_get_ranges (&machine->simulator, machine->fd, machine->ioas);

  g_assert_cmpstr (ranges, ==, expected);
}

static guint32
alloc_plain (SimulatorMachine *machine, guint32 ioas)
{
  guint32 id;

  g_assert_cmpint (
      simulator_hwpt_alloc (&machine->simulator, machine->fd, 0, machine->device, ioas, &id), ==,
      0);
  return id;
}

/* An attach that fails reserves nothing. */
static void
test_failed_attach (void)
{
  SimulatorMachine machine;
  guint32 table;

  simulator_machine_start (&machine, reserve_msi);
  table = alloc_plain (&machine, machine.ioas);
  iommud_simulated_kernel_fail_driver (machine.simulator.kernel, "d0", "attach", ENOMEM, 1);
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, ENOMEM);
  assert_ranges (&machine, "0-ffffffffffff");
  simulator_machine_stop (&machine);
}

/* A replace that fails within one IOAS keeps the translation and loses the reserved regions. */
static void
test_lost_regions (void)
{
  const char *whole = "0-fedfffff fef00000-ffffffffffff";
  SimulatorMachine machine;
  guint32 first, second, table;

  simulator_machine_start (&machine, reserve_msi);
  first = alloc_plain (&machine, machine.ioas);
  second = alloc_plain (&machine, machine.ioas);
  table = first;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, 0);
  assert_ranges (&machine, whole);
  table = second;
  g_assert_cmpint (
      iommud_simulated_kernel_fail_driver (machine.simulator.kernel, "d0", "attach", ENOMEM, 1), ==,
      0);
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, ENOMEM);
  assert_ranges (&machine, "0-ffffffffffff");
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, first), ==, EBUSY);
  /* Repaired by a detach and an attach. */
  g_assert_cmpint (simulator_detach (&machine.simulator, machine.cdev), ==, 0);
  table = first;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, 0);
  assert_ranges (&machine, whole);
  simulator_machine_stop (&machine);
}

/* The same by an attach to the IOAS that succeeds, after one of the kernel's own HWPTs refused. */
static void
test_lost_regions_kernel (void)
{
  SimulatorMachine machine;
  guint32 device, table;
  int other;

  simulator_machine_start (&machine, reserve_msi);
  simulator_add_iommu (&machine.simulator, "dmar1");
  simulator_add_device (&machine.simulator, "d1", "dmar1", -1, reserve_msi);
  other = simulator_open_cdev (&machine.simulator, "d1");
  g_assert_cmpint (simulator_bind (&machine.simulator, other, machine.fd, &device), ==, 0);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, 0);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, other, &table), ==, 0);
  g_assert_cmpint (simulator_detach (&machine.simulator, machine.cdev), ==, 0);
  assert_ranges (&machine, "0-fedfffff fef00000-ffffffffffff");
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, 0);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, 0);
  simulator_close (&machine.simulator, other);
  assert_ranges (&machine, "0-ffffffffffff");
  simulator_machine_stop (&machine);
}

/* As many devices as this process may have files for, two each; at most @wanted. */
static guint
limit_devices (guint wanted)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  return (guint) MIN (wanted, (limit.rlim_cur - MIN (limit.rlim_cur, 100)) / 2);
}

/* Many devices behind two IOMMUs, all attached to one IOAS: each call must cost about the
 * same as the first, or this takes minutes. */
static void
test_many_devices (void)
{
  const guint n = limit_devices (g_test_slow () ? 10000 : 1000);
  SimulatorMachine machine;
  g_autofree int *cdevs = g_new (int, n);
  guint32 device, table;

  simulator_machine_start (&machine, reserve_msi);
  simulator_add_iommu (&machine.simulator, "dmar1");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("many%u", i);

      simulator_add_device (&machine.simulator, name, i % 2 == 0 ? "dmar0" : "dmar1",
                            100000 + (gint32) i, reserve_msi);
    }
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("many%u", i);

      cdevs[i] = simulator_open_cdev (&machine.simulator, name);
      g_assert_cmpint (simulator_bind (&machine.simulator, cdevs[i], machine.fd, &device), ==, 0);
      table = machine.ioas;
      g_assert_cmpint (simulator_attach (&machine.simulator, cdevs[i], &table), ==, 0);
    }
  assert_ranges (&machine, "0-fedfffff fef00000-ffffffffffff");
  for (guint i = 0; i < n; i++)
    simulator_close (&machine.simulator, cdevs[i]);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (machine.simulator.kernel), ==, 2);
  simulator_machine_stop (&machine);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/lost-regions/failed-replace", test_lost_regions);
  g_test_add_func ("/simulator/lost-regions/failed-attach", test_failed_attach);
  g_test_add_func ("/simulator/lost-regions/kernel-hwpt", test_lost_regions_kernel);
  g_test_add_func ("/simulator/many/devices", test_many_devices);
  return g_test_run ();
}
