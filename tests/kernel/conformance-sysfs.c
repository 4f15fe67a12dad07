/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing to this machine's sysfs, also in a process of its own. */
#include "config.h"

#include "conformance-sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int
conformance_sysfs_write (const char *path, const char *value)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  int errnum = 0;

  if (fd < 0)
    return errno;
  if (write (fd, value, strlen (value)) < 0)
    errnum = errno;
  close (fd);
  return errnum;
}

int
conformance_sysfs_write_attribute (const char *folder, const char *attribute, const char *value)
{
  g_autofree char *path = g_build_filename (folder, attribute, NULL);

  return conformance_sysfs_write (path, value);
}

/* In a process of its own without any of our files: the kernel may wait for their last close. */
int
conformance_sysfs_start_writer (pid_t *writer, const char *path, const char *value)
{
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return ENOENT;
  *writer = fork ();
  if (*writer < 0)
    return errno;
  if (*writer == 0)
    {
      syscall (SYS_close_range, 3u, G_MAXUINT, 0u);
      _exit (conformance_sysfs_write (path, value));
    }
  return 0;
}
