/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes wrong in the simulated kernel: faults and delays that are asked for, bad addresses. */
#include "config.h"

#include "simulator/simulator-testing.h"
#include "simulator-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "0000:01:00.0"
#define PAGE 4096u

static void
test_faults (void)
{
  Simulator simulator;
  guint32 id;
  int fd;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  g_assert_cmpint (iommud_simulated_kernel_inject_fault (simulator.kernel, "juggle", 1, EIO, 0), ==,
                   EINVAL);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &id), ==, 0);
  iommud_simulated_kernel_inject_fault (simulator.kernel, "ioas-alloc", 2, ENOMEM, 0);
  iommud_simulated_kernel_inject_fault (simulator.kernel, "ioas-alloc", 3, EIO, 0);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &id), ==, 0);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &id), ==, ENOMEM);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &id), ==, EIO);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &id), ==, 0);
  g_assert_cmpuint (id, ==, 3);
  g_assert_cmpuint (iommud_simulated_kernel_count_calls (simulator.kernel, "ioas-alloc"), ==, 5);

  iommud_simulated_kernel_inject_fault (simulator.kernel, "open-iommufd", 0, EMFILE, 0);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (simulator.syscalls->open (simulator.syscalls, "/dev/iommu", 0, O_RDWR), ==,
                       -1);
      g_assert_cmpint (errno, ==, EMFILE);
    }
  iommud_simulated_kernel_clear_faults (simulator.kernel);
  simulator_close (&simulator, simulator_open_iommufd (&simulator));

  /* A close that fails has closed. */
  iommud_simulated_kernel_inject_fault (simulator.kernel, "close-iommufd", 1, EINTR, 0);
  g_assert_cmpint (simulator.syscalls->close (simulator.syscalls, fd), ==, -1);
  g_assert_cmpint (errno, ==, EINTR);
  simulator_stop (&simulator);
}

typedef struct
{
  Simulator *simulator;
  int fd;
} Waiter;

static gpointer
alloc_ioas (gpointer data)
{
  Waiter *waiter = data;
  guint32 id;

  return GINT_TO_POINTER (simulator_ioas_alloc (waiter->simulator, waiter->fd, &id));
}

static gboolean
has_begun (gpointer data)
{
  return iommud_simulated_kernel_count_calls (((Simulator *) data)->kernel, "ioas-alloc") == 1;
}

/* Other calls go on while one is delayed, and a context outlives its descriptor until the calls on
 * it have ended. */
static void
test_delay (void)
{
  Simulator simulator;
  Waiter waiter;
  GThread *thread;
  int other;

  simulator_start (&simulator);
  waiter = (Waiter){ &simulator, simulator_open_iommufd (&simulator) };
  iommud_simulated_kernel_inject_fault (simulator.kernel, "ioas-alloc", 1, 0, 1000);
  thread = g_thread_new ("delayed", alloc_ioas, &waiter);
  simulator_wait (has_begun, &simulator);
  other = simulator_open_iommufd (&simulator);
  simulator_close (&simulator, waiter.fd);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 2);
  simulator_close (&simulator, other);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 1);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, 0);
  simulator_stop (&simulator);
}

