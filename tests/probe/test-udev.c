/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Discovery on a mock machine: what is found when it starts, and what it says about groups and
 * nodes. */
#include "config.h"

#include "udev-fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void
test_nothing (UdevFixture *fixture, gconstpointer data)
{
  udev_fixture_start (fixture);
  udev_fixture_expect_nothing (fixture);
}

static void
test_pci (UdevFixture *fixture, gconstpointer data)
{
  const IommudDeviceInfo *info;

  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 3);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio3 ");
  info = udev_fixture_find (fixture, NIC);
  g_assert_cmpstr (info->name, ==, "0000:01:00.0");
  g_assert_cmpstr (info->bus, ==, "pci");
  g_assert_cmpstr (info->cdev_path, ==, "/dev/vfio/devices/vfio3");
  g_assert_cmpstr (info->vfio_name, ==, "vfio3");
  g_assert_cmpstr (info->parent, ==, "");
  g_assert_cmpstr (info->mdev_type, ==, "");
  g_assert_cmpstr (info->vendor, ==, "Intel Corporation");
  g_assert_cmpstr (info->product, ==, "82574L Gigabit Network Connection");
  g_assert_cmpstr (info->iommu, ==, "dmar0");
  g_assert_cmpstr (info->driver, ==, "vfio-pci");
  g_assert_cmphex (info->vendor_id, ==, 0x8086);
  g_assert_cmphex (info->product_id, ==, 0x10d3);
  g_assert_cmpint (info->iommu_group, ==, 11);
  g_assert_cmpint (info->numa_node, ==, 1);
}

/* Without udevd no rule has looked up the names: the hardware database knows them all the same. */
static void
test_names_from_hwdb (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci",
               "E: MODALIAS=pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00\n");
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  if (*udev_fixture_find (fixture, NIC)->vendor == '\0')
    {
      g_test_skip ("this system has no hardware database");
      return;
    }
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->vendor, ==, "Intel Corporation");
  g_assert_true (g_str_has_prefix (udev_fixture_find (fixture, NIC)->product, "82574L"));
}

