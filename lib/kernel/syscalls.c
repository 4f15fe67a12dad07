/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The real system calls, and how a call of any table is repeated after a signal. */
#include "config.h"

#include "kernel/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check_is_device (const struct stat *status)
{
  if (S_ISLNK (status->st_mode))
    return ELOOP;
  return S_ISCHR (status->st_mode) ? 0 : ENODEV;
}

static int
fail (int errnum)
{
  errno = errnum;
  return -1;
}

static int
real_open (const IommudSyscalls *self, const char *path, int flags)
{
  struct stat status;
  int errnum;

  /* Also checked before: opening a FIFO or another file by mistake can block or have effects. */
  if (lstat (path, &status) < 0)
    return -1;
  errnum = check_is_device (&status);
  if (errnum != 0)
    return fail (errnum);

  int fd = open (path, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

  if (fd < 0)
    return -1;
  errnum = fstat (fd, &status) < 0 ? errno : check_is_device (&status);
  if (errnum == 0)
    return fd;
  close (fd);
  return fail (errnum);
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

const IommudSyscalls *
iommud_syscalls_get_real (void)
{
  static const IommudSyscalls real = {
    .open = real_open,
    .close = real_close,
    .ioctl = real_ioctl,
    .mmap = real_mmap,
  };

  return &real;
}

int
iommud_syscalls_open (const IommudSyscalls *self, const char *path, int *fd)
{
  int result;

  do
    result = self->open (self, path, O_RDWR | O_CLOEXEC);
  while (result < 0 && errno == EINTR);

  if (result < 0)
    return errno;
  *fd = result;
  return 0;
}

int
iommud_syscalls_ioctl (const IommudSyscalls *self, int fd, unsigned long request, void *argument)
{
  int result;

  /* The kernel undoes an interrupted call completely, so the same record may be passed again. */
  do
    result = self->ioctl (self, fd, request, argument);
  while (result < 0 && errno == EINTR);

  return result < 0 ? errno : 0;
}
