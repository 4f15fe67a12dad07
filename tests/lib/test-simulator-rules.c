/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of Linux 6.12 that the recorded sequences do not reach: which devices a kernel refuses to
 * bind, nested HWPTs, options, allowed ranges; and that a large number of mappings costs little. */
#include "config.h"

#include "simulator-machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define PAGE 4096u
#define TIB (G_GUINT64_CONSTANT (1) << 40)

static void
reserve_direct (IommudSimulatedDevice *device)
{
  simulator_machine_reserve (device, 0x1000, 0x1fff, IOMMUD_SIMULATED_RESERVED_DIRECT);
}

static void
take_group_away (IommudSimulatedDevice *device)
{
  device->info->iommu_group = -1;
}

static int
try_bind (Simulator *simulator, const char *name)
{
  int fd = simulator_open_iommufd (simulator);
  int cdev = simulator_open_cdev (simulator, name);
  guint32 id;
  int errnum = simulator_bind (simulator, cdev, fd, &id);

  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator->kernel), ==,
                    errnum == 0 ? 1 : 0);
  simulator_close (simulator, cdev);
  simulator_close (simulator, fd);
  return errnum;
}

static void
add_host_device (Simulator *simulator, const char *name, const char *driver, gint32 group)
{
  IommudSimulatedHostDevice *device = iommud_simulated_host_device_new ();

  iommud_simulated_replace_string (&device->name, name);
  iommud_simulated_replace_string (&device->driver, driver);
  device->iommu_group = group;
  g_assert_cmpint (iommud_simulated_kernel_add_host_device (simulator->kernel, device), ==, 0);
}

static void
test_bind_refused (void)
{
  Simulator simulator;
  IommudSimulatedIommu *unsafe = iommud_simulated_iommu_new ("unsafe");
  IommudSimulatedIommu *incoherent = iommud_simulated_iommu_new ("incoherent");
  IommudSimulatedIommu *mapped = iommud_simulated_iommu_new ("mapped");
  const IommudSimulatedRegion region = { .first = 0x1000,
                                         .last = 0x1fff,
                                         .type = IOMMUD_SIMULATED_RESERVED_DIRECT };
  g_autofree char *node = NULL;

  unsafe->isolated_msi = FALSE;
  incoherent->cache_coherency = FALSE;
  g_array_append_val (mapped->regions, region);
  simulator_start (&simulator);
  simulator_add_iommu (&simulator, "dmar0");
  iommud_simulated_kernel_add_iommu (simulator.kernel, unsafe);
  iommud_simulated_kernel_add_iommu (simulator.kernel, incoherent);
  iommud_simulated_kernel_add_iommu (simulator.kernel, mapped);
  simulator_add_device (&simulator, "good", "dmar0", -1, NULL);
  simulator_add_device (&simulator, "unsafe", "unsafe", -1, NULL);
  simulator_add_device (&simulator, "incoherent", "incoherent", -1, NULL);
  simulator_add_device (&simulator, "direct", "dmar0", -1, reserve_direct);
  simulator_add_device (&simulator, "behind", "mapped", -1, NULL);
  simulator_add_device (&simulator, "groupless", "dmar0", -1, take_group_away);
  simulator_add_device (&simulator, "shared", "dmar0", 7, NULL);
  add_host_device (&simulator, "disk", "nvme", 7);

  g_assert_cmpint (try_bind (&simulator, "good"), ==, 0);
  g_assert_cmpint (try_bind (&simulator, "unsafe"), ==, EPERM);
  g_assert_cmpint (try_bind (&simulator, "direct"), ==, EINVAL);
  g_assert_cmpint (try_bind (&simulator, "behind"), ==, EINVAL);
  g_assert_cmpint (try_bind (&simulator, "groupless"), ==, ENODEV);
  g_assert_cmpint (try_bind (&simulator, "shared"), ==, EPERM);
  /* The kernel makes no node for a device without cache coherency. */
  node = iommud_simulated_kernel_get_node (simulator.kernel, "incoherent");
  g_assert_null (node);
  g_assert_true (iommud_simulated_kernel_has_device (simulator.kernel, "incoherent"));
  simulator_stop (&simulator);
}