static void
test_mdev (UdevFixture *fixture, gconstpointer data)
{
  const IommudDeviceInfo *info;

  machine_add (fixture->machine, GPU, "pci", "");
  machine_add (fixture->machine, MDEV, "mdev",
               "L: driver=../../../../bus/mdev/drivers/intel_vgpu_mdev\n"
               "L: mdev_type=../mdev_supported_types/i915-GVTg_V5_4\n");
  machine_add_vfio (fixture->machine, MDEV, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  info = udev_fixture_find (fixture, MDEV);
  g_assert_true (iommud_device_info_is_mdev (info));
  g_assert_cmpstr (info->name, ==, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
  g_assert_cmpstr (info->parent, ==, "0000:00:02.0");
  g_assert_cmpstr (info->mdev_type, ==, "i915-GVTg_V5_4");
  g_assert_cmpstr (info->driver, ==, "intel_vgpu_mdev");
  g_assert_cmpstr (info->iommu, ==, "");
  g_assert_cmpint (info->iommu_group, ==, -1);

  /* A kernel with VFIO groups makes one for it; numbers begin with 0. */
  machine_set_link (fixture->machine, MDEV, "iommu_group", "../../../../kernel/iommu_groups/0");
  machine_send_event (fixture->machine, MDEV, "change");
  udev_fixture_expect (fixture, "~vfio0 ");
  g_assert_cmpint (udev_fixture_find (fixture, MDEV)->iommu_group, ==, 0);
}

static void
test_other_buses (UdevFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *path;
    const char *bus;
    const char *name;
  } devices[] = {
    { "/devices/platform/fd000000.ethernet", "platform", "fd000000.ethernet" },
    { "/devices/ap/card05/05.0004", "ap", "05.0004" },
    { "/devices/css0/0.0.0313/0.0.1234", "ccw", "0.0.1234" },
    { "/devices/platform/soc/80c000000.fsl-mc/dprc.1/dprc.2", "fsl-mc", "dprc.2" },
    { "/devices/platform/cdx/cdx-00/cdx-00:01", "cdx", "cdx-00:01" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      machine_add (fixture->machine, devices[i].path, devices[i].bus, "");
      machine_add_vfio (fixture->machine, devices[i].path, i);
    }
  udev_fixture_start (fixture);
  g_assert_cmpuint (g_hash_table_size (fixture->devices), ==, G_N_ELEMENTS (devices));
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      const IommudDeviceInfo *info = udev_fixture_find (fixture, devices[i].path);

      g_assert_cmpstr (info->bus, ==, devices[i].bus);
      g_assert_cmpstr (info->name, ==, devices[i].name);
    }
}

/* A kernel without cdev support: the device is there, but cannot be opened. */
static void
test_without_node (UdevFixture *fixture, gconstpointer data)
{
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio_without_node (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->cdev_path, ==, "");
  g_assert_cmpstr (udev_fixture_find (fixture, NIC)->vfio_name, ==, "vfio0");
}

static void
test_missing_facts (UdevFixture *fixture, gconstpointer data)
{
  const IommudDeviceInfo *info;

  machine_add (fixture->machine, NIC, "pci", "");
  machine_add_vfio (fixture->machine, NIC, 0);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 ");
  info = udev_fixture_find (fixture, NIC);
  g_assert_cmpstr (info->driver, ==, "");
  g_assert_cmpstr (info->iommu, ==, "");
  g_assert_cmpstr (info->vendor, ==, "");
  g_assert_cmphex (info->vendor_id, ==, 0);
  g_assert_cmpint (info->iommu_group, ==, -1);
  g_assert_cmpint (info->numa_node, ==, -1);
}

/* Values that no kernel writes: too large, of another kind, endless, not UTF-8. */
static void
test_garbage_facts (UdevFixture *fixture, gconstpointer data)
{
  g_autofree char *endless = g_strnfill (100000, '7');
  const IommudDeviceInfo *info;

  machine_add (fixture->machine, NIC, "pci",
               "A: vendor=0x123456789abcdef0123\\n\nA: device=\\n\n"
               "L: iommu_group=../../../../kernel/iommu_groups/99999999999\n");
  machine_set_link (fixture->machine, NIC, "iommu", "../\xff\xfe");
  machine_set_attribute (fixture->machine, NIC, "numa_node", endless);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_set_attribute (fixture->machine, NIC "/vfio-dev/vfio0", "dev", "not a number");
  machine_add (fixture->machine, NIC2, "pci",
               "L: iommu_group=none\nA: numa_node=-7\\n\nA: vendor=word\\n\n");
  machine_add_vfio (fixture->machine, NIC2, 1);
  udev_fixture_start (fixture);
  udev_fixture_expect (fixture, "+vfio0 +vfio1 ");
  info = udev_fixture_find (fixture, NIC);
  g_assert_cmpstr (info->cdev_path, ==, "");
  g_assert_cmphex (info->vendor_id, ==, 0);
  g_assert_cmphex (info->product_id, ==, 0);
  g_assert_cmpint (info->iommu_group, ==, -1);
  g_assert_cmpint (info->numa_node, ==, -1);
  g_assert_cmpstr (info->iommu, ==, "\xef\xbf\xbd\xef\xbf\xbd");
  info = udev_fixture_find (fixture, NIC2);
  g_assert_cmpint (info->iommu_group, ==, -1);
  g_assert_cmpint (info->numa_node, ==, -1);
  g_assert_cmphex (info->vendor_id, ==, 0);
}

static void
test_group (UdevFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) members = NULL;
  g_autoptr (GPtrArray) none = NULL;
  gboolean has_vfio = FALSE;
  gboolean has_host = FALSE;

  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add (fixture->machine, NIC2, "pci", "L: driver=../../../../bus/pci/drivers/e1000e\n");
  machine_add_group_member (fixture->machine, 11, NIC);
  machine_add_group_member (fixture->machine, 11, NIC2);
  members = iommud_probe_list_group (fixture->probe, 11);
  g_assert_cmpuint (members->len, ==, 2);
  for (guint i = 0; i < members->len; i++)
    {
      const IommudGroupMember *member = g_ptr_array_index (members, i);

      has_vfio |=
          g_str_equal (member->name, "0000:01:00.0") && g_str_equal (member->driver, "vfio-pci");
      has_host |=
          g_str_equal (member->name, "0000:01:00.1") && g_str_equal (member->driver, "e1000e");
    }
  g_assert_true (has_vfio && has_host);
  none = iommud_probe_list_group (fixture->probe, -1);
  g_assert_cmpuint (none->len, ==, 0);
}

