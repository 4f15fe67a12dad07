/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty bitmap that a caller gets: a memfd that is filled in place and sealed. */
#pragma once

#include "dirty/bits.h"

G_BEGIN_DECLS

/* The smallest page that a bit may stand for, and the largest bitmap. */
#define IOMMUD_DIRTY_BITMAP_SMALLEST_PAGE G_GUINT64_CONSTANT (512)
#define IOMMUD_DIRTY_BITMAP_LIMIT (G_GUINT64_CONSTANT (128) << 20)

typedef struct
{
  int fd; /* -1: none */
  IommudDirtyBits bits;
} IommudDirtyBitmap;

/* What can be checked of a bitmap before trackers are asked. */
gboolean iommud_dirty_bitmap_check (guint64 iova, guint64 length, guint64 page_size,
                                    const char *what, GError **error);
/* All of its memory is allocated before it returns, because the kernel loses bits that it cannot
 * store. */
gboolean iommud_dirty_bitmap_open (IommudDirtyBitmap *self, guint64 iova, guint64 length,
                                   guint64 page_size, const char *what, GError **error);
/* Counts the dirty pages and seals the file. On failure the words can still be read, or are NULL.
 */
gboolean iommud_dirty_bitmap_seal (IommudDirtyBitmap *self, guint64 *dirty_pages, const char *what,
                                   GError **error);
/* Makes the words of a sealed bitmap readable; FALSE if that is not possible. */
gboolean iommud_dirty_bitmap_look (IommudDirtyBitmap *self);
/* The file, which the caller owns from here on. */
int iommud_dirty_bitmap_steal_fd (IommudDirtyBitmap *self);
void iommud_dirty_bitmap_clear (IommudDirtyBitmap *self);

G_END_DECLS
