/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The seam to the kernel: four system calls, with either Linux or the simulated host below them. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _IommudSyscalls IommudSyscalls;

/* Each member answers as the system call of its name does: -1 (or MAP_FAILED) and errno on failure.
 * All are safe to call from any thread, and all except open may take seconds. */
struct _IommudSyscalls
{
  int (*open) (const IommudSyscalls *self, const char *path, int flags);
  int (*close) (const IommudSyscalls *self, int fd);
  int (*ioctl) (const IommudSyscalls *self, int fd, unsigned long request, void *argument);
  void *(*mmap) (const IommudSyscalls *self, void *address, size_t length, int protection,
                 int flags, int fd, off_t offset);
  gpointer data;
};

/* The real system calls. Opening refuses symbolic links (ELOOP) and anything but a character device
 * (ENODEV); programs that are started later do not inherit the file. */
const IommudSyscalls *iommud_syscalls_get_real (void);

/* The calls of a table, repeated after a signal: 0 (and, for open, @fd) or a positive errno.
 */
int iommud_syscalls_open (const IommudSyscalls *self, const char *path, int *fd);
int iommud_syscalls_ioctl (const IommudSyscalls *self, int fd, unsigned long request,
                           void *argument);

G_END_DECLS
