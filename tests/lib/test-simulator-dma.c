/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DMA in the simulated kernel: what memory it reaches, which pages it dirties, and when dirty bits
 * are lost. */
#include "config.h"

#include "simulator-machine.h"

#include <errno.h>
#include <sys/mman.h>

#define PAGE 4096u
#define TIB (G_GUINT64_CONSTANT (1) << 40)

static void
attach_tracking (SimulatorMachine *machine, guint32 *hwpt)
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
get_dirty (SimulatorMachine *machine, guint32 hwpt, guint64 iova, guint64 length, gpointer bitmap)
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

/* If a driver fails, no error is reported, and it keeps its bits. */
static void
test_dirty_driver_fails (void)
{
  g_autofree char *memory = g_malloc0 (3 * PAGE);
  SimulatorMachine machine;
  guint64 bitmap = 0;
  guint32 hwpt;

  simulator_machine_start (&machine, NULL);
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
  simulator_machine_stop (&machine);
}

/* A tebibyte is mapped and asked for; what is touched is what was written. */
static void
test_dirty_tebibyte (void)
{
  const guint64 bits = TIB / PAGE;
  char *memory = MAP_FAILED;
  guint8 *bitmap = MAP_FAILED;
  SimulatorMachine machine;
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
  simulator_machine_start (&machine, NULL);
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, TIB, TIB),
                   ==, 0);
  attach_tracking (&machine, &hwpt);
  for (guint64 iova = TIB; iova < 2 * TIB; iova += TIB / 64)
    g_assert_cmpint (iommud_simulated_kernel_dma_write (machine.simulator.kernel, "d0", iova, 1, 1),
                     ==, 0);
  g_assert_cmpint (get_dirty (&machine, hwpt, TIB, TIB, bitmap), ==, 0);
  for (guint64 i = 0; i < 64; i++)
    g_assert_cmpuint (bitmap[i * (bits / 64) / 8], ==, 1);
  simulator_machine_stop (&machine);
  munmap (memory, (gsize) TIB);
  munmap (bitmap, (gsize) (bits / 8));
}

/* Memory that went away is a blocked access, not a crash. */
static void
test_dma_to_nowhere (void)
{
  char *memory = mmap (NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SimulatorMachine machine;
  guint32 table;

  simulator_machine_start (&machine, NULL);
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
  simulator_machine_stop (&machine);
}

/* Without a HWPT nothing is pinned, and what is wrong shows when the first one is made. */
static void
test_lazy_pin (void)
{
  char *memory = mmap (NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SimulatorMachine machine;
  guint32 hwpt, table;

  simulator_machine_start (&machine, NULL);
  g_assert_cmpint (simulator_map (&machine.simulator, machine.fd, machine.ioas, memory, PAGE, 0),
                   ==, 0);
  g_assert_cmpint (
      simulator_hwpt_alloc (&machine.simulator, machine.fd, 0, machine.device, machine.ioas, &hwpt),
      ==, EFAULT);
  table = machine.ioas;
  g_assert_cmpint (simulator_attach (&machine.simulator, machine.cdev, &table), ==, EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (machine.simulator.kernel), ==, 2);
  munmap (memory, PAGE);
  simulator_machine_stop (&machine);
}

static void
test_mdev_dma (void)
{
  g_autofree char *memory = g_malloc0 (2 * PAGE);
  char *page = memory + PAGE - (guintptr) memory % PAGE;
  SimulatorMachine machine;
  guint32 access, table;
  int mdev;

  simulator_machine_start (&machine, NULL);
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
  simulator_machine_stop (&machine);
}

static void
make_logging (IommudSimulatedDevice *device)
{
  device->dma_logging = TRUE;
}

/* The answer cannot be written: the log does not run. */
static void
test_log_without_answer (void)
{
  struct Start
  {
    struct iommud_abi_vfio_feature header;
    struct iommud_abi_vfio_dma_logging_control control;
  } *start = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct iommud_abi_vfio_dma_logging_range range = { .length = PAGE };
  IommudSimulatedDeviceState state;
  SimulatorMachine machine;

  simulator_machine_start (&machine, make_logging);
  start->header.argsz = sizeof *start;
  start->header.flags = IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START | IOMMUD_ABI_VFIO_FEATURE_SET;
  start->control.page_size = PAGE;
  start->control.num_ranges = 1;
  start->control.ranges = (guintptr) &range;
  g_assert_cmpint (mprotect (start, PAGE, PROT_READ), ==, 0);
  g_assert_cmpint (
      simulator_ioctl (&machine.simulator, machine.cdev, IOMMUD_ABI_VFIO_FEATURE, start), ==,
      EFAULT);
  g_assert_cmpint (iommud_simulated_kernel_get_state (machine.simulator.kernel, "d0", &state), ==,
                   0);
  g_assert_false (state.logging);
  simulator_machine_stop (&machine);
  munmap (start, PAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/dirty/driver-fails", test_dirty_driver_fails);
  g_test_add_func ("/simulator/dirty/tebibyte", test_dirty_tebibyte);
  g_test_add_func ("/simulator/dma/nowhere", test_dma_to_nowhere);
  g_test_add_func ("/simulator/dma/mdev", test_mdev_dma);
  g_test_add_func ("/simulator/lazy-pin", test_lazy_pin);
  g_test_add_func ("/simulator/log/without-answer", test_log_without_answer);
  return g_test_run ();
}