/* Any character device does for a node: it is the number that counts. */
static void
test_node (UdevFixture *fixture, gconstpointer data)
{
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int zero = open ("/dev/zero", O_RDONLY | O_CLOEXEC);
  const IommudDeviceInfo *info;

  g_assert_cmpint (null, >=, 0);
  g_assert_cmpint (zero, >=, 0);
  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_set_attribute (fixture->machine, NIC "/vfio-dev/vfio0", "dev", "1:3\n");
  udev_fixture_start (fixture);
  info = udev_fixture_find (fixture, NIC);
  g_assert_true (iommud_probe_owns_node (fixture->probe, info, null));
  g_assert_false (iommud_probe_owns_node (fixture->probe, info, zero));
  g_assert_false (iommud_probe_owns_node (fixture->probe, info, -1));

  /* vfio0 of another device is not the node of this one. */
  machine_remove_vfio (fixture->machine, NIC, 0);
  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC2, 0);
  machine_set_attribute (fixture->machine, NIC2 "/vfio-dev/vfio0", "dev", "1:3\n");
  g_assert_false (iommud_probe_owns_node (fixture->probe, info, null));
  close (null);
  close (zero);
  udev_fixture_expect (fixture, "+vfio0 -0000:01:00.0 +vfio0 ");
}

/* A process that has /dev/full open, which no other process has for long. */
static void
test_holder (UdevFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *holder = NULL;
  g_autofree char *expected = NULL;
  const char *const argv[] = { "/bin/sh", "-c", "exec 9</dev/full; echo; read line", NULL };
  const IommudDeviceInfo *info;
  gboolean complete;
  GPid pid;
  int input;
  int output;
  char newline;

  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_set_attribute (fixture->machine, NIC "/vfio-dev/vfio0", "dev", "1:7\n");
  udev_fixture_start (fixture);
  info = udev_fixture_find (fixture, NIC);
  g_assert_null (iommud_probe_describe_holder (fixture->probe, info, &complete));
  g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                            &input, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (read (output, &newline, 1), ==, 1);
  holder = iommud_probe_describe_holder (fixture->probe, info, &complete);
  expected = g_strdup_printf ("sh (pid %d", (int) pid);
  g_assert_true (g_str_has_prefix (holder, expected));
  close (input);
  close (output);
  g_spawn_close_pid (pid);
}

/* The devices that the process holds, as bits. */
static guint
find_held (UdevFixture *fixture, GPtrArray *infos, pid_t pid)
{
  gboolean complete = FALSE;
  g_autoptr (GPtrArray) found = iommud_probe_find_holders (fixture->probe, infos, &complete);
  guint bits = 0;

  g_assert_true (complete);
  for (guint i = 0; i < found->len; i++)
    {
      const IommudFoundHolder *holder = found->pdata[i];

      if (holder->pid == pid)
        bits |= 1u << holder->device;
    }
  return bits;
}

/* A process that has /dev/full open, as the device's node, and then as that of its group. */
static void
test_find_holders (UdevFixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) infos = g_ptr_array_new ();
  int ready[2];
  char byte = 0;
  pid_t pid;

  machine_add (fixture->machine, NIC, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC, 0);
  machine_add (fixture->machine, NIC2, "pci", NIC_FACTS);
  machine_add_vfio (fixture->machine, NIC2, 1);
  udev_fixture_start (fixture);
  g_ptr_array_add (infos, (gpointer) udev_fixture_find (fixture, NIC));
  g_ptr_array_add (infos, (gpointer) udev_fixture_find (fixture, NIC2));
  g_assert_cmpint (pipe (ready), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (open ("/dev/full", O_RDONLY | O_CLOEXEC) >= 0 && write (ready[1], &byte, 1) == 1)
        pause ();
      _exit (1);
    }
  g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
  g_assert_cmpuint (find_held (fixture, infos, pid), ==, 0);
  machine_set_attribute (fixture->machine, NIC2 "/vfio-dev/vfio1", "dev", "1:7\n");
  g_assert_cmpuint (find_held (fixture, infos, pid), ==, 1 << 1);
  machine_write (fixture->machine, "/class/vfio/11", "dev", "1:7\n");
  g_assert_cmpuint (find_held (fixture, infos, pid), ==, 1 << 0 | 1 << 1);
  kill (pid, SIGKILL);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  close (ready[0]);
  close (ready[1]);
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
  g_test_add ("/udev/" name, UdevFixture, NULL, udev_fixture_set_up, function,                     \
              udev_fixture_tear_down)
  ADD_TEST ("nothing", test_nothing);
  ADD_TEST ("pci", test_pci);
  ADD_TEST ("names-from-hwdb", test_names_from_hwdb);
  ADD_TEST ("mdev", test_mdev);
  ADD_TEST ("other-buses", test_other_buses);
  ADD_TEST ("without-node", test_without_node);
  ADD_TEST ("missing-facts", test_missing_facts);
  ADD_TEST ("garbage-facts", test_garbage_facts);
  ADD_TEST ("group", test_group);
  ADD_TEST ("node", test_node);
  ADD_TEST ("holder", test_holder);
  ADD_TEST ("find-holders", test_find_holders);
  return g_test_run ();
}
