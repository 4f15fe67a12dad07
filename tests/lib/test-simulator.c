/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The simulated kernel from the outside: its files across dup, exec and sendmsg, last closes,
 * threads, faults, bad addresses and hotplug. */
#include "config.h"

#include "sim/simulator-testing.h"
#include "simulator-fixture.h"

#include "backend/backend.h"
#include "iommud-error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE "0000:01:00.0"
#define PAGE 4096u

static guint
count_entries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
has_no_context (gpointer data)
{
  return iommud_simulated_kernel_count_contexts (((Simulator *) data)->kernel) == 0;
}

static void
test_dup (void)
{
  Simulator simulator;
  guint32 id = 0;
  int fd, copy;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  copy = dup (fd);
  simulator_close (&simulator, fd);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, copy, &id), ==, 0);
  g_assert_cmpuint (id, ==, 1);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator.kernel), ==, 1);
  /* A close through the table is seen before it returns. */
  simulator_close (&simulator, copy);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 0);
  simulator_stop (&simulator);
}

static void
test_close_elsewhere (void)
{
  Simulator simulator;
  int fd;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  close (fd);
  simulator_wait (has_no_context, &simulator);
  simulator_stop (&simulator);
}

/* A child that ends when its standard input does, and has all descriptors that exec leaves open. */
static GPid
spawn_cat (int *input)
{
  const char *const argv[] = { "cat", NULL };
  GPid pid = 0;
  GError *error = NULL;

  g_spawn_async_with_pipes (NULL, (char **) argv, NULL,
                            G_SPAWN_SEARCH_PATH | G_SPAWN_LEAVE_DESCRIPTORS_OPEN
                                | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL,
                            NULL, NULL, &pid, input, NULL, NULL, &error);
  g_assert_no_error (error);
  return pid;
}

static void
end_cat (GPid pid, int input)
{
  close (input);
  while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
    continue;
  g_spawn_close_pid (pid);
}

static void
test_exec (void)
{
  Simulator simulator;
  GPid pid;
  int fd, input;

  simulator_start (&simulator);
  fd = simulator.syscalls->open (simulator.syscalls, "/dev/iommu", O_RDWR);
  g_assert_cmpint (fd, >=, 0);
  pid = spawn_cat (&input);
  simulator_close (&simulator, fd);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 1);
  end_cat (pid, input);
  simulator_wait (has_no_context, &simulator);
  simulator_stop (&simulator);
}

static void
test_close_on_exec (void)
{
  Simulator simulator;
  GPid pid;
  int fd, input;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  pid = spawn_cat (&input);
  simulator_close (&simulator, fd);
  /* The child lives on without it; its exec may be in the middle of closing what it shall not have.
   */
  simulator_wait (has_no_context, &simulator);
  end_cat (pid, input);
  simulator_stop (&simulator);
}

static void
send_fd (int carrier, int fd)
{
  char byte = 0;
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  struct iovec data = { .iov_base = &byte, .iov_len = 1 };
  struct msghdr message = { .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof (int));
  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  g_assert_cmpint (sendmsg (carrier, &message, 0), ==, 1);
}

static int
receive_fd (int carrier)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  char byte;
  struct iovec data = { .iov_base = &byte, .iov_len = 1 };
  struct msghdr message = { .msg_iov = &data,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space };
  int fd;

  g_assert_cmpint (recvmsg (carrier, &message, MSG_CMSG_CLOEXEC), ==, 1);
  g_assert_cmpint (control.header.cmsg_type, ==, SCM_RIGHTS);
  memcpy (&fd, CMSG_DATA (&control.header), sizeof fd);
  return fd;
}

static void
test_send (void)
{
  Simulator simulator;
  guint32 id;
  int carrier[2];
  int fd, received;

  simulator_start (&simulator);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, carrier), ==, 0);
  fd = simulator_open_iommufd (&simulator);
  send_fd (carrier[0], fd);
  simulator_close (&simulator, fd);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 1);
  received = receive_fd (carrier[1]);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, received, &id), ==, 0);

  /* One that nobody receives goes with the sockets that carry it. */
  send_fd (carrier[0], received);
  simulator_close (&simulator, received);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 1);
  close (carrier[0]);
  close (carrier[1]);
  simulator_wait (has_no_context, &simulator);
  simulator_stop (&simulator);
}

