/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty bitmap of an IOVA range as the service sends it. */
#include "config.h"

#include "bitmap.h"

#include "exit-status.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <inttypes.h>

#define BITS_OF_WORD 64

IommuctlBitmap *
iommuctl_bitmap_new (IommuctlRange range, guint64 page_size, GBytes *words)
{
  IommuctlBitmap *self = g_new0 (IommuctlBitmap, 1);

  self->range = range;
  self->page_size = page_size;
  self->words = g_bytes_ref (words);
  return self;
}

void
iommuctl_bitmap_free (IommuctlBitmap *self)
{
  g_bytes_unref (self->words);
  g_free (self);
}

guint64
iommuctl_bitmap_size_for (IommuctlRange range, guint64 page_size)
{
  guint64 last_page = (range.last - range.first) / page_size;

  return (last_page / BITS_OF_WORD + 1) * sizeof (guint64);
}

static IommuctlBitmap *
new_from_file (IommuctlRange range, guint64 page_size, int file, GError **error)
{
  g_autoptr (GMappedFile) mapping = g_mapped_file_new_from_fd (file, FALSE, error);
  guint64 needed = iommuctl_bitmap_size_for (range, page_size);
  g_autoptr (GBytes) all = NULL;
  g_autoptr (GBytes) words = NULL;

  if (mapping == NULL)
    return NULL;
  if (g_mapped_file_get_length (mapping) < needed)
    {
      g_set_error (
          error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED,
          _ ("The service has sent a dirty bitmap of %zu bytes; %" PRIu64 " were asked for"),
          g_mapped_file_get_length (mapping), needed);
      return NULL;
    }
  all = g_mapped_file_get_bytes (mapping);
  words = g_bytes_new_from_bytes (all, 0, needed);
  return iommuctl_bitmap_new (range, page_size, words);
}

IommuctlBitmap *
iommuctl_bitmap_new_from_reply (IommuctlRange range, guint64 page_size, GVariant *handle,
                                GUnixFDList *files, GError **error)
{
  IommuctlBitmap *self = NULL;
  int file = -1;

  if (files == NULL)
    {
      g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED,
                           _ ("The service has sent no dirty bitmap"));
      return NULL;
    }
  file = g_unix_fd_list_get (files, g_variant_get_handle (handle), error);
  if (file < 0)
    return NULL;
  self = new_from_file (range, page_size, file, error);
  g_close (file, NULL);
  return self;
}

/* The bits of a word from the first to the last, both included. */
static guint64
mask_between (guint first, guint last)
{
  return (G_MAXUINT64 << first) & (G_MAXUINT64 >> (BITS_OF_WORD - 1 - last));
}

guint64
iommuctl_bitmap_count (const IommuctlBitmap *self, IommuctlRange window)
{
  const guint64 *words = g_bytes_get_data (self->words, NULL);
  guint64 first = MAX (self->range.first, window.first);
  guint64 last = MIN (self->range.last, window.last);
  guint64 n_dirty = 0;

  if (first > last)
    return 0;
  first = (first - self->range.first) / self->page_size;
  last = (last - self->range.first) / self->page_size;
  for (guint64 i = first / BITS_OF_WORD; i <= last / BITS_OF_WORD; i++)
    {
      guint low = i == first / BITS_OF_WORD ? first % BITS_OF_WORD : 0;
      guint high = i == last / BITS_OF_WORD ? last % BITS_OF_WORD : BITS_OF_WORD - 1;

      n_dirty += __builtin_popcountll (GUINT64_FROM_LE (words[i]) & mask_between (low, high));
    }
  return n_dirty;
}
