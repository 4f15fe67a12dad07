/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty bitmap that a caller gets: a memfd that is filled in place and sealed. */
#include "config.h"

#include "dirty/bitmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/tries.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define CHUNK (256 * 1024)
#define HEX "%#" G_GINT64_MODIFIER "x"

static gboolean
refuse (const char *what, const char *cause, GError **error)
{
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "Cannot %s: %s", what, cause);
  return FALSE;
}

static gboolean
check_page_size (guint64 page_size, const char *what, GError **error)
{
  if (page_size >= IOMMUD_DIRTY_BITMAP_SMALLEST_PAGE && (page_size & (page_size - 1)) == 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: the page size is " HEX ": it must be a power of two and at least %d",
               what, page_size, (int) IOMMUD_DIRTY_BITMAP_SMALLEST_PAGE);
  return FALSE;
}

gboolean
iommud_dirty_bitmap_check (guint64 iova, guint64 length, guint64 page_size, const char *what,
                           GError **error)
{
  if (!check_page_size (page_size, what, error))
    return FALSE;
  if (length == 0)
    return refuse (what, "its length is 0", error);
  if (iova % page_size != 0 || length % page_size != 0)
    return refuse (what, "IOVA and length must be multiples of the bitmap's page size", error);
  if (length - 1 > G_MAXUINT64 - iova)
    return refuse (what, "it would end beyond the last 64-bit address", error);
  if (length / page_size <= IOMMUD_DIRTY_BITMAP_LIMIT * 8)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Cannot %s: its bitmap would have %" G_GUINT64_FORMAT
               " bytes and the limit is %" G_GUINT64_FORMAT
               " (128 MiB): ask for a part of the range, or for larger pages",
               what, (guint64) (length / page_size / 8), IOMMUD_DIRTY_BITMAP_LIMIT);
  return FALSE;
}

static gsize
get_size (const IommudDirtyBitmap *self)
{
  return iommud_dirty_bits_get_size (self->bits.n_bits);
}

static void
unmap (IommudDirtyBitmap *self)
{
  if (self->bits.words != NULL)
    munmap (self->bits.words, get_size (self));
  self->bits.words = NULL;
}

static gboolean
map (IommudDirtyBitmap *self, int protection)
{
  void *words = mmap (NULL, get_size (self), protection, MAP_SHARED, self->fd, 0);

  self->bits.words = words != MAP_FAILED ? words : NULL;
  return self->bits.words != NULL;
}

static gboolean
fail (IommudDirtyBitmap *self, const char *what, const char *step, GError **error)
{
  int errnum = errno;

  iommud_dirty_bitmap_clear (self);
  iommud_error_set_from_errno (error, errnum == ENOSPC ? (int) IOMMUD_ERROR_NO_MEMORY : -1, what,
                               step, errnum, NULL);
  return FALSE;
}

gboolean
iommud_dirty_bitmap_open (IommudDirtyBitmap *self, guint64 iova, guint64 length, guint64 page_size,
                          const char *what, GError **error)
{
  IommudTries tries = { 0 };
  int errnum;

  self->bits = (IommudDirtyBits){ .iova = iova,
                                  .page_size = page_size,
                                  .n_bits = (length - 1) / page_size + 1 };
  self->fd = memfd_create ("iommud-dirty-bitmap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (self->fd < 0)
    return fail (self, what, "memfd_create for the dirty bitmap", error);
  do
    errnum = posix_fallocate (self->fd, 0, (off_t) get_size (self));
  while (iommud_tries_go_on (&tries, errnum));
  if (errnum != 0)
    {
      errno = errnum;
      return fail (self, what, "memory for the dirty bitmap", error);
    }
  if (!map (self, PROT_READ | PROT_WRITE))
    return fail (self, what, "mmap of the dirty bitmap", error);
  return TRUE;
}

/* Most of a bitmap is clean: eight words are tested at once. */
static guint64
count_words (const guint64 *words, gsize n_words)
{
  guint64 sum = 0;

  for (gsize i = 0; i < n_words; i += 8)
    {
      guint64 any = 0;
      gsize end = MIN (n_words, i + 8);

      for (gsize j = i; j < end; j++)
        any |= words[j];
      for (gsize j = i; any != 0 && j < end; j++)
        sum += (guint64) __builtin_popcountll (words[j]);
    }
  return sum;
}

/* The words are read from the file, because each page of it would cost a page fault if they were
 * looked at in place. */
static gboolean
count (const IommudDirtyBitmap *self, guint64 *dirty_pages)
{
  g_autofree guint64 *words = g_malloc (CHUNK);
  gsize size = get_size (self);
  gssize length = 0;

  *dirty_pages = 0;
  for (gsize done = 0; done < size; done += (gsize) length)
    {
      IommudTries tries = { 0 };

      do
        length = pread (self->fd, words, MIN (CHUNK, size - done), (off_t) done);
      while (iommud_tries_go_on (&tries, length < 0 ? errno : 0));
      if (length <= 0)
        return FALSE;
      *dirty_pages += count_words (words, (gsize) length / sizeof *words);
    }
  return TRUE;
}

gboolean
iommud_dirty_bitmap_seal (IommudDirtyBitmap *self, guint64 *dirty_pages, const char *what,
                          GError **error)
{
  int errnum;

  unmap (self);
  if (fcntl (self->fd, F_ADD_SEALS, SEALS) == 0 && count (self, dirty_pages))
    return TRUE;
  errnum = errno;
  map (self, PROT_READ);
  iommud_error_set_from_errno (error, -1, what, "sealing and counting the dirty bitmap", errnum,
                               NULL);
  return FALSE;
}

gboolean
iommud_dirty_bitmap_look (IommudDirtyBitmap *self)
{
  return map (self, PROT_READ);
}

int
iommud_dirty_bitmap_steal_fd (IommudDirtyBitmap *self)
{
  int fd = self->fd;

  self->fd = -1;
  return fd;
}

void
iommud_dirty_bitmap_clear (IommudDirtyBitmap *self)
{
  unmap (self);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}
