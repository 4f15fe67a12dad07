/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery on a mock machine: what comes, changes and goes while it runs. */
#include "config.h"

#include "udev-fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <libudev.h>

/* What the kernel has sent is gone, because it was not fetched in time. */
static gboolean events_are_lost;

/* It stands before the function of libudev. */
__attribute__ ((visibility ("default"))) struct udev_device *
udev_monitor_receive_device (struct udev_monitor *monitor)
{
  static struct udev_device *(*real) (struct udev_monitor *);
  struct udev_device *event;

  if (real == NULL)
    *(void **) &real = dlsym (RTLD_NEXT, "udev_monitor_receive_device");
  event = real (monitor);
  if (!events_are_lost || event == NULL)
    return event;
  for (; event != NULL; event = real (monitor))
    udev_device_unref (event);
  events_are_lost = FALSE;
  errno = ENOBUFS;
  return NULL;
}

static void
test_hotplug (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");

  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC2, 1);
  udev_fixture_expect (fixture, "+vfio1 ");
  g_assert_cmpstr (udev_fixture_find (fixture, NIC2)->driver, ==, "vfio-pci");
  machine_remove_vfio (fixture->machine, NIC2, 1);
  udev_fixture_expect (fixture, "-0000:01:00.1 ");
  machine_add_vfio (fixture->machine, NIC2, 1);
  udev_fixture_expect (fixture, "+vfio1 ");
  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_remove (fixture->machine, NIC);
  udev_fixture_expect (fixture, "-0000:01:00.0 ");
}

/* If a device is bound again, it may get another number: then it counts as another device. */
static void
test_renumbered (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_add_vfio (fixture->machine, NIC, 5);
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio5 ");
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->cdev_path, ==, "/dev/vfio/devices/vfio5");

  /* Events of two devices may overtake each other on their way through udevd. */
  machine_add_vfio (fixture->machine, NIC, 6);
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio6 ");
  machine_remove_vfio (fixture->machine, NIC, 5);
  udev_fixture_expect_nothing (fixture);
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->vfio_name, ==, "vfio6");
}

static void
test_changes (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");

  machine_set_link (fixture->machine, NIC, "driver", "../../../../bus/pci/drivers/mlx5_vfio_pci");
  machine_send_event (fixture->machine, NIC, "bind");
  udev_fixture_expect (fixture, "~vfio0 ");
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->driver, ==, "mlx5_vfio_pci");
  machine_set_link (fixture->machine, NIC, "driver", NULL);
  machine_send_event (fixture->machine, NIC, "unbind");
  udev_fixture_expect (fixture, "~vfio0 ");
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->driver, ==, "");
  machine_set_attribute (fixture->machine, NIC, "numa_node", "0");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "change");
  udev_fixture_expect (fixture, "~vfio0 ");
  g_assert_cmpint (udev_fixture_find (fixture, NIC)->numa_node, ==, 0);
}

/* What is known already, what was never known and what is gone before it was looked at. The mock's
 * socket holds ten events: few at a time. */
static void
test_events_without_news (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "add");
  machine_send_event (fixture->machine, NIC, "change");
  machine_send_event (fixture->machine, NIC2, "unbind");
  udev_fixture_expect_nothing (fixture);
  machine_add_vfio (fixture->machine, NIC2, 1);
  machine_remove_vfio (fixture->machine, NIC2, 1);
  machine_remove (fixture->machine, NIC2);
  udev_fixture_expect_nothing (fixture);
}

/* Nothing is lost between the enumeration and the first event, and nothing comes twice. */
static void
test_change_before_loop (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC2, 1);
  udev_fixture_expect (fixture, "+vfio0 -0000:01:00.0 +vfio1 ");
  udev_fixture_expect_nothing (fixture);
}

/* The kernel sent it before the device was looked at: it is about an earlier one of that path. */
static void
test_late_removal (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_write (fixture->machine, "/kernel", "uevent_seqnum", "1000000000\n");
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "remove");
  machine_write (fixture->machine, "/kernel", "uevent_seqnum", "0\n");
  udev_fixture_expect_nothing (fixture);
}

/* Each host that is made on the same backend starts its discovery. */
static void
test_start_again (UdevFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  g_hash_table_remove_all (fixture->devices);
  iommud_probe_start (fixture->probe, &error);
  g_assert_no_error (error);
  udev_fixture_expect (fixture, "+vfio0 ");
  udev_fixture_expect_nothing (fixture);
}

/* Then all is looked at once more. */
static void
test_lost_events (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC2, 1);
  events_are_lost = TRUE;
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio1 ");
  udev_fixture_expect_nothing (fixture);
}

static void
test_thousand_devices (UdevFixture *fixture, gconstpointer data)
{
  machine_add_many (fixture->machine, 1000);
  udev_fixture_start (fixture);
  g_assert_cmpuint (g_hash_table_size (fixture->devices), ==, 1000);
  g_assert_cmpstr (udev_fixture_find (fixture, "/devices/pci0003:00/0003:00:1c.7")->vfio_name, ==,
                   "vfio999");
  g_string_truncate (fixture->log, 0);
  udev_fixture_expect_nothing (fixture);
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
  g_test_add ("/udev-events/" name, UdevFixture, NULL, udev_fixture_set_up, function,              \
              udev_fixture_tear_down)
  ADD_TEST ("hotplug", test_hotplug);
  ADD_TEST ("renumbered", test_renumbered);
  ADD_TEST ("changes", test_changes);
  ADD_TEST ("events-without-news", test_events_without_news);
  ADD_TEST ("change-before-loop", test_change_before_loop);
  ADD_TEST ("lost-events", test_lost_events);
  ADD_TEST ("late-removal", test_late_removal);
  ADD_TEST ("start-again", test_start_again);
  ADD_TEST ("thousand-devices", test_thousand_devices);
  return g_test_run ();
}