static void
test_wrong_files (void)
{
  Simulator simulator;
  guint32 id;
  int sockets[2];
  int fd, null;

  simulator_start (&simulator);
  null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), ==, 0);
  fd = simulator_open_iommufd (&simulator);

  g_assert_cmpint (simulator_ioas_alloc (&simulator, -1, &id), ==, EBADF);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, null, &id), ==, ENOTTY);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, sockets[0], &id), ==, ENOTTY);
  g_assert_cmpint (simulator_bind (&simulator, fd, fd, &id), ==, ENOTTY);
  g_assert_cmpint (simulator.syscalls->close (simulator.syscalls, -1), ==, -1);
  g_assert_cmpint (errno, ==, EBADF);
  g_assert_cmpint (simulator.syscalls->open (simulator.syscalls, "/dev/zero", O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  g_assert_true (
      simulator.syscalls->mmap (simulator.syscalls, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0)
      == MAP_FAILED);
  g_assert_cmpint (errno, ==, ENODEV);

  /* Foreign files are closed all the same. */
  simulator_close (&simulator, null);
  g_assert_cmpint (fcntl (null, F_GETFD), ==, -1);
  simulator_close (&simulator, sockets[0]);
  simulator_close (&simulator, sockets[1]);
  simulator_close (&simulator, fd);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &id), ==, EBADF);
  simulator_stop (&simulator);
}

static void
test_poll (void)
{
  Simulator simulator;
  struct pollfd entry = { .events = POLLIN };
  char byte;

  simulator_start (&simulator);
  entry.fd = simulator_open_iommufd (&simulator);
  g_assert_cmpint (poll (&entry, 1, 0), ==, 1);
  g_assert_cmpint (entry.revents & POLLIN, ==, POLLIN);
  g_assert_cmpint (read (entry.fd, &byte, 1), ==, 0);
  simulator_close (&simulator, entry.fd);
  simulator_stop (&simulator);
}

static void
test_no_leak (void)
{
  guint fds = count_entries ("/proc/self/fd");
  Simulator simulator;

  simulator_start (&simulator);
  for (guint i = 0; i < 500; i++)
    simulator_close (&simulator, simulator_open_iommufd (&simulator));
  for (guint i = 0; i < 500; i++)
    close (simulator_open_iommufd (&simulator));
  simulator_wait (has_no_context, &simulator);
  simulator_stop (&simulator);
  g_assert_cmpuint (count_entries ("/proc/self/fd"), ==, fds);
}

static gboolean
has_one_thread_less (gpointer data)
{
  return count_entries ("/proc/self/task") < *(guint *) data;
}

static void
test_end (void)
{
  Simulator simulator;
  guint32 device, table;
  char byte;
  guint threads;
  int fd, cdev;

  simulator_start (&simulator);
  simulator_add_iommu (&simulator, "dmar0");
  simulator_add_device (&simulator, DEVICE, "dmar0", -1, NULL);
  fd = simulator_open_iommufd (&simulator);
  cdev = simulator_open_cdev (&simulator, DEVICE);
  g_assert_cmpint (simulator_ioas_alloc (&simulator, fd, &table), ==, 0);
  g_assert_cmpint (simulator_bind (&simulator, cdev, fd, &device), ==, 0);
  g_assert_cmpint (simulator_attach (&simulator, cdev, &table), ==, 0);

  /* With files open and a device attached, all that is left of it is two dead descriptors. */
  threads = count_entries ("/proc/self/task");
  iommud_simulated_kernel_unref (simulator.kernel);
  simulator_wait (has_one_thread_less, &threads);
  g_assert_cmpint (read (fd, &byte, 1), ==, 0);
  close (fd);
  close (cdev);
}

typedef struct
{
  Simulator *simulator;
  int fd; /* shared; -1: one of its own */
  char *memory;
} Worker;

static gpointer
work (gpointer data)
{
  Worker *worker = data;
  Simulator *simulator = worker->simulator;
  int fd = worker->fd >= 0 ? worker->fd : simulator_open_iommufd (simulator);

  for (guint i = 0; i < 300; i++)
    {
      struct iommud_abi_ioas_unmap unmap = { .size = sizeof unmap, .length = G_MAXUINT64 };
      guint32 id;

      g_assert_cmpint (simulator_ioas_alloc (simulator, fd, &id), ==, 0);
      g_assert_cmpint (simulator_map (simulator, fd, id, worker->memory, PAGE, i * PAGE), ==, 0);
      unmap.ioas_id = id;
      g_assert_cmpint (simulator_ioctl (simulator, fd, IOMMUD_ABI_IOAS_UNMAP, &unmap), ==, 0);
      g_assert_cmpuint (unmap.length, ==, PAGE);
      g_assert_cmpint (simulator_destroy (simulator, fd, id), ==, 0);
    }
  if (worker->fd < 0)
    simulator_close (simulator, fd);
  return NULL;
}

