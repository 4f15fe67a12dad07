/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an iommufd of the simulated kernel answers to the interface of old VFIO containers and to
 * the ioctls that need more than one file (fault queues), and faults of single features. */
#include "config.h"

#include "simulator-fixture.h"

#include "sim/process/pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u

typedef struct
{
  Simulator simulator;
  int fd;
  int cdev;
  guint32 ioas;
  guint32 device;
  char *memory;
} Machine;

static void
log_dma (IommudSimulatedDevice *device)
{
  device->dma_logging = TRUE;
}

static void
machine_start (Machine *self)
{
  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "d0", "dmar0", -1, log_dma);
  self->fd = simulator_open_iommufd (&self->simulator);
  self->cdev = simulator_open_cdev (&self->simulator, "d0");
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->fd, &self->ioas), ==, 0);
  g_assert_cmpint (simulator_bind (&self->simulator, self->cdev, self->fd, &self->device), ==, 0);
  self->memory = mmap (NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (self->memory != MAP_FAILED);
}

static void
machine_stop (Machine *self)
{
  simulator_close (&self->simulator, self->cdev);
  simulator_close (&self->simulator, self->fd);
  simulator_stop (&self->simulator);
  munmap (self->memory, 16 * PAGE);
}

static void
set_vfio_ioas (Machine *self)
{
  struct iommud_abi_vfio_ioas record = { .size = sizeof record,
                                         .ioas_id = self->ioas,
                                         .op = IOMMUD_ABI_VFIO_IOAS_SET };

  g_assert_cmpint (simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_VFIO_IOAS, &record), ==,
                   0);
}

static int
map_dma (Machine *self, guint64 iova, guint64 size)
{
  struct iommud_abi_vfio_dma_map record = {
    .argsz = sizeof record,
    .flags = IOMMUD_ABI_VFIO_DMA_MAP_READ | IOMMUD_ABI_VFIO_DMA_MAP_WRITE,
    .vaddr = (guintptr) self->memory,
    .iova = iova,
    .size = size,
  };

  return simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_VFIO_IOMMU_MAP_DMA, &record);
}

static int
unmap_dma (Machine *self, guint32 flags, guint64 iova, guint64 size, guint64 *unmapped)
{
  struct iommud_abi_vfio_dma_unmap record = {
    .argsz = sizeof record, .flags = flags, .iova = iova, .size = size
  };
  int errnum =
      simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_VFIO_IOMMU_UNMAP_DMA, &record);

  *unmapped = record.size;
  return errnum;
}

static int
set_type (Machine *self, guintptr type)
{
  return simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_VFIO_SET_IOMMU, (gpointer) type);
}

static int
attach (Machine *self)
{
  guint32 table = self->ioas;

  return simulator_attach (&self->simulator, self->cdev, &table);
}

static int
dma_write (Machine *self, guint64 iova)
{
  return iommud_simulated_kernel_dma_write (self->simulator.kernel, "d0", iova, 1, 7);
}

static void
test_whole_maps (void)
{
  Machine machine;
  guint64 unmapped;

  machine_start (&machine);
  g_assert_cmpint (map_dma (&machine, 0, PAGE), ==, ENODEV);
  set_vfio_ioas (&machine);
  g_assert_cmpint (map_dma (&machine, 0x10000, 4 * PAGE), ==, 0);
  g_assert_cmpint (map_dma (&machine, 0x10000, PAGE), ==, EEXIST);
  g_assert_cmpint (map_dma (&machine, 0x20000, PAGE), ==, 0);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (dma_write (&machine, 0x10000), ==, 0);
  g_assert_cmpint (machine.memory[0], ==, 7);
  g_assert_cmpint (unmap_dma (&machine, 0, 0x11000, PAGE, &unmapped), ==, ENOENT);
  /* Here what went before the error is told. */
  g_assert_cmpint (unmap_dma (&machine, 0, 0x10000, 0x10800, &unmapped), ==, ENOENT);
  g_assert_cmpuint (unmapped, ==, 4 * PAGE);
  g_assert_cmpint (unmap_dma (&machine, IOMMUD_ABI_VFIO_DMA_UNMAP_ALL, 0, PAGE, &unmapped), ==,
                   EINVAL);
  g_assert_cmpint (unmap_dma (&machine, 1, 0, PAGE, &unmapped), ==, EINVAL);
  g_assert_cmpint (unmap_dma (&machine, IOMMUD_ABI_VFIO_DMA_UNMAP_ALL, 0, 0, &unmapped), ==, 0);
  g_assert_cmpuint (unmapped, ==, PAGE);
  /* If nothing is there, that is not an error in this interface. */
  g_assert_cmpint (unmap_dma (&machine, 0, 0x10000, PAGE, &unmapped), ==, 0);
  g_assert_cmpuint (unmapped, ==, 0);
  machine_stop (&machine);
}

