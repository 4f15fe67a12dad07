/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the client of a lease is given beside devices: containers, their contexts, locked memory. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/iommufd.h"
#include "kernel/vfio.h"
#include "backend/backend.h"
#include "lease-fixture.h"
#include "perform/raise-memory-limit.h"

/* A user who is not root. */
#define STRANGER 65534

static IommudDeviceState
get_state (ModelFixture *fixture, const char *device)
{
  return iommud_device_get_state (model_fixture_device (fixture, device));
}

static void
test_container (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container = lease_fixture_container (fixture, lease, DIRTY_A);
  g_autoptr (IommudContainer) other =
      model_fixture_container (fixture, "other", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (GError) error = NULL;
  gboolean bound = FALSE;
  gboolean shared = TRUE;
  int fd;

  assert_n_items (iommud_lease_get_containers (lease), 1);
  g_assert_true (lease_fixture_get_lease_of (fixture, DIRTY_A) == lease);
  lease_fixture_lease_fails (fixture, devices, NULL, IOMMUD_ERROR_BUSY, "belongs to lease vm1");
  fd = iommud_lease_open_device (lease, model_fixture_device (fixture, DIRTY_A), NULL, &bound,
                                 &error);
  g_assert_no_error (error);
  g_assert_true (bound);
  close (fd);
  g_object_get (container, "shared", &shared, NULL);
  g_assert_false (shared);
  fd = iommud_lease_open_iommufd (lease, container, IOMMUD_ACCOUNTING_USER, NULL, &error);
  g_assert_no_error (error);
  close (fd);
  g_object_get (container, "shared", &shared, NULL);
  g_assert_true (shared);
  g_assert_cmpint (iommud_lease_open_iommufd (lease, other, IOMMUD_ACCOUNTING_USER, NULL, &error),
                   ==, -1);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);

  close (guard);
  lease_fixture_wait_for_end (fixture);
  assert_n_items (iommud_host_get_containers (fixture->host), 1);
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
}

