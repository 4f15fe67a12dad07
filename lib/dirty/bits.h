/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bitmap of dirty pages over a range of IOVAs: marking, joining across page sizes.
 *
 * Bit n of word m stands for page 64 m + n, as in the bitmaps of the kernel. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 iova;      /* of bit 0; a multiple of the page size */
  guint64 page_size; /* bytes that a bit stands for: a power of two */
  guint64 n_bits;    /* at least 1 */
  guint64 *words;    /* not owned */
} IommudDirtyBits;

/* How many bytes the words of so many bits take. */
gsize iommud_dirty_bits_get_size (guint64 n_bits);
/* The last address that has a bit. */
guint64 iommud_dirty_bits_get_last (const IommudDirtyBits *self);

/* Both ignore what lies outside of @self. First and last are inside. */
void iommud_dirty_bits_mark (IommudDirtyBits *self, guint64 first, guint64 last);
/* Marks what is marked in @source from @first to @last. A page of @source counts as a whole, up to
 * these limits. */
void iommud_dirty_bits_merge (IommudDirtyBits *self, const IommudDirtyBits *source, guint64 first,
                              guint64 last);

/* The first run of marked pages that meets @first to @last, cut to these. */
gboolean iommud_dirty_bits_find_run (const IommudDirtyBits *self, guint64 first, guint64 last,
                                     guint64 *run_first, guint64 *run_last);

G_END_DECLS
