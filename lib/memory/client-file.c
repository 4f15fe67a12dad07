/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files and which parts of them may be mapped. */
#include "config.h"

#include "memory/client-file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NOT_MEMORY                                                                                 \
  "the file must be a memfd, or a regular file on tmpfs or hugetlbfs: it is neither"

static gboolean
refuse (const char *what, const char *cause, GError **error)
{
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "Cannot %s: %s", what, cause);
  return FALSE;
}

static gboolean
check_open (int file, int *mode, const char *what, GError **error)
{
  int status = fcntl (file, F_GETFL);

  if (status < 0)
    {
      iommud_error_set_from_errno (error, IOMMUD_ERROR_INVALID_ARGUMENT, what, "the file", errno,
                                   NULL);
      return FALSE;
    }
  if ((status & O_PATH) != 0)
    return refuse (what, "the file is open only as a path (O_PATH)", error);
  *mode = status & O_ACCMODE;
  return TRUE;
}

static gboolean
check_access (int mode, int seals, IommudMapFlags flags, const char *what, GError **error)
{
  if (mode == O_WRONLY)
    return refuse (what, "the file is not open for reading", error);
  if ((flags & IOMMUD_MAP_FLAGS_WRITABLE) == 0)
    return TRUE;
  if (mode == O_RDONLY)
    return refuse (what, "the file is open read-only, and the mapping is to be writable", error);
  if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0)
    return refuse (what, "the file is sealed against writing, and the mapping is to be writable",
                   error);
  return TRUE;
}

static gboolean
is_memory (int file, struct stat *status, struct statfs *file_system)
{
  if (fstat (file, status) < 0 || !S_ISREG (status->st_mode) || fstatfs (file, file_system) < 0)
    return FALSE;
  return (guint32) file_system->f_type == TMPFS_MAGIC
         || (guint32) file_system->f_type == HUGETLBFS_MAGIC;
}

static gboolean
check_range (const struct stat *status, const struct statfs *file_system, guint64 offset,
             guint64 length, const char *what, GError **error)
{
  guint64 page = (guint32) file_system->f_type == HUGETLBFS_MAGIC ? (guint64) file_system->f_bsize
                                                                  : (guint64) getpagesize ();
  guint64 size = (guint64) status->st_size;

  if (offset % page != 0 || length % page != 0)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot %s: file offset %#" G_GINT64_MODIFIER "x and length must be multiples "
                   "of the file's page size, %#" G_GINT64_MODIFIER "x",
                   what, offset, page);
      return FALSE;
    }
  if (offset <= size && length <= size - offset)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: from file offset %#" G_GINT64_MODIFIER "x it would go past the end of "
               "the file, %#" G_GINT64_MODIFIER "x",
               what, offset, size);
  return FALSE;
}

gboolean
iommud_client_file_check (int file, guint64 offset, guint64 length, IommudMapFlags flags,
                          const char *what, GError **error)
{
  struct stat status;
  struct statfs file_system;
  int mode = -1;
  int seals;

  if (!check_open (file, &mode, what, error))
    return FALSE;
  /* Only files of tmpfs and hugetlbfs have seals. A question to another file system may wait for a
   * server that does not answer, so the kind of file is checked first. */
  seals = fcntl (file, F_GET_SEALS);
  if (seals < 0 || !is_memory (file, &status, &file_system))
    return refuse (what, NOT_MEMORY, error);
  return check_access (mode, seals, flags, what, error)
         && check_range (&status, &file_system, offset, length, what, error);
}