static void
test_no_iommufd (void)
{
  IommudSimulatedHost *host = iommud_simulated_host_new ();
  g_autoptr (IommudSimulatedKernel) kernel = NULL;
  const IommudSyscalls *syscalls;

  host->iommufd = FALSE;
  kernel = iommud_simulated_kernel_new (host);
  syscalls = iommud_simulated_kernel_get_syscalls (kernel);
  g_assert_cmpint (syscalls->open (syscalls, "/dev/iommu", 0, O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
}

static void
test_unknown_ioctls (void)
{
  static const guint absent[] = { IOMMUD_ABI_NR_IOAS_MAP_FILE, IOMMUD_ABI_NR_HW_QUEUE_ALLOC, 0xff };
  SimulatorMachine machine;
  guint64 record[16] = { sizeof record };

  simulator_machine_start (&machine, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    g_assert_cmpint (
        simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_IOCTL (absent[i]), record), ==,
        ENOTTY);
  /* The interface of VFIO containers answers without an IOAS for it. */
  g_assert_cmpint (simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_IOCTL (100), NULL),
                   ==, 0);
  g_assert_cmpint (machine.simulator.syscalls->ioctl (machine.simulator.syscalls, machine.fd,
                                                      IOMMUD_ABI_IOCTL (101), (gpointer) 1),
                   ==, 1);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_IOCTL (102), (gpointer) 1), ==,
      ENODEV);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_IOCTL (102), (gpointer) 7), ==,
      EINVAL);
  g_assert_cmpint (simulator_ioctl (&machine.simulator, machine.cdev, IOMMUD_ABI_IOCTL (110), NULL),
                   ==, ENOTTY);
  simulator_machine_stop (&machine);
}

static int
alloc_nested (SimulatorMachine *machine, guint32 flags, guint32 parent, guint32 data_type,
              guint32 data_len, guint32 *id)
{
  struct iommud_abi_hwpt_vtd_s1 data = { .pgtbl_addr = 0x1000, .addr_width = 48 };
  struct iommud_abi_hwpt_alloc record = {
    .size = sizeof record,
    .flags = flags,
    .dev_id = machine->device,
    .pt_id = parent,
    .data_type = data_type,
    .data_len = data_len,
    .data_uptr = (guintptr) &data,
  };
  int errnum = simulator_ioctl (&machine->simulator, machine->fd, IOMMUD_ABI_HWPT_ALLOC, &record);

  *id = record.out_hwpt_id;
  return errnum;
}

static void
test_nested (void)
{
  const guint32 size = sizeof (struct iommud_abi_hwpt_vtd_s1);
  SimulatorMachine machine;
  guint32 plain, parent, nested, id;

  simulator_machine_start (&machine, NULL);
  g_assert_cmpint (simulator_hwpt_alloc (&machine.simulator, machine.fd, 0, machine.device,
                                         machine.ioas, &plain),
                   ==, 0);
  g_assert_cmpint (simulator_hwpt_alloc (&machine.simulator, machine.fd,
                                         IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT, machine.device,
                                         machine.ioas, &parent),
                   ==, 0);
  g_assert_cmpint (alloc_nested (&machine, 0, plain, 1, size, &id), ==, EINVAL);
  g_assert_cmpint (alloc_nested (&machine, 0, parent, 0, 0, &id), ==, EOPNOTSUPP);
  g_assert_cmpint (alloc_nested (&machine, 2, parent, 1, size, &id), ==, EOPNOTSUPP);
  g_assert_cmpint (alloc_nested (&machine, 0, parent, 2, size, &id), ==, EINVAL);
  g_assert_cmpint (alloc_nested (&machine, 0, parent, 1, 8, &id), ==, EINVAL);
  g_assert_cmpint (alloc_nested (&machine, IOMMUD_ABI_HWPT_FAULT_ID_VALID, parent, 1, size, &id),
                   ==, ENOENT);
  g_assert_cmpint (alloc_nested (&machine, 0, parent, 1, size, &nested), ==, 0);
  g_assert_cmpint (alloc_nested (&machine, 0, nested, 1, size, &id), ==, EINVAL);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, parent), ==, EBUSY);

  id = nested;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &id), ==, 0);
  g_assert_cmpuint (id, ==, nested);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, nested), ==, EBUSY);
  g_assert_cmpint (iommud_simulated_kernel_dma_write (machine.simulator.kernel, "d0", 0, 1, 1), ==,
                   EFAULT);
  g_assert_cmpint (simulator_detach (&machine.simulator, machine.cdev), ==, 0);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, nested), ==, 0);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, parent), ==, 0);
  simulator_machine_stop (&machine);
}

static int
set_option (SimulatorMachine *machine, guint32 option, guint16 op, guint32 object, guint64 *value)
{
  struct iommud_abi_option record = {
    .size = sizeof record, .option_id = option, .op = op, .object_id = object, .val64 = *value
  };
  int errnum = simulator_ioctl (&machine->simulator, machine->fd, IOMMUD_ABI_OPTION, &record);

  *value = record.val64;
  return errnum;
}

