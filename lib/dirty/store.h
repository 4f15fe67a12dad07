/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saved bits: dirty pages that were taken from a tracker and not delivered, for the next read.
 *
 * Its size depends on how many pages are known one by one; ranges that are dirty as a whole cost
 * almost nothing, however long they are. */
#pragma once

#include "dirty/bits.h"

G_BEGIN_DECLS

/* The page size of the store: no tracker reports smaller pages (vfio_main.c accepts no smaller page
 * size in DMA_LOGGING_REPORT, and no IOMMU has smaller pages). */
#define IOMMUD_DIRTY_PAGE_SIZE G_GUINT64_CONSTANT (4096)

typedef struct _IommudDirtyStore IommudDirtyStore;

IommudDirtyStore *iommud_dirty_store_new (void);
void iommud_dirty_store_free (IommudDirtyStore *self);

/* The range is dirty as a whole. */
void iommud_dirty_store_mark (IommudDirtyStore *self, guint64 first, guint64 last);
/* Ranges, as of iommud_dirty_store_get_runs(): a gap that they include counts as dirty too. */
void iommud_dirty_store_mark_runs (IommudDirtyStore *self, const GArray *runs);
/* Marks what is marked in @bits from @first to @last. */
void iommud_dirty_store_add (IommudDirtyStore *self, const IommudDirtyBits *bits, guint64 first,
                             guint64 last);
/* Joins the saved pages from @first to @last into @bits. */
void iommud_dirty_store_report (const IommudDirtyStore *self, IommudDirtyBits *bits, guint64 first,
                                guint64 last);
/* At most so many runs are told apart; if there are more, those near each other are joined. */
#define IOMMUD_DIRTY_STORE_MAX_RUNS 65536
/* Everything that is dirty, as an array of IommudIovaRange, to be marked again. It may cover more
 * than is dirty (see above), never less. */
GArray *iommud_dirty_store_get_runs (const IommudDirtyStore *self);
/* Forgets the pages that lie completely between @first and @last. */
void iommud_dirty_store_remove (IommudDirtyStore *self, guint64 first, guint64 last);
void iommud_dirty_store_clear (IommudDirtyStore *self);

G_END_DECLS
