/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules of Linux 6.12 that the recorded sequences do not come by: what a kernel refuses to bind,
 * nested HWPTs, options, allowed ranges, lost reserved regions, lost dirty bits; and that size
 * costs little. */
#include "config.h"

#include "simulator-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096u
#define TIB (G_GUINT64_CONSTANT (1) << 40)

/* A context with one device that is bound, and an IOAS. */
typedef struct
{
  Simulator simulator;
  int fd;
  int cdev;
  guint32 ioas;
  guint32 device;
} Machine;

static void
machine_start (Machine *self, SimulatorTweak tweak)
{
  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "d0", "dmar0", -1, tweak);
  self->fd = simulator_open_iommufd (&self->simulator);
  self->cdev = simulator_open_cdev (&self->simulator, "d0");
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->fd, &self->ioas), ==, 0);
  g_assert_cmpint (simulator_bind (&self->simulator, self->cdev, self->fd, &self->device), ==, 0);
}

static void
machine_stop (Machine *self)
{
  simulator_close (&self->simulator, self->cdev);
  simulator_close (&self->simulator, self->fd);
  simulator_stop (&self->simulator);
}

static void
reserve (IommudSimulatedDevice *device, guint64 first, guint64 last, IommudSimulatedRegionType type)
{
  IommudSimulatedRegion region = { first, last, type };

  g_array_append_val (device->regions, region);
}

static void
reserve_msi (IommudSimulatedDevice *device)
{
  reserve (device, 0xfee00000, 0xfeefffff, IOMMUD_SIMULATED_RESERVED_MSI);
}

static void
reserve_direct (IommudSimulatedDevice *device)
{
  reserve (device, 0x1000, 0x1fff, IOMMUD_SIMULATED_RESERVED_DIRECT);
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
  g_autofree char *node = NULL;

  unsafe->isolated_msi = FALSE;
  incoherent->cache_coherency = FALSE;
  simulator_start (&simulator);
  simulator_add_iommu (&simulator, "dmar0");
  iommud_simulated_kernel_add_iommu (simulator.kernel, unsafe);
  iommud_simulated_kernel_add_iommu (simulator.kernel, incoherent);
  simulator_add_device (&simulator, "good", "dmar0", -1, NULL);
  simulator_add_device (&simulator, "unsafe", "unsafe", -1, NULL);
  simulator_add_device (&simulator, "incoherent", "incoherent", -1, NULL);
  simulator_add_device (&simulator, "direct", "dmar0", -1, reserve_direct);
  simulator_add_device (&simulator, "groupless", "dmar0", -1, take_group_away);
  simulator_add_device (&simulator, "shared", "dmar0", 7, NULL);
  add_host_device (&simulator, "disk", "nvme", 7);

  g_assert_cmpint (try_bind (&simulator, "good"), ==, 0);
  g_assert_cmpint (try_bind (&simulator, "unsafe"), ==, EPERM);
  g_assert_cmpint (try_bind (&simulator, "direct"), ==, EINVAL);
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
  g_assert_cmpint (syscalls->open (syscalls, "/dev/iommu", O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
}

static void
test_unknown_ioctls (void)
{
  static const guint absent[] = { IOMMUD_ABI_NR_IOAS_MAP_FILE, IOMMUD_ABI_NR_HW_QUEUE_ALLOC, 0xff };
  Machine machine;
  guint64 record[16] = { sizeof record };

  machine_start (&machine, NULL);
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
  machine_stop (&machine);
}

static int
alloc_nested (Machine *machine, guint32 flags, guint32 parent, guint32 data_type, guint32 data_len,
              guint32 *id)
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
  Machine machine;
  guint32 plain, parent, nested, id;

  machine_start (&machine, NULL);
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
  machine_stop (&machine);
}

static int
set_option (Machine *machine, guint32 option, guint16 op, guint32 object, guint64 *value)
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
  Machine machine;
  guint64 value = 0;
  guint32 hwpt;

  machine_start (&machine, NULL);
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
  machine_stop (&machine);
}

static int
allow (Machine *machine, guint64 first, guint64 last, guint64 other_first, guint64 other_last)
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
map_anywhere (Machine *machine, char *memory, guint64 length, guint64 *iova)
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
  Machine machine;
  guint64 iova;

  machine_start (&machine, NULL);
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
  machine_stop (&machine);
  munmap (memory, 8 * PAGE);
}

static void
assert_ranges (Machine *machine, const char *expected)
{
  g_autofree char *ranges = simulator_get_ranges (&machine->simulator, machine->fd, machine->ioas);

  g_assert_cmpstr (ranges, ==, expected);
}

