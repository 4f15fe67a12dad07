/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seam to the kernel: five system calls, with either Linux or the simulated host below them. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _IommudSyscalls IommudSyscalls;

/* Each member answers as the system call of its name does: -1 (or MAP_FAILED) and errno on failure.
 * All are safe to call from any thread, and all except open may take seconds. The file that is
 * opened is that of @device, its number; if that is 0, of the device that sysfs knows by the last
 * part of @path. */
struct _IommudSyscalls
{
  int (*open) (const IommudSyscalls *self, const char *path, dev_t device, int flags);
  int (*close) (const IommudSyscalls *self, int fd);
  int (*ioctl) (const IommudSyscalls *self, int fd, unsigned long request, void *argument);
  void *(*mmap) (const IommudSyscalls *self, void *address, size_t length, int protection,
                 int flags, int fd, off_t offset);
  int (*madvise) (const IommudSyscalls *self, void *address, size_t length, int advice);
  gpointer data;
};

/* The real system calls. What would be another file is not opened: a symbolic link (ELOOP),
 * anything but a character device (ENODEV), another device (ENODEV). Programs that are started
 * later do not inherit the file. */
const IommudSyscalls *iommud_syscalls_get_real (void);

/* The calls of a table: 0 (and, for open, @fd) or a positive errno. After EINTR and EAGAIN they are
 * repeated, but neither often nor for long; a call that is still not answered then ends with that
 * errno. */
int iommud_syscalls_open (const IommudSyscalls *self, const char *path, dev_t device, int *fd);
int iommud_syscalls_ioctl (const IommudSyscalls *self, int fd, unsigned long request,
                           void *argument);

/* Makes memory present that is mapped for writing, a piece at a time. Calls that the kernel is
 * asked to write to it can then no longer fail for want of memory. 0, or the errno of the first
 * piece that could not be populated. */
int iommud_syscalls_populate (const IommudSyscalls *self, const void *address, size_t length);

/* The cause of an errno of iommud_syscalls_open(); NULL if the errno says it all. */
const char *iommud_syscalls_get_open_cause (int errnum);

G_END_DECLS
