/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real system calls refuse files that are not device files, and leak no file to other
 * programs. */
#include "config.h"

#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

static void
assert_open_fails (Fixture *fixture, const char *path, int errnum)
{
  int fd = -2;

  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, path, &fd), ==, errnum);
  g_assert_cmpint (fd, ==, -2);
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
  g_assert_cmpint (fixture->syscalls->open (fixture->syscalls, fixture->path, O_RDONLY), ==, -1);
  g_assert_cmpint (errno, ==, ENODEV);
}

static void
test_device (Fixture *fixture, gconstpointer data)
{
  int fd = -1;
  int length;

  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, "/dev/null", &fd), ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDWR);
  g_assert_cmpint (iommud_syscalls_ioctl (fixture->syscalls, fd, FIONREAD, &length), ==, ENOTTY);
  g_assert_cmpint (fixture->syscalls->close (fixture->syscalls, fd), ==, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, -1);
  g_assert_cmpint (iommud_syscalls_ioctl (fixture->syscalls, fd, FIONREAD, &length), ==, EBADF);
}

static void
test_mmap (Fixture *fixture, gconstpointer data)
{
  int fd = -1;

  g_assert_cmpint (iommud_syscalls_open (fixture->syscalls, "/dev/zero", &fd), ==, 0);

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
  ADD ("/kernel/syscalls/mmap", test_mmap);
  return g_test_run ();
}
