/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file whose memory is to be mapped. What kind of file it is comes first: an error about its
 * size or its rights would lead astray if it is no memory at all. */
#include "config.h"

#include "memory-file.h"

#include "exit-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static gboolean
fail_to_open (const char *path, int errnum, GError **error)
{
  IommuctlExitStatus status = IOMMUCTL_EXIT_FAILED;

  if (errnum == ENOENT || errnum == ENOTDIR)
    status = IOMMUCTL_EXIT_NOT_FOUND;
  else if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
    status = IOMMUCTL_EXIT_NOT_AUTHORIZED;
  g_set_error (error, IOMMUCTL_ERROR, status, _ ("Cannot open '%s': %s"), path,
               g_strerror (errnum));
  return FALSE;
}

static gboolean
refuse (const char *path, const char *what_it_is, GError **error)
{
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("'%s' %s: only a memfd or a file on tmpfs or hugetlbfs can be mapped"), path,
               what_it_is);
  return FALSE;
}

/* Looking at a path opens nothing: no device, and no pipe that would wait. */
static gboolean
check_kind (const char *path, guint64 *size, GError **error)
{
  struct stat status;
  struct statfs file_system;

  if (stat (path, &status) != 0)
    return fail_to_open (path, errno, error);
  if (!S_ISREG (status.st_mode))
    return refuse (path, _ ("is not a regular file"), error);
  if (statfs (path, &file_system) != 0)
    return fail_to_open (path, errno, error);
  if ((guint32) file_system.f_type != TMPFS_MAGIC
      && (guint32) file_system.f_type != HUGETLBFS_MAGIC)
    return refuse (path, _ ("is not a memory file"), error);
  *size = status.st_size;
  return TRUE;
}

int
iommuctl_memory_file_open (const char *path, gboolean writable, guint64 *size, GError **error)
{
  int file = -1;

  if (!check_kind (path, size, error))
    return -1;
  file = g_open (path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
  if (file < 0)
    fail_to_open (path, errno, error);
  return file;
}