static void
test_threads (void)
{
  Simulator simulator;
  Worker workers[8];
  GThread *threads[G_N_ELEMENTS (workers)];
  g_autofree char *memory = g_malloc (PAGE);
  int fd;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    {
      workers[i] = (Worker){ &simulator, i % 2 == 0 ? fd : -1, memory };
      threads[i] = g_thread_new ("worker", work, &workers[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (workers); i++)
    g_thread_join (threads[i]);
  simulator_close (&simulator, fd);
  simulator_stop (&simulator);
}

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
      g_assert_cmpint (simulator.syscalls->open (simulator.syscalls, "/dev/iommu", O_RDWR), ==, -1);
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

static gpointer
alloc_ioas (gpointer data)
{
  Worker *worker = data;
  guint32 id;

  return GINT_TO_POINTER (simulator_ioas_alloc (worker->simulator, worker->fd, &id));
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
  Worker worker;
  GThread *thread;
  int other;

  simulator_start (&simulator);
  worker = (Worker){ &simulator, simulator_open_iommufd (&simulator), NULL };
  iommud_simulated_kernel_inject_fault (simulator.kernel, "ioas-alloc", 1, 0, 1000);
  thread = g_thread_new ("delayed", alloc_ioas, &worker);
  simulator_wait (has_begun, &simulator);
  other = simulator_open_iommufd (&simulator);
  simulator_close (&simulator, worker.fd);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 2);
  simulator_close (&simulator, other);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 1);
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (thread)), ==, 0);
  simulator_stop (&simulator);
}

/* Three pages of which the middle one can be read alone and the last one not at all. */
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
  /* The device is not left attached to a HWPT whose id nobody learned. */
  g_assert_cmpint (
      simulator_ioctl (&simulator, cdev, IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT, attach_record), ==,
      EFAULT);
  g_assert_cmpuint (iommud_simulated_kernel_count_objects (simulator.kernel), ==, 2);
  simulator_close (&simulator, cdev);
  simulator_close (&simulator, fd);
  munmap (pages, 3 * PAGE);
  simulator_stop (&simulator);
}

static const char host_xml[] =
    "<simulated-host>"
    "  <iommu name='dmar0'/>"
    "  <device name='" DEVICE "' iommu='dmar0' group='1'/>"
    "  <device name='0000:02:00.0' iommu='dmar0' group='2' plugged='no'/>"
    "</simulated-host>";

typedef struct
{
  GString *log;
  GThread *thread; /* that the last signal came in */
} Watch;

static void
on_added (IommudProbe *probe, IommudDeviceInfo *info, gpointer data)
{
  Watch *watch = data;

  g_string_append_printf (watch->log, "+%s ", info->name);
  watch->thread = g_thread_self ();
}

static void
on_removed (IommudProbe *probe, const char *sysfs_path, gpointer data)
{
  Watch *watch = data;
  g_autofree char *name = g_path_get_basename (sysfs_path);

  g_string_append_printf (watch->log, "-%s ", name);
  watch->thread = g_thread_self ();
}

static void
assert_log (Watch *watch, const char *expected)
{
  g_assert_cmpstr (watch->log->str, ==, expected);
  g_string_truncate (watch->log, 0);
}