/* Whoever has a copy of the context can do away with what is in there. */
static void
test_refresh (ModelFixture *fixture, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container = lease_fixture_container (fixture, lease, DIRTY_A);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  guint32 hwpt_id = iommud_hwpt_get_id (iommud_device_get_hwpt (device));
  IommudMemory *memory = iommud_container_get_memory (container);
  g_autoptr (GError) error = NULL;
  guint64 bytes = 1;
  guint ioas_id = 0;
  int memory_file = memfd_create ("memory", MFD_CLOEXEC);
  int cdev = iommud_lease_open_device (lease, device, NULL, NULL, NULL);
  int iommufd = iommud_lease_open_iommufd (lease, container, IOMMUD_ACCOUNTING_USER, NULL, NULL);

  g_assert_cmpint (ftruncate (memory_file, 65536), ==, 0);
  g_assert_true (call_map_file (container, memory_file, 0, 65536, 0x10000,
                                IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED, NULL, NULL,
                                &error));
  iommud_container_refresh (container, NULL, &error);
  g_assert_no_error (error);
  assert_n_items (iommud_container_get_hwpts (container), 1);
  g_object_get (container, "ioas-id", &ioas_id, NULL);
  g_assert_cmpint (iommud_vfio_detach (syscalls, cdev), ==, 0);
  g_assert_cmpint (iommud_iommufd_destroy (syscalls, iommufd, hwpt_id), ==, 0);
  g_assert_cmpint (iommud_iommufd_ioas_unmap (syscalls, iommufd, ioas_id, 0x10000, 65536), ==, 0);
  iommud_container_refresh (container, NULL, &error);
  g_assert_no_error (error);
  assert_n_items (iommud_container_get_hwpts (container), 0);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_BOUND);
  g_object_get (memory, "mapped-bytes", &bytes, NULL);
  g_assert_cmpuint (bytes, ==, 0);
  close (iommufd);
  close (cdev);
  close (memory_file);
  close (guard);
  lease_fixture_wait_for_end (fixture);
  g_assert_false (iommud_container_refresh (container, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
}

#define GIB (G_GUINT64_CONSTANT (1) << 30)

/* Of a long mapping the first piece is left; and a device that this host has not attached reserves
 * a range. */
static void
test_refresh_part (ModelFixture *fixture, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container = lease_fixture_container (fixture, lease, DIRTY_A);
  IommudMemory *memory = iommud_container_get_memory (container);
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bytes = 0;
  guint32 ioas_id = 0;
  guint32 device_id = 0;
  int memory_file = memfd_create ("memory", MFD_CLOEXEC);
  int cdev =
      iommud_lease_open_device (lease, model_fixture_device (fixture, RESERVED), NULL, NULL, NULL);
  int iommufd = iommud_lease_open_iommufd (lease, container, IOMMUD_ACCOUNTING_USER, NULL, NULL);

  g_assert_cmpint (ftruncate (memory_file, 2 * GIB), ==, 0);
  g_assert_true (call_map_file (container, memory_file, 0, 2 * GIB, 4 * GIB,
                                IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED, NULL, NULL,
                                &error));
  g_object_get (container, "ioas-id", &ioas_id, NULL);
  g_object_get (memory, "iova-ranges", &before, NULL);
  g_assert_cmpint (iommud_iommufd_ioas_unmap (syscalls, iommufd, ioas_id, 5 * GIB, GIB), ==, 0);
  g_assert_cmpint (iommud_vfio_bind_iommufd (syscalls, cdev, iommufd, &device_id), ==, 0);
  g_assert_cmpint (iommud_vfio_attach (syscalls, cdev, &ioas_id), ==, 0);
  iommud_container_refresh (container, NULL, &error);
  g_assert_no_error (error);
  g_object_get (memory, "mapped-bytes", &bytes, "iova-ranges", &after, NULL);
  g_assert_cmpuint (bytes, ==, GIB);
  g_assert_cmpuint (g_variant_n_children (after), >, g_variant_n_children (before));
  close (iommufd);
  close (cdev);
  close (memory_file);
  close (guard);
  lease_fixture_wait_for_end (fixture);
}

static void
read_limit (struct rlimit *limit)
{
  g_assert_cmpint (getrlimit (RLIMIT_MEMLOCK, limit), ==, 0);
}

/* The limit is raised for the process that asks, and only if all else succeeds. */
static void
test_locked_memory (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (IommudLease) lease = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before;
  struct rlimit small = { 4096, 4096 * 4 };
  struct rlimit after;
  guint64 shown = 0;

  read_limit (&before);
  small.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &small), ==, 0);
  g_object_set (options, "locked-memory", G_GUINT64_CONSTANT (8192), NULL);
  model_fixture_inject (fixture, "open-cdev", 1, EIO, 0);
  g_assert_null (iommud_host_lease_devices (fixture->host, devices, options, NULL, NULL, &error));
  g_clear_error (&error);
  read_limit (&after);
  g_assert_cmpuint (after.rlim_cur, ==, 4096);
  lease = iommud_host_lease_devices (fixture->host, devices, options, NULL, NULL, &error);
  g_assert_no_error (error);
  read_limit (&after);
  g_assert_cmpuint (after.rlim_cur, ==, 8192);
  g_object_get (lease, "locked-memory", &shown, NULL);
  g_assert_cmpuint (shown, ==, 8192);
  lease_fixture_wait_for_end (fixture);

  /* One that is higher stays. */
  g_clear_object (&lease);
  g_object_set (options, "locked-memory", G_GUINT64_CONSTANT (4096), NULL);
  lease = iommud_host_lease_devices (fixture->host, devices, options, NULL, NULL, &error);
  g_assert_no_error (error);
  read_limit (&after);
  g_assert_cmpuint (after.rlim_cur, ==, 8192);
  g_assert_cmpuint (after.rlim_max, ==, before.rlim_max);
  lease_fixture_wait_for_end (fixture);

  g_object_set (options, "pid", 1, "owner", getuid () + 1, NULL);
  g_assert_null (iommud_host_lease_devices (fixture->host, devices, options, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, "process 1"));
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &before), ==, 0);
}

