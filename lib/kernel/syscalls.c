/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real system calls, and how a call of any table is repeated. */
#include "config.h"

#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/tries.h"
#include "kernel/trace.h"

/* Since Linux 5.14; C libraries learned the name later. */
#define ADVICE_POPULATE_WRITE 23
/* What is populated by one call: no call takes long. */
#define POPULATE_PIECE (G_GUINT64_CONSTANT (4) << 20)

static int
fail (int errnum)
{
  errno = errnum;
  return -1;
}

/* Whether sysfs lists the device of this number under the name of the node. */
static gboolean
has_name (const char *path, dev_t device)
{
  g_autofree char *name = g_path_get_basename (path);
  char link[64];
  char target[PATH_MAX];
  const char *slash;
  ssize_t length;

  g_snprintf (link, sizeof link, "/sys/dev/char/%u:%u", major (device), minor (device));
  length = readlink (link, target, sizeof target - 1);
  if (length < 0)
    return FALSE;
  target[length] = '\0';
  slash = strrchr (target, '/');
  return slash != NULL && g_str_equal (slash + 1, name);
}

/* 0, and the number of the device that is open as @fd. */
static int
check_node (int fd, const char *path, dev_t device, dev_t *found)
{
  struct stat status;

  if (fstat (fd, &status) < 0)
    return errno;
  if (S_ISLNK (status.st_mode))
    return ELOOP;
  if (!S_ISCHR (status.st_mode))
    return ENODEV;
  *found = status.st_rdev;
  if (device != 0 ? status.st_rdev != device : !has_name (path, status.st_rdev))
    return ENODEV;
  return 0;
}

/* Opens what @node stands for, and not what may have been put in its place meanwhile. */
static int
reopen (int node, const char *path, dev_t device, int flags)
{
  char link[64];
  dev_t found;
  int errnum;
  int fd;

  g_snprintf (link, sizeof link, "/proc/self/fd/%d", node);
  fd = open (link, flags | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return fail (errno == ENOENT ? ENOSYS : errno);
  errnum = check_node (fd, path, device, &found);
  if (errnum == 0)
    return fd;
  close (fd);
  return fail (errnum);
}

/* The open of a FIFO can block, and that of another device can have effects: so the file is looked
 * at before it is opened, with a descriptor that stands for it but does not open it. */
static int
real_open (const IommudSyscalls *self, const char *path, dev_t device, int flags)
{
  int node = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  dev_t found = 0;
  int errnum;
  int fd;

  if (node < 0)
    return -1;
  errnum = check_node (node, path, device, &found);
  fd = errnum != 0 ? fail (errnum) : reopen (node, path, found, flags);
  errnum = errno;
  close (node);
  return fd < 0 ? fail (errnum) : fd;
}

static int
real_close (const IommudSyscalls *self, int fd)
{
  return close (fd);
}

static int
real_ioctl (const IommudSyscalls *self, int fd, unsigned long request, void *argument)
{
  return ioctl (fd, request, argument);
}

static void *
real_mmap (const IommudSyscalls *self, void *address, size_t length, int protection, int flags,
           int fd, off_t offset)
{
  return mmap (address, length, protection, flags, fd, offset);
}

static int
real_madvise (const IommudSyscalls *self, void *address, size_t length, int advice)
{
  return madvise (address, length, advice);
}

const IommudSyscalls *
iommud_syscalls_get_real (void)
{
  static const IommudSyscalls real = {
    .open = real_open,
    .close = real_close,
    .ioctl = real_ioctl,
    .mmap = real_mmap,
    .madvise = real_madvise,
  };

  return &real;
}

int
iommud_syscalls_open (const IommudSyscalls *self, const char *path, dev_t device, int *fd)
{
  IommudTries tries = { 0 };
  int result;
  int errnum;

  do
    {
      result = self->open (self, path, device, O_RDWR | O_CLOEXEC);
      errnum = result < 0 ? errno : 0;
    }
  while (iommud_tries_go_on (&tries, errnum));

  if (errnum == 0)
    *fd = result;
  return errnum;
}

int
iommud_syscalls_ioctl (const IommudSyscalls *self, int fd, unsigned long request, void *argument)
{
  IommudTries tries = { 0 };
  int errnum;

  /* The kernel undoes a call that it does not end, so the same record may be passed again. */
  do
    errnum = self->ioctl (self, fd, request, argument) < 0 ? errno : 0;
  while (iommud_tries_go_on (&tries, errnum));

  iommud_trace_ioctl (fd, request, argument, errnum);
  return errnum;
}

static int
populate_piece (const IommudSyscalls *self, guint64 first, guint64 length)
{
  IommudTries tries = { 0 };
  int errnum;

  do
    errnum =
        self->madvise (self, (void *) (guintptr) first, (size_t) length, ADVICE_POPULATE_WRITE) < 0
            ? errno
            : 0;
  while (iommud_tries_go_on (&tries, errnum));

  return errnum;
}

int
iommud_syscalls_populate (const IommudSyscalls *self, const void *address, size_t length)
{
  guint64 page = (guint64) getpagesize ();
  guint64 first = (guint64) (guintptr) address & ~(page - 1);
  guint64 end = ((guint64) (guintptr) address + length + (page - 1)) & ~(page - 1);
  int errnum = 0;

  for (; first < end && errnum == 0; first += MIN (POPULATE_PIECE, end - first))
    errnum = populate_piece (self, first, MIN (POPULATE_PIECE, end - first));
  return errnum;
}

const char *
iommud_syscalls_get_open_cause (int errnum)
{
  switch (errnum)
    {
    case EACCES:
      return "opening it needs the rights of root";
    case ELOOP:
      return "it is a symbolic link, which is not followed";
    case ENODEV:
      return "it is not the file of the device that sysfs lists by its name, or the device is gone";
    case ENOSYS:
      return "/proc, which opening it needs, is not mounted";
    default:
      return NULL;
    }
}
