/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty bitmap of an IOVA range as the service sends it: a bit for each page, beginning with
 * the first page, in little-endian words of 64 bits. */
#pragma once

#include "ranges.h"

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

typedef struct
{
  IommuctlRange range;
  guint64 page_size; /* a power of two */
  GBytes *words;     /* exactly as many as the range's pages need */
} IommuctlBitmap;

/* @handle, @files: an h of the service's reply, and the files that came with it (or NULL). */
IommuctlBitmap *iommuctl_bitmap_new_from_reply (IommuctlRange range, guint64 page_size,
                                                GVariant *handle, GUnixFDList *files,
                                                GError **error);
IommuctlBitmap *iommuctl_bitmap_new (IommuctlRange range, guint64 page_size, GBytes *words);
void iommuctl_bitmap_free (IommuctlBitmap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlBitmap, iommuctl_bitmap_free)

/* How many bytes the bitmap of such a range has. */
guint64 iommuctl_bitmap_size_for (IommuctlRange range, guint64 page_size);

/* How many pages of the window, which consists of whole pages, are dirty. */
guint64 iommuctl_bitmap_count (const IommuctlBitmap *self, IommuctlRange window);

G_END_DECLS