static guint32
alloc_plain (Machine *machine, guint32 ioas)
{
  guint32 id;

  g_assert_cmpint (
      simulator_hwpt_alloc (&machine->simulator, machine->fd, 0, machine->device, ioas, &id), ==,
      0);
  return id;
}

/* A replace that fails within one IOAS keeps the translation and loses the reserved regions. */
static void
test_lost_regions (void)
{
  const char *whole = "0-fedfffff fef00000-ffffffffffff";
  Machine machine;
  guint32 first, second, table;

  machine_start (&machine, reserve_msi);
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
  machine_stop (&machine);
}

/* The same by an attach to the IOAS that succeeds, after one of the kernel's own HWPTs refused. */
static void
test_lost_regions_kernel (void)
{
  Machine machine;
  guint32 device, table;
  int other;

  machine_start (&machine, reserve_msi);
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
  machine_stop (&machine);
}

static void
attach_tracking (Machine *machine, guint32 *hwpt)
{
  struct iommud_abi_hwpt_set_dirty_tracking record = { .size = sizeof record,
                                                       .flags =
                                                           IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE };
  guint32 table;

  g_assert_cmpint (simulator_hwpt_alloc (&machine->simulator, machine->fd,
                                         IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING, machine->device,
                                         machine->ioas, hwpt),
                   ==, 0);
  table = *hwpt;
  record.hwpt_id = *hwpt;
  g_assert_cmpint (simulator_attach (&machine->simulator, machine->cdev, &table), ==, 0);
  g_assert_cmpint (simulator_ioctl (&machine->simulator, machine->fd,
                                    IOMMUD_ABI_HWPT_SET_DIRTY_TRACKING, &record),
                   ==, 0);
}

static int
get_dirty (Machine *machine, guint32 hwpt, guint64 iova, guint64 length, gpointer bitmap)
{
  struct iommud_abi_hwpt_get_dirty_bitmap record = {
    .size = sizeof record,
    .hwpt_id = hwpt,
    .iova = iova,
    .length = length,
    .page_size = PAGE,
    .data = (guintptr) bitmap,
  };

  return simulator_ioctl (&machine->simulator, machine->fd, IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP,
                          &record);
}

/* A driver that fails is not heard of, and keeps its bits. */
static void
test_dirty_driver_fails (void)
{
  g_autofree char *memory = g_malloc0 (3 * PAGE);
  Machine machine;
  guint64 bitmap = 0;
  guint32 hwpt;

  machine_start (&machine, NULL);
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas,
                                  memory + PAGE - (guintptr) memory % PAGE, 2 * PAGE, 0),
                   ==, 0);
  attach_tracking (&machine, &hwpt);
  g_assert_cmpint (iommud_simulated_kernel_dma_write (machine.simulator.kernel, "d0", PAGE, 1, 9),
                   ==, 0);
  iommud_simulated_kernel_fail_driver (machine.simulator.kernel, "d0", "dirty", EIO, 1);
  g_assert_cmpint (get_dirty (&machine, hwpt, 0, 2 * PAGE, &bitmap), ==, 0);
  g_assert_cmpuint (bitmap, ==, 0);
  g_assert_cmpint (get_dirty (&machine, hwpt, 0, 2 * PAGE, &bitmap), ==, 0);
  g_assert_cmpuint (bitmap, ==, 2);
  machine_stop (&machine);
}

