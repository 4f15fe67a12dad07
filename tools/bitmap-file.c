/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that dirty bitmaps are written to. */
#include "config.h"

#include "bitmap-file.h"

#include "exit-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct _IommuctlBitmapFile
{
  char *path;
  char *new_path; /* what takes the path's place at the end; NULL: written in place */
  int file;
  guint64 length;
};

static gboolean
fail (IommuctlBitmapFile *self, int errnum, GError **error)
{
  g_set_error (error, IOMMUCTL_ERROR,
               errnum == ENOSPC || errnum == EDQUOT ? IOMMUCTL_EXIT_LIMITS : IOMMUCTL_EXIT_FAILED,
               _ ("Cannot write the dirty bitmap to '%s': %s"), self->path, g_strerror (errnum));
  return FALSE;
}

/* A pipe or a device cannot be replaced, and needs no room. */
static gboolean
is_replaceable (const char *path)
{
  GStatBuf status;

  return *path != '\0' && (g_lstat (path, &status) != 0 || S_ISREG (status.st_mode));
}

static int
open_new (IommuctlBitmapFile *self)
{
  mode_t mask = umask (0);
  int file = -1;

  umask (mask);
  self->new_path = g_strconcat (self->path, ".XXXXXX", NULL);
  file = g_mkstemp_full (self->new_path, O_WRONLY | O_CLOEXEC, 0666 & ~mask);
  if (file < 0)
    g_clear_pointer (&self->new_path, g_free);
  return file;
}

IommuctlBitmapFile *
iommuctl_bitmap_file_new (const char *path, guint64 size, GError **error)
{
  g_autoptr (IommuctlBitmapFile) self = g_new0 (IommuctlBitmapFile, 1);
  int errnum = 0;

  self->path = g_strdup (path);
  self->file =
      is_replaceable (path) ? open_new (self) : g_open (path, O_WRONLY | O_CLOEXEC | O_TRUNC, 0);
  if (self->file < 0)
    errnum = errno;
  else if (self->new_path != NULL && size > 0)
    errnum = posix_fallocate (self->file, 0, size);
  if (errnum == 0)
    return g_steal_pointer (&self);
  fail (self, errnum, error);
  return NULL;
}

gboolean
iommuctl_bitmap_file_write (IommuctlBitmapFile *self, GBytes *bytes, GError **error)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      ssize_t written = write (self->file, data, size);

      if (written < 0 && errno != EINTR)
        return fail (self, errno, error);
      if (written <= 0)
        continue;
      data += written;
      size -= written;
      self->length += written;
    }
  return TRUE;
}

gboolean
iommuctl_bitmap_file_close (IommuctlBitmapFile *self, GError **error)
{
  if (self->new_path == NULL || self->length == 0)
    return TRUE;
  if (ftruncate (self->file, self->length) != 0 || fsync (self->file) != 0
      || g_rename (self->new_path, self->path) != 0)
    return fail (self, errno, error);
  g_clear_pointer (&self->new_path, g_free);
  return TRUE;
}

void
iommuctl_bitmap_file_free (IommuctlBitmapFile *self)
{
  if (self->new_path != NULL)
    g_unlink (self->new_path);
  if (self->file >= 0)
    close (self->file);
  g_free (self->new_path);
  g_free (self->path);
  g_free (self);
}

const char *
iommuctl_bitmap_file_get_path (IommuctlBitmapFile *self)
{
  return self->path;
}
