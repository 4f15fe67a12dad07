/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of a client's file, mapped into this process for as long as some IOAS refers to it. */
#include "config.h"

#include "iommud-mapped-file.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

struct _IommudMappedFile
{
  gatomicrefcount references;
  void *address;
  gsize length;
};

/* What an off_t holds: it is signed. */
#define MAX_OFFSET (G_GUINT64_CONSTANT (1) << (8 * sizeof (off_t) - 1))

int
iommud_mapped_file_new (const IommudSyscalls *syscalls, int fd, guint64 offset, guint64 length,
                        gboolean writable, IommudMappedFile **file)
{
  int protection = PROT_READ | (writable ? PROT_WRITE : 0);
  IommudMappedFile *self;
  void *address;

  if (length > G_MAXSIZE || offset >= MAX_OFFSET)
    return ENOMEM;
  address = syscalls->mmap (syscalls, NULL, (gsize) length, protection, MAP_SHARED | MAP_NORESERVE,
                            fd, (off_t) offset);
  if (address == MAP_FAILED)
    return errno;

  /* A client's memory has no place in a core dump of this process. Where that cannot be said, the
   * mapping is as good. */
  (void) madvise (address, (gsize) length, MADV_DONTDUMP);
  self = g_new0 (IommudMappedFile, 1);
  g_atomic_ref_count_init (&self->references);
  self->address = address;
  self->length = (gsize) length;
  *file = self;
  return 0;
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
  g_free (self);
}

guint64
iommud_mapped_file_get_address (const IommudMappedFile *self)
{
  return (uintptr_t) self->address;
}
