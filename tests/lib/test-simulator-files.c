/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of the simulated kernel from the outside: across dup, exec and sendmsg, last closes and
 * threads. */
#include "config.h"

#include "simulator/simulator-testing.h"
#include "simulator-fixture.h"

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

static gpointer
close_a_little_later (gpointer copy)
{
  g_usleep (20000);
  close (GPOINTER_TO_INT (copy));
  return NULL;
}

/* As a process does that looks into /proc. */
static void
test_close_of_a_moment (void)
{
  Simulator simulator;
  GThread *looker;
  int fd;

  simulator_start (&simulator);
  fd = simulator_open_iommufd (&simulator);
  looker = g_thread_new ("looker", close_a_little_later, GINT_TO_POINTER (dup (fd)));
  simulator_close (&simulator, fd);
  g_assert_cmpuint (iommud_simulated_kernel_count_contexts (simulator.kernel), ==, 0);
  g_thread_join (looker);
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
  fd = simulator.syscalls->open (simulator.syscalls, "/dev/iommu", 0, O_RDWR);
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
  /* The child lives on without it; its exec may be in the middle of closing what it must not have.
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

  /* A file that is not received is closed with the sockets that carry it. */
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
  g_assert_cmpint (simulator.syscalls->open (simulator.syscalls, "/dev/zero", 0, O_RDWR), ==, -1);
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/files/dup", test_dup);
  g_test_add_func ("/simulator/files/close-elsewhere", test_close_elsewhere);
  g_test_add_func ("/simulator/files/close-of-a-moment", test_close_of_a_moment);
  g_test_add_func ("/simulator/files/exec", test_exec);
  g_test_add_func ("/simulator/files/close-on-exec", test_close_on_exec);
  g_test_add_func ("/simulator/files/send", test_send);
  g_test_add_func ("/simulator/files/wrong", test_wrong_files);
  g_test_add_func ("/simulator/files/poll", test_poll);
  g_test_add_func ("/simulator/files/no-leak", test_no_leak);
  g_test_add_func ("/simulator/end", test_end);
  g_test_add_func ("/simulator/threads", test_threads);
  return g_test_run ();
}
