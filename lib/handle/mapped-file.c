/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of clients' files, mapped into this process for as long as some IOAS refers to them. */
#include "config.h"

#include "handle/mapped-file.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/error.h"

/* Linux lets a process have 65530 mappings unless told otherwise, and 128 TiB of addresses. A
 * process that has none left cannot even allocate memory, so clients get a part of both. */
#define MAX_FILES 49152
#define MAX_BYTES (G_MAXSIZE > G_MAXUINT32 ? G_GUINT64_CONSTANT (1) << 46 : 1u << 31)

struct _IommudMappedFiles
{
  gatomicrefcount references;
  GMutex lock;
  guint count;
  guint64 bytes;
};

struct _IommudMappedFile
{
  gatomicrefcount references;
  IommudMappedFiles *files;
  void *address;
  gsize length;
};

IommudMappedFiles *
iommud_mapped_files_new (void)
{
  IommudMappedFiles *self = g_new0 (IommudMappedFiles, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  return self;
}

IommudMappedFiles *
iommud_mapped_files_ref (IommudMappedFiles *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_mapped_files_unref (IommudMappedFiles *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gboolean
take_room (IommudMappedFiles *self, guint64 length)
{
  gboolean fits;

  g_mutex_lock (&self->lock);
  fits = self->count < MAX_FILES && length <= MAX_BYTES && self->bytes <= MAX_BYTES - length;
  if (fits)
    {
      self->count++;
      self->bytes += length;
    }
  g_mutex_unlock (&self->lock);
  return fits;
}

static void
give_room (IommudMappedFiles *self, guint64 length)
{
  g_mutex_lock (&self->lock);
  self->count--;
  self->bytes -= length;
  g_mutex_unlock (&self->lock);
}

static gboolean
map_address (IommudMappedFile *self, const IommudKernelAccess *access, int fd, guint64 offset,
             gboolean writable, GError **error)
{
  int protection = PROT_READ | (writable ? PROT_WRITE : 0);

  self->address = access->syscalls->mmap (access->syscalls, NULL, self->length, protection,
                                          MAP_SHARED | MAP_NORESERVE, fd, (off_t) offset);
  if (self->address == MAP_FAILED)
    {
      iommud_error_set_from_errno (error, -1, access->what, "mmap of the file", errno,
                                   errno == EAGAIN ? "too much memory is locked" : NULL);
      return FALSE;
    }
  /* A client's memory has no place in a core dump of this process. If the kernel refuses to leave
   * it out, the mapping is still of use. */
  (void) madvise (self->address, self->length, MADV_DONTDUMP);
  return TRUE;
}

gboolean
iommud_mapped_file_new (IommudMappedFiles *files, const IommudKernelAccess *access, int fd,
                        guint64 offset, guint64 length, gboolean writable, IommudMappedFile **file,
                        GError **error)
{
  IommudMappedFile *self;

  if (!take_room (files, length))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                   "Cannot %s: on this kernel, the files of all containers can have at most %u "
                   "mappings and %#" G_GINT64_MODIFIER "x bytes mapped at a time",
                   access->what, MAX_FILES, (guint64) MAX_BYTES);
      return FALSE;
    }
  self = g_new0 (IommudMappedFile, 1);
  self->length = (gsize) length;
  if (!map_address (self, access, fd, offset, writable, error))
    {
      give_room (files, length);
      g_free (self);
      return FALSE;
    }
  g_atomic_ref_count_init (&self->references);
  self->files = iommud_mapped_files_ref (files);
  *file = self;
  return TRUE;
}

IommudMappedFile *
iommud_mapped_file_ref (IommudMappedFile *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_mapped_file_unref (IommudMappedFile *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  if (munmap (self->address, self->length) < 0)
    g_warning ("munmap of a file that was mapped: %s", g_strerror (errno));
  give_room (self->files, self->length);
  iommud_mapped_files_unref (self->files);
  g_free (self);
}

guint64
iommud_mapped_file_get_address (const IommudMappedFile *self)
{
  return (uintptr_t) self->address;
}
