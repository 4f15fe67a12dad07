/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an errno of BIND is put down to: the one cause that the machine around the device shows. */
#include "config.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "handle/bind-error.h"
#include "udev-fixture.h"

/* /dev/full, which no other process has open for long. */
#define NODE "1:7\n"

/* A VFIO device of group 11, behind dmar0. */
static const IommudDeviceInfo *
start (UdevFixture *fixture)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_add_group_member (fixture->machine, 11, NIC);
  udev_fixture_start (fixture);
  return udev_fixture_find (fixture, NIC);
}

static void
assert_cause (UdevFixture *fixture, const IommudDeviceInfo *info, const char *group_holder,
              int errnum, const char *text)
{
  g_autofree char *cause = NULL;

  iommud_bind_error_explain (fixture->probe, info, group_holder, errnum, &cause);
  g_test_message ("%s", cause);
  g_assert_nonnull (strstr (cause, text));
  /* One cause, not two of which one may be it. */
  g_assert_null (strstr (cause, "or its "));
}

/* The process that has /dev/full open. */
static GSubprocess *
start_holder (char **name)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *holder =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                        "/bin/sh", "-c", "exec 9</dev/full; echo; read line", NULL);
  char newline;

  g_assert_no_error (error);
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stdout_pipe (holder), &newline, 1, NULL, &error), ==,
      1);
  *name = g_strdup_printf ("sh (pid %s", g_subprocess_get_identifier (holder));
  return holder;
}

static void
stop_holder (GSubprocess *holder)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (holder), NULL, NULL);
  g_subprocess_wait (holder, NULL, NULL);
  g_object_unref (holder);
}

static void
test_own_context (UdevFixture *fixture, gconstpointer data)
{
  assert_cause (fixture, start (fixture), "0000:01:00.1 in container vm1", EPERM,
                "0000:01:00.1 in container vm1 is in it");
}

static void
test_host_driver (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC2, "pci", "L: driver=../../../../bus/pci/drivers/e1000e\n");
  machine_add_group_member (fixture->machine, 11, NIC2);
  assert_cause (fixture, start (fixture), NULL, EPERM,
                "0000:01:00.1 in the same IOMMU group 11 is still bound to host driver e1000e");
}

/* A port, which does no DMA of its own, may keep its driver. */
static void
test_port (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC2, "pci", "L: driver=../../../../bus/pci/drivers/pcieport\n");
  machine_add_group_member (fixture->machine, 11, NIC2);
  assert_cause (fixture, start (fixture), NULL, EPERM, "intremap");
}

/* A VFIO driver is not known by its name. */
static void
test_vfio_driver (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC2, "pci",
               "L: driver=../../../../bus/pci/drivers/mlx5_vfio_pci\n");
  machine_add_vfio (fixture->machine, NIC2, 1);
  machine_add_group_member (fixture->machine, 11, NIC2);
  assert_cause (fixture, start (fixture), NULL, EPERM, "intremap");
}

static void
test_other_context (UdevFixture *fixture, gconstpointer data)
{
  const IommudDeviceInfo *info = start (fixture);
  g_autofree char *name = NULL;
  g_autofree char *cause = NULL;
  GSubprocess *holder = start_holder (&name);

  machine_add (fixture->machine, NIC2, "pci", "L: driver=../../../../bus/pci/drivers/vfio-pci\n");
  machine_add_vfio (fixture->machine, NIC2, 1);
  machine_set_attribute (fixture->machine, NIC2 "/vfio-dev/vfio1", "dev", NODE);
  machine_add_group_member (fixture->machine, 11, NIC2);
  cause = g_strdup_printf ("that of 0000:01:00.1, which %s", name);
  assert_cause (fixture, info, NULL, EPERM, cause);
  stop_holder (holder);
}

/* VT-d's register ECAP without, and then with interrupt remapping. */
static void
test_interrupts (UdevFixture *fixture, gconstpointer data)
{
  const IommudDeviceInfo *info = start (fixture);

  machine_write (fixture->machine, "/kernel/irq/24", "chip_name", "PCI-MSI-0000:01:00.0\n");
  machine_write (fixture->machine, "/class/iommu/dmar0/intel-iommu", "ecap", "f05046\n");
  assert_cause (fixture, info, NULL, EPERM, "IOMMU dmar0 cannot remap interrupts");
  machine_write (fixture->machine, "/class/iommu/dmar0/intel-iommu", "ecap", "f0504e\n");
  assert_cause (fixture, info, NULL, EPERM, "intremap");

  machine_write (fixture->machine, "/kernel/irq/25", "chip_name", "IR-PCI-MSI-0000:02:00.0\n");
  assert_cause (fixture, info, NULL, EPERM, "another context, of a process that cannot be seen");
}

static void
test_unsafe_interrupts (UdevFixture *fixture, gconstpointer data)
{
  machine_write (fixture->machine, "/module/iommufd/parameters", "allow_unsafe_interrupts", "Y\n");
  assert_cause (fixture, start (fixture), NULL, EPERM,
                "another context, of a process that cannot be seen");
}

static void
test_old_way (UdevFixture *fixture, gconstpointer data)
{
  const IommudDeviceInfo *info = start (fixture);
  g_autofree char *name = NULL;
  g_autofree char *cause = NULL;
  GSubprocess *holder = start_holder (&name);

  machine_write (fixture->machine, "/class/vfio/11", "dev", NODE);
  cause = g_strdup_printf ("through /dev/vfio/11, which %s", name);
  assert_cause (fixture, info, NULL, EBUSY, cause);
  stop_holder (holder);
  assert_cause (fixture, info, NULL, EBUSY, "a domain of its own");
}

int
main (int argc, char **argv)
{
  const char *reason = machine_enter (argv);

  if (reason != NULL)
    {
      g_print ("1..0 # SKIP %s\n", reason);
      return 0;
    }
  g_test_init (&argc, &argv, NULL);
#define ADD_TEST(name, function)                                                                   \
  g_test_add ("/bind-error/" name, UdevFixture, NULL, udev_fixture_set_up, function,               \
              udev_fixture_tear_down)
  ADD_TEST ("own-context", test_own_context);
  ADD_TEST ("host-driver", test_host_driver);
  ADD_TEST ("port", test_port);
  ADD_TEST ("vfio-driver", test_vfio_driver);
  ADD_TEST ("other-context", test_other_context);
  ADD_TEST ("interrupts", test_interrupts);
  ADD_TEST ("unsafe-interrupts", test_unsafe_interrupts);
  ADD_TEST ("old-way", test_old_way);
  return g_test_run ();
}