/* The oldest type cuts maps. */
static void
test_parts_of_maps (void)
{
  Machine machine;
  guint64 unmapped;

  machine_start (&machine);
  set_vfio_ioas (&machine);
  g_assert_cmpint (set_type (&machine, 1), ==, 0);
  g_assert_cmpint (map_dma (&machine, 0x10000, 8 * PAGE), ==, 0);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (unmap_dma (&machine, 0, 0x10000 + PAGE / 2, PAGE, &unmapped), ==, EINVAL);
  g_assert_cmpint (unmap_dma (&machine, 0, 0x12000, 2 * PAGE, &unmapped), ==, 0);
  g_assert_cmpuint (unmapped, ==, 2 * PAGE);
  g_assert_cmpint (dma_write (&machine, 0x11fff), ==, 0);
  g_assert_cmpint (dma_write (&machine, 0x12000), ==, EFAULT);
  g_assert_cmpint (dma_write (&machine, 0x13fff), ==, EFAULT);
  g_assert_cmpint (dma_write (&machine, 0x14000), ==, 0);
  g_assert_cmpint (machine.memory[4 * PAGE], ==, 7);
  g_assert_cmpint (unmap_dma (&machine, 0, 0x17000, PAGE, &unmapped), ==, 0);
  g_assert_cmpuint (unmapped, ==, PAGE);
  g_assert_cmpint (unmap_dma (&machine, IOMMUD_ABI_VFIO_DMA_UNMAP_ALL, 0, 0, &unmapped), ==, 0);
  g_assert_cmpuint (unmapped, ==, 5 * PAGE);
  machine_stop (&machine);
}

static int
map_pages (Machine *self, char *memory, guint64 iova, guint count)
{
  char *own = self->memory;
  int errnum;

  self->memory = memory;
  errnum = map_dma (self, iova, count * PAGE);
  self->memory = own;
  return errnum;
}

/* What is left of a map on both sides of a cut is still pinned, and paid for. */
static void
test_parts_stay_pinned (void)
{
  const guint limit = IOMMUD_SIMULATED_LOCKED_PAGES_LIMIT;
  const gsize size = (gsize) limit * PAGE;
  char *memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Machine machine;
  guint64 unmapped;

  g_assert_true (memory != MAP_FAILED);
  machine_start (&machine);
  iommud_simulated_kernel_set_capabilities (machine.simulator.kernel, FALSE, FALSE);
  set_vfio_ioas (&machine);
  g_assert_cmpint (set_type (&machine, 1), ==, 0);
  g_assert_cmpint (map_dma (&machine, 0x10000, 8 * PAGE), ==, 0);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (unmap_dma (&machine, 0, 0x13000, 2 * PAGE, &unmapped), ==, 0);
  g_assert_cmpint (map_pages (&machine, memory, 0x1000000, limit - 5), ==, ENOMEM);
  g_assert_cmpint (map_pages (&machine, memory, 0x1000000, limit - 6), ==, 0);
  g_assert_cmpint (unmap_dma (&machine, 0, 0x10000, 3 * PAGE, &unmapped), ==, 0);
  g_assert_cmpint (map_pages (&machine, memory, 0x10000, 4), ==, ENOMEM);
  g_assert_cmpint (map_pages (&machine, memory, 0x10000, 3), ==, 0);
  machine_stop (&machine);
  munmap (memory, size);
}

static void
test_info (void)
{
  struct
  {
    struct iommud_abi_vfio_iommu_info info;
    struct iommud_abi_vfio_info_dma_avail avail;
    guint32 pad;
    struct iommud_abi_vfio_info_iova_ranges head;
    struct iommud_abi_iova_range range;
  } record = { .info.argsz = sizeof record };
  Machine machine;

  machine_start (&machine);
  set_vfio_ioas (&machine);
  g_assert_cmpint (attach (&machine), ==, 0);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_VFIO_IOMMU_GET_INFO, &record), ==,
      0);
  g_assert_cmpuint (record.info.argsz, ==, sizeof record);
  g_assert_cmpuint (record.info.iova_pgsizes, ==, PAGE);
  g_assert_cmpuint (record.info.cap_offset, ==, sizeof record.info);
  g_assert_cmpuint (record.avail.header.id, ==, IOMMUD_ABI_VFIO_INFO_CAP_DMA_AVAIL);
  g_assert_cmpuint (record.avail.header.next, ==, 40);
  g_assert_cmpuint (record.head.header.id, ==, IOMMUD_ABI_VFIO_INFO_CAP_IOVA_RANGE);
  g_assert_cmpuint (record.head.nr_iovas, ==, 1);
  g_assert_cmphex (record.range.last, ==, 0xffffffffffff);
  /* If the caller leaves no room for capabilities, it gets none, and is told how much room is
   * needed. */
  record.info.argsz = sizeof record - 1;
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_VFIO_IOMMU_GET_INFO, &record), ==,
      0);
  g_assert_cmpuint (record.info.argsz, ==, sizeof record);
  g_assert_cmpuint (record.info.cap_offset, ==, 0);
  machine_stop (&machine);
}

