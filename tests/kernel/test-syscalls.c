/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real system calls open the file of the right device and nothing else, and leak no file to
 * other programs. */
#include "config.h"

#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NULL_DEVICE makedev (1, 3)

/* What was opened, apart from what was only looked at, and what comes instead of it. */
static struct
{
  guint n;
  char path[64];
  const char *instead;
} opened;

/* These stand before the functions of the C library, which has one more for checked calls. */
int watched_open (const char *path, int flags, mode_t mode) __asm__("open");
int watched_open_2 (const char *path, int flags) __asm__("__open_2");

int
watched_open (const char *path, int flags, mode_t mode)
{
  if ((flags & O_PATH) == 0)
    {
      opened.n++;
      g_strlcpy (opened.path, path, sizeof opened.path);
      if (opened.instead != NULL)
        path = opened.instead;
    }
  return (int) syscall (SYS_openat, AT_FDCWD, path, flags, (flags & O_CREAT) != 0 ? mode : 0);
}

int
watched_open_2 (const char *path, int flags)
{
  return watched_open (path, flags, 0);
}

static guint
count_open_files (void)
{
  g_autoptr (GDir) files = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (files) != NULL)
    n++;
  return n;
}

typedef struct
{
  const IommudSyscalls *syscalls;
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->syscalls = iommud_syscalls_get_real ();
  fixture->folder = g_dir_make_tmp ("iommud-syscalls-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->folder, "node", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->path);
  g_free (fixture->folder);
}

/* Nothing was opened, not even for a moment, and no file is left. */
static void
assert_refused (Fixture *fixture, const char *path, dev_t device, int errnum)
{
  guint n_files = count_open_files ();
  int fd = -2;

  opened.n = 0;
  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, path, device, &fd), ==, errnum);
  g_assert_cmpint (fd, ==, -2);
  g_assert_cmpuint (opened.n, ==, 0);
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

static void
assert_open_fails (Fixture *fixture, const char *path, int errnum)
{
  assert_refused (fixture, path, 0, errnum);
  assert_refused (fixture, path, NULL_DEVICE, errnum);
}

static void
test_symbolic_link (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (symlink ("/dev/null", fixture->path), ==, 0);
  assert_open_fails (fixture, fixture->path, ELOOP);
}

static void
test_other_files (Fixture *fixture, gconstpointer data)
{
  assert_open_fails (fixture, fixture->path, ENOENT);
  assert_open_fails (fixture, fixture->folder, ENODEV);
  g_assert_true (g_file_set_contents (fixture->path, "text", -1, NULL));
  assert_open_fails (fixture, fixture->path, ENODEV);
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  /* A FIFO would block a plain open for ever. */
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_cmpint (fixture->syscalls->open (fixture->syscalls, fixture->path, 0, O_RDONLY), ==, -1);
  g_assert_cmpint (errno, ==, ENODEV);
  assert_open_fails (fixture, fixture->path, ENODEV);
}

static void
test_device (Fixture *fixture, gconstpointer data)
{
  int fd = -1;
  int length;

  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, "/dev/null", NULL_DEVICE, &fd), ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDWR);
  g_assert_cmpint (iommud_syscalls_ioctl (fixture->syscalls, fd, FIONREAD, &length), ==, ENOTTY);
  g_assert_cmpint (fixture->syscalls->close (fixture->syscalls, fd), ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  g_assert_cmpint (iommud_syscalls_ioctl (fixture->syscalls, fd, FIONREAD, &length), ==, EBADF);
}

/* A file that the kernel would open, and that another number or name belongs to. */
static void
test_other_device (Fixture *fixture, gconstpointer data)
{
  int terminal = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  assert_refused (fixture, "/dev/zero", NULL_DEVICE, ENODEV);
  g_assert_cmpint (terminal, >=, 0);
  g_assert_cmpint (grantpt (terminal), ==, 0);
  g_assert_cmpint (unlockpt (terminal), ==, 0);
  assert_refused (fixture, ptsname (terminal), 0, ENODEV);
  close (terminal);
}

static void
test_named_device (Fixture *fixture, gconstpointer data)
{
  int fd = -1;

  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, "/dev/null", 0, &fd), ==, 0);
  g_assert_cmpint (fixture->syscalls->close (fixture->syscalls, fd), ==, 0);
}

/* What is opened is what was looked at, whatever has the name by then; and it is looked at again.
 */
static void
test_swapped (Fixture *fixture, gconstpointer data)
{
  guint n_files = count_open_files ();
  int fd = -2;

  opened.n = 0;
  opened.instead = "/dev/zero";
  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, "/dev/null", NULL_DEVICE, &fd), ==,
                   ENODEV);
  opened.instead = NULL;
  g_assert_cmpint (fd, ==, -2);
  g_assert_cmpuint (opened.n, ==, 1);
  g_assert_true (g_str_has_prefix (opened.path, "/proc/self/fd/"));
  g_assert_cmpuint (count_open_files (), ==, n_files);
}

static void
test_causes (void)
{
  g_assert_nonnull (strstr (iommud_syscalls_get_open_cause (EACCES), "root"));
  g_assert_nonnull (strstr (iommud_syscalls_get_open_cause (ELOOP), "symbolic link"));
  g_assert_nonnull (strstr (iommud_syscalls_get_open_cause (ENODEV), "sysfs"));
  g_assert_nonnull (strstr (iommud_syscalls_get_open_cause (ENOSYS), "/proc"));
  g_assert_null (iommud_syscalls_get_open_cause (EMFILE));
}

static void
test_mmap (Fixture *fixture, gconstpointer data)
{
  int fd = -1;

  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, "/dev/zero", makedev (1, 5), &fd), ==,
                   0);

  char *memory = fixture->syscalls->mmap (fixture->syscalls, NULL, 4096, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE, fd, 0);

  g_assert_true (memory != MAP_FAILED);
  g_assert_cmpint (memory[4095], ==, 0);
  g_assert_cmpint (munmap (memory, 4096), ==, 0);
  g_assert_cmpint (fixture->syscalls->close (fixture->syscalls, fd), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  ADD ("/kernel/syscalls/symbolic-link", test_symbolic_link);
  ADD ("/kernel/syscalls/other-files", test_other_files);
  ADD ("/kernel/syscalls/device", test_device);
  ADD ("/kernel/syscalls/other-device", test_other_device);
  ADD ("/kernel/syscalls/named-device", test_named_device);
  ADD ("/kernel/syscalls/swapped", test_swapped);
  g_test_add_func ("/kernel/syscalls/causes", test_causes);
  ADD ("/kernel/syscalls/mmap", test_mmap);
  return g_test_run ();
}