/* Three pages: the middle one is read-only, and the last one cannot be accessed at all. */
static char *
map_trap (void)
{
  char *pages = mmap (NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true (pages != MAP_FAILED);
  return pages;
}

static void
arm_trap (char *pages)
{
  g_assert_cmpint (mprotect (pages + PAGE, PAGE, PROT_READ), ==, 0);
  g_assert_cmpint (mprotect (pages + 2 * PAGE, PAGE, PROT_NONE), ==, 0);
}

static void
test_bad_addresses (void)
{
  static const guint numbers[] = { IOMMUD_ABI_NR_DESTROY,
                                   IOMMUD_ABI_NR_IOAS_ALLOC,
                                   IOMMUD_ABI_NR_IOAS_ALLOW_IOVAS,
                                   IOMMUD_ABI_NR_IOAS_COPY,
                                   IOMMUD_ABI_NR_IOAS_IOVA_RANGES,
                                   IOMMUD_ABI_NR_IOAS_MAP,
                                   IOMMUD_ABI_NR_IOAS_UNMAP,
                                   IOMMUD_ABI_NR_OPTION,
                                   IOMMUD_ABI_NR_HWPT_ALLOC,
                                   IOMMUD_ABI_NR_GET_HW_INFO,
                                   IOMMUD_ABI_NR_HWPT_SET_DIRTY_TRACKING,
                                   IOMMUD_ABI_NR_HWPT_GET_DIRTY_BITMAP };
  Simulator simulator;
  char *pages = map_trap ();
  struct iommud_abi_ioas_alloc *record = (gpointer) (pages + PAGE);
  guint32 size = 48;
  int fd;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  record->size = sizeof *record;
  memcpy (pages + 2 * PAGE - sizeof size, &size, sizeof size);
  arm_trap (pages);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      unsigned long request = IOMMUD_ABI_IOCTL (numbers[i]);

      g_assert_cmpint (simulator_ioctl (&simulator, fd, request, NULL), ==, EFAULT);
      g_assert_cmpint (simulator_ioctl (&simulator, fd, request, (gpointer) 1), ==, EFAULT);
      g_assert_cmpint (simulator_ioctl (&simulator, fd, request, pages + 2 * PAGE), ==, EFAULT);
      /* Its size can be read, the rest of it cannot. */
      g_assert_cmpint (simulator_ioctl (&simulator, fd, request, pages + 2 * PAGE - sizeof size),
                       ==, EFAULT);
      g_assert_cmpint (
          simulator_ioctl (&simulator, fd, request, (gpointer) (guintptr) (G_MAXSIZE - 7)), ==,
          EFAULT);
    }
  /* An answer that cannot be given leaves no object. */
  g_assert_cmpint (simulator_ioctl (&simulator, fd, IOMMUD_ABI_IOAS_ALLOC, record), ==, EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator.kernel), ==, 0);
  simulator_close (&simulator, fd);
  munmap (pages, 3 * PAGE);
  simulator_stop (&simulator);
}

static void
test_bad_addresses_of_cdev (void)
{
  static const unsigned long requests[] = {
    IOMMUD_ABI_VFIO_GET_INFO,          IOMMUD_ABI_VFIO_GET_REGION_INFO,
    IOMMUD_ABI_VFIO_GET_IRQ_INFO,      IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT,
    IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT, IOMMUD_ABI_VFIO_FEATURE
  };
  Simulator simulator;
  char *pages = map_trap ();
  struct iommud_abi_vfio_bind *bind_record = (gpointer) (pages + PAGE);
  struct iommud_abi_vfio_attach *attach_record = (gpointer) (pages + PAGE + 64);
  guint32 device;
  int fd, cdev;

  simulator_start (&simulator);
  simulator_add_iommu (&simulator, "dmar0");
  simulator_add_device (&simulator, DEVICE, "dmar0", -1, NULL);
  fd = simulator_open_iommufd (&simulator);
  cdev = simulator_open_cdev (&simulator, DEVICE);
  bind_record->argsz = sizeof *bind_record;
  bind_record->iommufd = fd;
  attach_record->argsz = sizeof *attach_record;
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &attach_record->pt_id), ==, 0);
  arm_trap (pages);

  g_assert_cmpint (simulator_ioctl (&simulator, cdev, IOMMUD_ABI_VFIO_BIND_IOMMUFD, NULL), ==,
                   EFAULT);
  g_assert_cmpint (simulator_ioctl (&simulator, cdev, IOMMUD_ABI_VFIO_BIND_IOMMUFD, bind_record),
                   ==, EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator.kernel), ==, 1);
  g_assert_cmpint (simulator_bind (&simulator, cdev, fd, &device), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (requests); i++)
    g_assert_cmpint (simulator_ioctl (&simulator, cdev, requests[i], pages + 2 * PAGE), ==, EFAULT);
  /* The device is not left attached to a HWPT whose id was not returned. */
  g_assert_cmpint (
      simulator_ioctl (&simulator, cdev, IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT, attach_record), ==,
      EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator.kernel), ==, 2);
  simulator_close (&simulator, cdev);
  simulator_close (&simulator, fd);
  munmap (pages, 3 * PAGE);
  simulator_stop (&simulator);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/faults", test_faults);
  g_test_add_func ("/simulator/delay", test_delay);
  g_test_add_func ("/simulator/bad-addresses/iommufd", test_bad_addresses);
  g_test_add_func ("/simulator/bad-addresses/cdev", test_bad_addresses_of_cdev);
  return g_test_run ();
}