/* A tebibyte is mapped and asked for; what is touched is what was written. */
static void
test_dirty_tebibyte (void)
{
  const guint64 bits = TIB / PAGE;
  char *memory = MAP_FAILED;
  guint8 *bitmap = MAP_FAILED;
  Machine machine;
  guint32 hwpt;

  if (sizeof (gpointer) >= 8)
    {
      memory = mmap (NULL, (gsize) TIB, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      bitmap = mmap (NULL, (gsize) (bits / 8), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
  if (memory == MAP_FAILED || bitmap == MAP_FAILED)
    {
      g_test_skip ("no room for a tebibyte of addresses");
      return;
    }
  machine_start (&machine, NULL);
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, TIB, TIB),
                   ==, 0);
  attach_tracking (&machine, &hwpt);
  for (guint64 iova = TIB; iova < 2 * TIB; iova += TIB / 64)
    g_assert_cmpint (iommud_simulated_kernel_dma_write (machine.simulator.kernel, "d0", iova, 1, 1),
                     ==, 0);
  g_assert_cmpint (get_dirty (&machine, hwpt, TIB, TIB, bitmap), ==, 0);
  for (guint64 i = 0; i < 64; i++)
    g_assert_cmpuint (bitmap[i * (bits / 64) / 8], ==, 1);
  machine_stop (&machine);
  munmap (memory, (gsize) TIB);
  munmap (bitmap, (gsize) (bits / 8));
}

/* Memory that went away is a blocked access, not a crash. */
static void
test_dma_to_nowhere (void)
{
  char *memory = mmap (NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Machine machine;
  guint32 table;

  machine_start (&machine, NULL);
  g_assert_cmpint (
      simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, 2 * PAGE, 0), ==, 0);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, 0);
  munmap (memory + PAGE, PAGE);
  g_assert_cmpint (
      iommud_simulated_kernel_dma_write (machine.simulator.kernel, "d0", PAGE - 2, 4, 0x77), ==,
      EFAULT);
  g_assert_cmpint (memory[PAGE - 1], ==, 0x77);
  /* Mapping it is refused once a HWPT is there to pin it. */
  g_assert_cmpint (
      simulator_map (&machine.simulator, machine.fd, machine.ioas, memory + PAGE, PAGE, 0x10000),
      ==, EFAULT);
  munmap (memory, PAGE);
  machine_stop (&machine);
}

/* Without a HWPT nothing is pinned, and what is wrong shows when the first one is made. */
static void
test_lazy_pin (void)
{
  char *memory = mmap (NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Machine machine;
  guint32 hwpt, table;

  machine_start (&machine, NULL);
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, PAGE, 0),
                   ==, 0);
  g_assert_cmpint (
      simulator_hwpt_alloc (&machine.simulator, machine.fd, 0, machine.device, machine.ioas, &hwpt),
      ==, EFAULT);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (machine.simulator.kernel), ==, 2);
  munmap (memory, PAGE);
  machine_stop (&machine);
}

static void
test_mdev_dma (void)
{
  g_autofree char *memory = g_malloc0 (2 * PAGE);
  char *page = memory + PAGE - (guintptr) memory % PAGE;
  Machine machine;
  guint32 access, table;
  int mdev;

  machine_start (&machine, NULL);
  simulator_add_mdev (&machine.simulator, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
  mdev = simulator_open_cdev (&machine.simulator, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
  g_assert_cmpint (simulator_bind (&machine.simulator, mdev, machine.fd, &access), ==, 0);
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas, page, PAGE, 0), ==,
                   0);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, mdev, &table), ==, 0);
  g_assert_cmpint (iommud_simulated_kernel_dma_write (machine.simulator.kernel,
                                                      "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", 8, 4,
                                                      0x42),
                   ==, 0);
  g_assert_cmpint (page[8], ==, 0x42);
  g_assert_cmpint (page[12], ==, 0);
  simulator_close (&machine.simulator, mdev);
  machine_stop (&machine);
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
  Machine machine;
  g_autofree int *cdevs = g_new (int, n);
  guint32 device, table;

  machine_start (&machine, reserve_msi);
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
  machine_stop (&machine);
}

static void
test_many_maps (void)
{
  const guint n = g_test_slow () ? 200000 : 20000;
  char *memory = mmap (NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Machine machine;
  guint64 iova;
  guint32 id = 0;

  machine_start (&machine, NULL);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpint (map_anywhere (&machine, memory, PAGE, &iova), ==, 0);
      g_assert_cmpuint (iova, ==, (guint64) (i + 1) * PAGE);
    }
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (simulator_ioas_alloc (&machine.simulator, machine.fd, &id), ==, 0);
  g_assert_cmpuint (id, ==, n + 2);
  machine_stop (&machine);
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
  g_test_add_func ("/simulator/lost-regions/failed-replace", test_lost_regions);
  g_test_add_func ("/simulator/lost-regions/kernel-hwpt", test_lost_regions_kernel);
  g_test_add_func ("/simulator/dirty/driver-fails", test_dirty_driver_fails);
  g_test_add_func ("/simulator/dirty/tebibyte", test_dirty_tebibyte);
  g_test_add_func ("/simulator/dma/nowhere", test_dma_to_nowhere);
  g_test_add_func ("/simulator/dma/mdev", test_mdev_dma);
  g_test_add_func ("/simulator/lazy-pin", test_lazy_pin);
  g_test_add_func ("/simulator/many/devices", test_many_devices);
  g_test_add_func ("/simulator/many/maps", test_many_maps);
  return g_test_run ();
}
