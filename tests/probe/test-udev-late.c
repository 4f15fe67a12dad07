/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery on a mock machine whose events come late, or never: what is reported is what is there,
 * and a device that has taken the place of another one, by whatever name, is a new one. */
#include "config.h"

#include "udev-fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* What waits in the socket is lost, and this is the errno. */
static int lost_errno;

/* These stand before the functions of the C library and of the mock. */
#define EXPORTED __attribute__ ((visibility ("default")))
EXPORTED ssize_t watched_recv (int fd, void *buffer, size_t length, int flags) __asm__("recv");
EXPORTED ssize_t watched_recvmsg (int fd, struct msghdr *message, int flags) __asm__("recvmsg");

static ssize_t
receive (int fd, void *buffer, size_t length, int flags)
{
  ssize_t (*next) (int, void *, size_t, int) = NULL;

  *(void **) &next = dlsym (RTLD_NEXT, "recv");
  return next (fd, buffer, length, flags);
}

static ssize_t
lose_all (int fd)
{
  char event[8192];

  while (receive (fd, event, sizeof event, MSG_DONTWAIT) >= 0)
    continue;
  errno = lost_errno;
  lost_errno = 0;
  return -1;
}

ssize_t
watched_recv (int fd, void *buffer, size_t length, int flags)
{
  return lost_errno != 0 ? lose_all (fd) : receive (fd, buffer, length, flags);
}

ssize_t
watched_recvmsg (int fd, struct msghdr *message, int flags)
{
  ssize_t (*next) (int, struct msghdr *, int) = NULL;

  *(void **) &next = dlsym (RTLD_NEXT, "recvmsg");
  return lost_errno != 0 ? lose_all (fd) : next (fd, message, flags);
}

/* The number of the last event that the kernel has sent, be it on its way still. */
static void
set_last_event (UdevFixture *fixture, const char *number)
{
  machine_write (fixture->machine, "kernel", "uevent_seqnum", number);
}

/* Beyond all events of the test, and before them. */
#define MANY_EVENTS "1000000\n"
#define NO_EVENT "0\n"

static void
start_with_nic (UdevFixture *fixture)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
}

/* The folder in sysfs is another one, as long as the first one is held. */
static int
replace_nic (UdevFixture *fixture)
{
  int held = open ("/sys" NIC "/vfio-dev/vfio0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (held, >=, 0);
  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_add_vfio (fixture->machine, NIC, 0);
  return held;
}

/* Everything is looked at once more: what has gone, changed and come meanwhile. */
static void
test_overflow (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC2, 1);
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 +vfio1 ");

  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_set_attribute (fixture->machine, NIC2, "numa_node", "0");
  machine_send_event (fixture->machine, NIC2, "change");
  machine_add (fixture->machine, GPU, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, GPU, 2);
  lost_errno = ENOBUFS;
  udev_fixture_expect (fixture, "-0000:01:00.0 ~vfio1 +vfio2 ");
  g_assert_cmpint (lost_errno, ==, 0);
  udev_fixture_expect_nothing (fixture);

  /* Events are received as before. */
  machine_remove_vfio (fixture->machine, GPU, 2);
  udev_fixture_expect (fixture, "-0000:00:02.0 ");
}

/* The events that were lost are those of a device that was replaced by one of the same name. */
static void
test_overflow_hides_replug (UdevFixture *fixture, gconstpointer data)
{
  int held;

  start_with_nic (fixture);
  held = replace_nic (fixture);
  lost_errno = ENOBUFS;
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio0 ");
  udev_fixture_expect_nothing (fixture);
  close (held);
}

/* Those without news are lost as well. */
static void
test_overflow_without_news (UdevFixture *fixture, gconstpointer data)
{
  start_with_nic (fixture);
  machine_send_event (fixture->machine, NIC, "change");
  lost_errno = ENOBUFS;
  udev_fixture_expect_nothing (fixture);
  g_assert_cmpint (lost_errno, ==, 0);
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->vfio_name, ==, "vfio0");
}

/* The removal of a device comes after its successor was found: it is not the successor's. */
static void
test_old_removal (UdevFixture *fixture, gconstpointer data)
{
  int held;

  start_with_nic (fixture);
  machine_send_event (fixture->machine, NIC, "change");
  held = replace_nic (fixture);
  set_last_event (fixture, MANY_EVENTS);
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio0 ");
  set_last_event (fixture, NO_EVENT);
  udev_fixture_expect_nothing (fixture);
  close (held);
}

/* The events of a replug overtake each other, as they may on their way through udevd. */
static void
test_removal_overtaken (UdevFixture *fixture, gconstpointer data)
{
  int held;

  start_with_nic (fixture);
  held = replace_nic (fixture);
  lost_errno = EAGAIN;
  while (lost_errno != 0)
    g_main_context_iteration (NULL, TRUE);
  set_last_event (fixture, MANY_EVENTS);
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "add");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "remove");
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio0 ");
  set_last_event (fixture, NO_EVENT);
  udev_fixture_expect_nothing (fixture);
  close (held);
}

/* An event from before the first look at a device. */
static void
test_removal_before_start (UdevFixture *fixture, gconstpointer data)
{
  set_last_event (fixture, MANY_EVENTS);
  start_with_nic (fixture);
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "remove");
  set_last_event (fixture, NO_EVENT);
  udev_fixture_expect_nothing (fixture);
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->vfio_name, ==, "vfio0");
}

/* The folder of the successor has the inode of the first one, so that only the events tell. */
static void
test_same_inode (UdevFixture *fixture, gconstpointer data)
{
  start_with_nic (fixture);
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "remove");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "add");
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio0 ");
  udev_fixture_expect_nothing (fixture);
}

/* The same, and an event from before makes discovery look at the successor, which it cannot tell
 * from the first one. */
static void
test_same_inode_seen_early (UdevFixture *fixture, gconstpointer data)
{
  start_with_nic (fixture);
  machine_send_event (fixture->machine, NIC, "change");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "remove");
  machine_send_event (fixture->machine, NIC "/vfio-dev/vfio0", "add");
  set_last_event (fixture, MANY_EVENTS);
  udev_fixture_expect (fixture, "-0000:01:00.0 +vfio0 ");
  set_last_event (fixture, NO_EVENT);
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
  g_test_add ("/udev-late/" name, UdevFixture, NULL, udev_fixture_set_up, function,                \
              udev_fixture_tear_down)
  ADD_TEST ("overflow", test_overflow);
  ADD_TEST ("overflow-hides-replug", test_overflow_hides_replug);
  ADD_TEST ("overflow-without-news", test_overflow_without_news);
  ADD_TEST ("old-removal", test_old_removal);
  ADD_TEST ("removal-overtaken", test_removal_overtaken);
  ADD_TEST ("removal-before-start", test_removal_before_start);
  ADD_TEST ("same-inode", test_same_inode);
  ADD_TEST ("same-inode-seen-early", test_same_inode_seen_early);
  return g_test_run ();
}