/* A process of another user than the test's own; 0: there is no such user here, as in a namespace
 * that has few. */
static pid_t
start_stranger (void)
{
  int ready[2];
  char byte = 0;
  gboolean started;
  pid_t pid;

  g_assert_cmpint (pipe2 (ready, O_CLOEXEC), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      if (setresuid (STRANGER, STRANGER, STRANGER) == 0 && prctl (PR_SET_DUMPABLE, 1) == 0
          && prctl (PR_SET_PDEATHSIG, SIGKILL) == 0 && write (ready[1], &byte, 1) == 1)
        pause ();
      _exit (1);
    }
  close (ready[1]);
  started = read (ready[0], &byte, 1) == 1;
  close (ready[0]);
  if (started)
    return pid;
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  return 0;
}

/* Of this thread, which makes the kernel calls of synchronous operations. */
static void
set_capability (gboolean effective)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2];

  g_assert_cmpint (syscall (SYS_capget, &header, data), ==, 0);
  if (!effective)
    data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
  else
    data[0].effective |= data[0].permitted & (1u << CAP_SYS_RESOURCE);
  g_assert_cmpint (syscall (SYS_capset, &header, data), ==, 0);
}

/* What a service is told that may not raise limits: which option it is, why, and what to do. */
static void
test_locked_memory_not_permitted (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (GError) error = NULL;
  pid_t stranger;

  if (getuid () != 0)
    {
      g_test_skip ("only root can start a process of another user");
      return;
    }
  stranger = start_stranger ();
  if (stranger == 0)
    {
      g_test_skip ("no process of another user can be started");
      return;
    }
  g_object_set (options, "pid", (guint) stranger, "owner", STRANGER, "locked-memory",
                G_GUINT64_CONSTANT (1) << 60, NULL);
  set_capability (FALSE);
  g_assert_null (iommud_host_lease_devices (fixture->host, devices, options, NULL, NULL, &error));
  set_capability (TRUE);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_PERMISSION_DENIED);
  g_assert_true (g_pattern_match_simple ("*RLIMIT_MEMLOCK: *(EPERM): *locked-memory*"
                                         "CAP_SYS_RESOURCE*leave locked-memory out*",
                                         error->message));
  kill (stranger, SIGKILL);
  g_assert_cmpint (waitpid (stranger, NULL, 0), ==, stranger);
}

/* What comes after it may fail. */
static void
test_restored_limit (ModelFixture *fixture, gconstpointer unused)
{
  guint n_files = lease_fixture_count_open_files ();
  IommudMemoryLimit limit = { .process = -1 };
  g_autoptr (GError) error = NULL;
  struct rlimit before;
  struct rlimit small = { .rlim_cur = 4096 };
  struct rlimit after;

  read_limit (&before);
  small.rlim_max = before.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &small), ==, 0);
  iommud_memory_limit_raise (&limit, getpid (), getuid (), 8192, "test", &error);
  g_assert_no_error (error);
  iommud_memory_limit_restore (&limit);
  read_limit (&after);
  g_assert_cmpuint (after.rlim_cur, ==, 4096);
  /* The process has changed it since. */
  iommud_memory_limit_raise (&limit, getpid (), getuid (), 8192, "test", &error);
  g_assert_no_error (error);
  small.rlim_cur = 16384;
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &small), ==, 0);
  iommud_memory_limit_restore (&limit);
  read_limit (&after);
  g_assert_cmpuint (after.rlim_cur, ==, 16384);
  /* It stays raised. */
  small.rlim_cur = 4096;
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &small), ==, 0);
  iommud_memory_limit_raise (&limit, getpid (), getuid (), 8192, "test", &error);
  g_assert_no_error (error);
  iommud_memory_limit_clear (&limit);
  iommud_memory_limit_restore (&limit);
  read_limit (&after);
  g_assert_cmpuint (after.rlim_cur, ==, 8192);
  g_assert_cmpuint (lease_fixture_count_open_files (), ==, n_files);
  g_assert_cmpint (setrlimit (RLIMIT_MEMLOCK, &before), ==, 0);
}