static void
test_hotplug (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, &error);
  const IommudSyscalls *syscalls;
  IommudProbe *probe;
  Watch watch = { g_string_new (NULL), NULL };
  int fd;

  g_assert_no_error (error);
  syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (simulator));
  probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator));
  g_signal_connect (probe, "device-added", G_CALLBACK (on_added), &watch);
  g_signal_connect (probe, "device-removed", G_CALLBACK (on_removed), &watch);
  g_assert_true (iommud_probe_start (probe, &error));
  assert_log (&watch, "+" DEVICE " ");

  g_assert_true (iommud_simulator_plug_device (simulator, "0000:02:00.0", &error));
  assert_log (&watch, "+0000:02:00.0 ");
  g_assert_false (iommud_simulator_plug_device (simulator, "0000:02:00.0", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_plug_device (simulator, "nothing", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);

  /* The node goes at once, the device with the last close. */
  fd = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, &error));
  assert_log (&watch, "-" DEVICE " ");
  g_assert_cmpint (syscalls->open (syscalls, "/dev/vfio/devices/vfio0", O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENODEV);
  g_assert_false (iommud_simulator_unplug_device (simulator, DEVICE, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_plug_device (simulator, DEVICE, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpint (syscalls->close (syscalls, fd), ==, 0);
  g_assert_cmpint (syscalls->open (syscalls, "/dev/vfio/devices/vfio0", O_RDWR), ==, -1);
  g_assert_cmpint (errno, ==, ENOENT);
  g_assert_true (iommud_simulator_plug_device (simulator, DEVICE, &error));
  assert_log (&watch, "+" DEVICE " ");
  g_string_free (watch.log, TRUE);
}

static gpointer
unplug (gpointer simulator)
{
  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, NULL));
  return NULL;
}

/* Signals come in the main context that was the default where discovery was started. */
static void
test_hotplug_context (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  IommudProbe *probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator));
  Watch watch = { g_string_new (NULL), NULL };

  g_main_context_push_thread_default (context);
  g_signal_connect (probe, "device-removed", G_CALLBACK (on_removed), &watch);
  g_assert_true (iommud_probe_start (probe, NULL));
  /* Nobody else may run the context meanwhile. */
  g_assert_true (g_main_context_acquire (context));
  g_thread_join (g_thread_new ("unplug", unplug, simulator));
  assert_log (&watch, "");
  g_main_context_iteration (context, TRUE);
  g_main_context_release (context);
  assert_log (&watch, "-" DEVICE " ");
  g_assert_true (watch.thread == g_thread_self ());
  g_main_context_pop_thread_default (context);
  g_string_free (watch.log, TRUE);
}

static void
test_node_owner (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  IommudSimulatedKernel *kernel = iommud_simulator_get_kernel (simulator);
  IommudProbe *probe = iommud_backend_get_probe (IOMMUD_BACKEND (simulator));
  const IommudSyscalls *syscalls = iommud_backend_get_syscalls (IOMMUD_BACKEND (simulator));
  g_autoptr (GPtrArray) before = iommud_simulated_kernel_list_devices (kernel);
  g_autoptr (GPtrArray) after = NULL;
  g_autofree char *holder = NULL;
  int fd;

  g_assert_null (iommud_probe_describe_holder (probe, before->pdata[0]));
  g_assert_true (iommud_simulator_unplug_device (simulator, DEVICE, NULL));
  g_assert_true (iommud_simulator_plug_device (simulator, DEVICE, NULL));
  after = iommud_simulated_kernel_list_devices (kernel);
  fd = syscalls->open (syscalls, "/dev/vfio/devices/vfio0", O_RDWR | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (iommud_probe_owns_node (probe, after->pdata[0], fd));
  g_assert_false (iommud_probe_owns_node (probe, before->pdata[0], fd));
  holder = iommud_probe_describe_holder (probe, after->pdata[0]);
  g_assert_nonnull (strstr (holder, "(pid "));
  syscalls->close (syscalls, fd);
}

static void
test_device_write (void)
{
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (host_xml, -1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_simulator_device_write (simulator, DEVICE, 0, 1, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_device_write (simulator, "nothing", 0, 1, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_inject_fault (simulator, "juggle", 1, EIO, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (iommud_simulator_inject_fault (simulator, "bind", 1, -1, 0, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (iommud_simulator_count_calls (simulator, "juggle"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/files/dup", test_dup);
  g_test_add_func ("/simulator/files/close-elsewhere", test_close_elsewhere);
  g_test_add_func ("/simulator/files/exec", test_exec);
  g_test_add_func ("/simulator/files/close-on-exec", test_close_on_exec);
  g_test_add_func ("/simulator/files/send", test_send);
  g_test_add_func ("/simulator/files/wrong", test_wrong_files);
  g_test_add_func ("/simulator/files/poll", test_poll);
  g_test_add_func ("/simulator/files/no-leak", test_no_leak);
  g_test_add_func ("/simulator/end", test_end);
  g_test_add_func ("/simulator/threads", test_threads);
  g_test_add_func ("/simulator/faults", test_faults);
  g_test_add_func ("/simulator/delay", test_delay);
  g_test_add_func ("/simulator/bad-addresses/iommufd", test_bad_addresses);
  g_test_add_func ("/simulator/bad-addresses/cdev", test_bad_addresses_of_cdev);
  g_test_add_func ("/simulator/hotplug/signals", test_hotplug);
  g_test_add_func ("/simulator/hotplug/context", test_hotplug_context);
  g_test_add_func ("/simulator/hotplug/node-owner", test_node_owner);
  g_test_add_func ("/simulator/errors", test_device_write);
  return g_test_run ();
}