static void
test_huge_pages (void)
{
  const guint32 option = IOMMUD_ABI_OPTION_HUGE_PAGES;
  g_autofree char *memory = g_malloc0 (2 * PAGE);
  SimulatorMachine machine;
  guint64 value = 0;
  guint32 hwpt;

  simulator_machine_start (&machine, NULL);
  g_assert_cmpint (set_option (&machine, option, IOMMUD_ABI_OPTION_OP_GET, 99, &value), ==, ENOENT);
  g_assert_cmpint (set_option (&machine, option, IOMMUD_ABI_OPTION_OP_GET, machine.ioas, &value),
                   ==, 0);
  g_assert_cmpuint (value, ==, 1);
  value = 2;
  g_assert_cmpint (set_option (&machine, option, IOMMUD_ABI_OPTION_OP_SET, machine.ioas, &value),
                   ==, EINVAL);
  g_assert_cmpint (set_option (&machine, option, 7, machine.ioas, &value), ==, EOPNOTSUPP);

  /* Bytes that are no page. */
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, 16, 16), ==,
                   0);
  value = 0;
  g_assert_cmpint (set_option (&machine, option, IOMMUD_ABI_OPTION_OP_SET, machine.ioas, &value),
                   ==, EADDRINUSE);
  g_assert_cmpint (
      simulator_hwpt_alloc (&machine.simulator, machine.fd, 0, machine.device, machine.ioas, &hwpt),
      ==, EADDRINUSE);
  simulator_machine_stop (&machine);
}

static int
allow (SimulatorMachine *machine, guint64 first, guint64 last, guint64 other_first,
       guint64 other_last)
{
  struct iommud_abi_iova_range ranges[] = { { .start = first, .last = last },
                                            { .start = other_first, .last = other_last } };
  struct iommud_abi_ioas_allow_iovas record = {
    .size = sizeof record,
    .ioas_id = machine->ioas,
    .num_iovas = G_N_ELEMENTS (ranges),
    .allowed_iovas = (guintptr) ranges,
  };

  return simulator_ioctl (&machine->simulator, machine->fd, IOMMUD_ABI_IOAS_ALLOW_IOVAS, &record);
}

static int
map_anywhere (SimulatorMachine *machine, char *memory, guint64 length, guint64 *iova)
{
  struct iommud_abi_ioas_map record = {
    .size = sizeof record,
    .flags = IOMMUD_ABI_MAP_READABLE,
    .ioas_id = machine->ioas,
    .user_va = (guintptr) memory,
    .length = length,
  };
  int errnum = simulator_ioctl (&machine->simulator, machine->fd, IOMMUD_ABI_IOAS_MAP, &record);

  *iova = record.iova;
  return errnum;
}

static void
test_allowed (void)
{
  char *memory = mmap (NULL, 8 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_autofree char *ranges = NULL;
  SimulatorMachine machine;
  guint64 iova;

  simulator_machine_start (&machine, NULL);
  g_assert_cmpint (allow (&machine, 0x2000, 0x2000, 0x8000, 0x8fff), ==, EINVAL);
  g_assert_cmpint (allow (&machine, 0x2000, 0x4000, 0x3000, 0x8fff), ==, EINVAL);
  /* Two that touch are one, and the last page of the space is never given out. */
  g_assert_cmpint (allow (&machine, 0x2000, 0x2fff, 0x3000, 0x4fff), ==, 0);
  g_assert_cmpint (map_anywhere (&machine, memory, 2 * PAGE, &iova), ==, 0);
  g_assert_cmpuint (iova, ==, 0x2000);
  g_assert_cmpint (map_anywhere (&machine, memory, 2 * PAGE, &iova), ==, ENOSPC);
  g_assert_cmpint (map_anywhere (&machine, memory, PAGE, &iova), ==, 0);
  g_assert_cmpuint (iova, ==, 0x4000);
  g_assert_cmpint (map_anywhere (&machine, memory, PAGE, &iova), ==, ENOSPC);
  /* They neither bind fixed maps nor show in the ranges. */
  g_assert_cmpint (
      simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, PAGE, 0x100000), ==, 0);
  ranges = simulator_get_ranges (&machine.simulator, machine.fd, machine.ioas);
  g_assert_cmpstr (ranges, ==, "0-ffffffffffffffff");
  simulator_machine_stop (&machine);
  munmap (memory, 8 * PAGE);
}

static void
test_many_maps (void)
{
  const guint n = g_test_slow () ? 200000 : 20000;
  char *memory = mmap (NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SimulatorMachine machine;
  guint64 iova;
  guint32 id = 0;

  simulator_machine_start (&machine, NULL);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (map_anywhere (&machine, memory, PAGE, &iova), ==, 0);
      g_assert_cmpuint (iova, ==, (guint64) (i + 1) * PAGE);
    }
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (simulator_ioas_alloc (&machine.simulator, machine.fd, &id), ==, 0);
  g_assert_cmpuint (id, ==, n + 2);
  simulator_machine_stop (&machine);
  munmap (memory, PAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/bind-refused", test_bind_refused);
  g_test_add_func ("/simulator/no-iommufd", test_no_iommufd);
  g_test_add_func ("/simulator/unknown-ioctls", test_unknown_ioctls);
  g_test_add_func ("/simulator/nested", test_nested);
  g_test_add_func ("/simulator/huge-pages", test_huge_pages);
  g_test_add_func ("/simulator/allowed", test_allowed);
  g_test_add_func ("/simulator/many/maps", test_many_maps);
  return g_test_run ();
}