static void
on_created (GObject *host, GAsyncResult *result, gpointer done)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) container G_GNUC_UNUSED =
      iommud_host_create_container_finish (IOMMUD_HOST (host), result, &error);

  g_assert_no_error (error);
  *(gboolean *) done = TRUE;
}

/* A lease that has nothing yet does not go while a container of it is being made. */
static void
test_end_during_creation (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  IommudLease *lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  gboolean done = FALSE;

  g_object_set (options, "lease", lease, NULL);
  model_fixture_inject (fixture, "open-iommufd", 1, 0, 100);
  iommud_host_create_container_async (fixture->host, options, NULL, on_created, &done);
  g_clear_object (&options);
  while (g_main_context_iteration (NULL, FALSE))
    ; /* until it has begun */
  close (guard);
  lease_fixture_wait_for_state (lease, IOMMUD_LEASE_STATE_LINGERING);
  g_object_unref (lease);
  assert_n_items (iommud_host_get_leases (fixture->host), 1);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  lease_fixture_wait_for_end (fixture);
  assert_n_items (iommud_host_get_containers (fixture->host), 0);
}

/* What a client has made of a container, and left behind, keeps neither the container nor its
 * lease. */
static void
test_left_behind (ModelFixture *fixture, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) first = lease_fixture_container (fixture, lease, NULL);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudContainer) second = NULL;
  g_autoptr (GError) error = NULL;
  int cdev =
      iommud_lease_open_device (lease, model_fixture_device (fixture, DIRTY_A), NULL, NULL, NULL);
  int iommufd = iommud_lease_open_iommufd (lease, first, IOMMUD_ACCOUNTING_USER, NULL, NULL);
  IommudContainer *containers[2] = { first };
  gboolean shared = FALSE;
  guint32 device_id = 0;

  g_object_set (options, "lease", lease, "share-context", first, NULL);
  second = iommud_host_create_container (fixture->host, options, NULL, &error);
  g_assert_no_error (error);
  containers[1] = second;
  g_object_get (second, "shared", &shared, NULL);
  g_assert_true (shared);
  g_assert_cmpint (iommud_vfio_bind_iommufd (syscalls, cdev, iommufd, &device_id), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (containers); i++)
    {
      guint ioas_id = 0;
      guint32 hwpt_id = 0;

      g_object_get (containers[i], "ioas-id", &ioas_id, NULL);
      g_assert_cmpint (
          iommud_iommufd_hwpt_alloc (syscalls, iommufd, 0, device_id, ioas_id, &hwpt_id), ==, 0);
    }
  close (cdev);
  close (iommufd);
  close (guard);
  lease_fixture_wait_for_end (fixture);
  assert_n_items (iommud_host_get_containers (fixture->host), 0);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/lease-containers/" path, ModelFixture, NULL, lease_fixture_set_up, func,           \
              lease_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("container", test_container);
  ADD ("end-during-creation", test_end_during_creation);
  ADD ("left-behind", test_left_behind);
  ADD ("refresh", test_refresh);
  ADD ("refresh-part", test_refresh_part);
  ADD ("locked-memory", test_locked_memory);
  ADD ("locked-memory-not-permitted", test_locked_memory_not_permitted);
  ADD ("restored-limit", test_restored_limit);
  return g_test_run ();
}