static int
alloc_nested (Machine *self, guint32 parent, guint32 queue, guint32 *id)
{
  struct iommud_abi_hwpt_vtd_s1 data = { 0 };
  struct iommud_abi_hwpt_alloc record = {
    .size = sizeof record,
    .flags = IOMMUD_ABI_HWPT_FAULT_ID_VALID,
    .dev_id = self->device,
    .pt_id = parent,
    .data_type = IOMMUD_ABI_HWPT_DATA_VTD_S1,
    .data_len = sizeof data,
    .data_uptr = (guintptr) &data,
    .fault_id = queue,
  };
  int errnum = simulator_ioctl (&self->simulator, self->fd, IOMMUD_ABI_HWPT_ALLOC, &record);

  *id = record.out_hwpt_id;
  return errnum;
}

static void
test_fault_queue (void)
{
  struct iommud_abi_fault_alloc record = { .size = sizeof record };
  Machine machine;
  guint32 parent, nested;
  char byte;

  machine_start (&machine);
  g_assert_cmpint (simulator_hwpt_alloc (&machine.simulator, machine.fd,
                                         IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT, machine.device,
                                         machine.ioas, &parent),
                   ==, 0);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_FAULT_QUEUE_ALLOC, &record), ==,
      0);
  g_assert_cmpint (alloc_nested (&machine, parent, machine.ioas, &nested), ==, ENOENT);
  g_assert_cmpint (alloc_nested (&machine, parent, record.out_fault_id, &nested), ==, 0);
  g_assert_cmpint (read ((int) record.out_fault_fd, &byte, 1), ==, 0);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, (int) record.out_fault_fd, IOMMUD_ABI_DESTROY, &record),
      ==, ENOTTY);
  simulator_close (&machine.simulator, (int) record.out_fault_fd);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, record.out_fault_id), ==,
                   EBUSY);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, nested), ==, 0);
  g_assert_cmpint (simulator_destroy (&machine.simulator, machine.fd, record.out_fault_id), ==, 0);
  machine_stop (&machine);
}

/* A record that cannot be given back leaves neither a queue nor a file. */
static void
test_fault_queue_read_only (void)
{
  struct iommud_abi_fault_alloc *record =
      mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Machine machine;
  guint files;

  machine_start (&machine);
  record->size = sizeof *record;
  g_assert_cmpint (mprotect (record, PAGE, PROT_READ), ==, 0);
  files = iommud_simulated_kernel_count_files (machine.simulator.kernel);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.fd, IOMMUD_ABI_FAULT_QUEUE_ALLOC, record), ==,
      EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_files (machine.simulator.kernel), ==, files);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (machine.simulator.kernel), ==, 2);
  munmap (record, PAGE);
  machine_stop (&machine);
}

static int
stop_log (Machine *self, guint32 flags)
{
  struct iommud_abi_vfio_feature record = { sizeof record,
                                            IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP | flags };

  return simulator_ioctl (&self->simulator, self->cdev, IOMMUD_ABI_VFIO_FEATURE, &record);
}

static void
test_feature_faults (void)
{
  Machine machine;
  IommudSimulatedKernel *kernel;

  machine_start (&machine);
  kernel = machine.simulator.kernel;
  g_assert_cmpint (iommud_simulated_kernel_inject_fault (kernel, "dma-logging-stop", 2, EIO, 0), ==,
                   0);
  g_assert_cmpint (iommud_simulated_kernel_inject_fault (kernel, "feature", 4, ENOMEM, 0), ==, 0);
  g_assert_cmpint (stop_log (&machine, IOMMUD_ABI_VFIO_FEATURE_SET), ==, 0);
  /* A probe does not stop the log. */
  g_assert_cmpint (stop_log (&machine, IOMMUD_ABI_VFIO_FEATURE_SET | IOMMUD_ABI_VFIO_FEATURE_PROBE),
                   ==, 0);
  g_assert_cmpint (stop_log (&machine, IOMMUD_ABI_VFIO_FEATURE_SET), ==, EIO);
  g_assert_cmpint (stop_log (&machine, IOMMUD_ABI_VFIO_FEATURE_SET), ==, ENOMEM);
  g_assert_cmpuint (iommud_simulated_kernel_count_calls (kernel, "dma-logging-stop"), ==, 2);
  g_assert_cmpuint (iommud_simulated_kernel_count_calls (kernel, "feature"), ==, 4);
  machine_stop (&machine);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/container/whole-maps", test_whole_maps);
  g_test_add_func ("/simulator/container/parts-of-maps", test_parts_of_maps);
  g_test_add_func ("/simulator/container/parts-stay-pinned", test_parts_stay_pinned);
  g_test_add_func ("/simulator/container/info", test_info);
  g_test_add_func ("/simulator/fault-queue/life", test_fault_queue);
  g_test_add_func ("/simulator/fault-queue/read-only-record", test_fault_queue_read_only);
  g_test_add_func ("/simulator/faults/features", test_feature_faults);
  return g_test_run ();
}
