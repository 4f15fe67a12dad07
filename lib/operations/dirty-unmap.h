/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping a range together with its last dirty pages, none of them lost.
 *
 * The kernel reads dirty pages and unmaps in two calls, and what a device writes in between is lost
 * with the page table entries. So before the range is unmapped, the devices of each HWPT that
 * records are moved (ATTACH over ATTACH) to a twin of it that has all mappings but the range: from
 * then on nothing can write to it, and its dirty pages can be read in peace. A log keeps its pages
 * by IOVA, and is read when nothing is mapped there any more.
 *
 * Some IOMMU drivers stop a device's DMA for a moment when it is moved (the backend knows which),
 * and a write that is dropped is worse than one that is copied once more. Behind those, and
 * wherever a twin cannot be had, all of the range that is mapped for writing counts as dirty.
 *
 * Used by the unmap operation in one turn:
 *   plan     iommud_dirty_unmap_new()
 *   perform  iommud_dirty_unmap_begin(), IOAS_UNMAP of all of the range, iommud_dirty_unmap_end()
 *   publish  iommud_dirty_unmap_publish(), iommud_dirty_unmap_steal_fd() */
#pragma once

#include "iommud-container.h"
#include "handle/binding.h"

G_BEGIN_DECLS

typedef struct _IommudDirtyUnmap IommudDirtyUnmap;

/* Refuses a range or page size of which there can be no bitmap. */
gboolean iommud_dirty_unmap_check (guint64 iova, guint64 length, guint64 page_size,
                                   const char *what, GError **error);
/* NULL where dirty tracking is not active. The mappings of the range are still in the model. */
IommudDirtyUnmap *iommud_dirty_unmap_new (IommudContainer *container, guint64 iova, guint64 length,
                                          guint64 page_size, const char *what, GError **error);
void iommud_dirty_unmap_free (IommudDirtyUnmap *self);

/* Where it fails, nothing may be unmapped, and there is no end to call. */
gboolean iommud_dirty_unmap_begin (IommudDirtyUnmap *self, const IommudKernelAccess *access,
                                   GError **error);
/* @unmapped: all of the range is. Where it is not, or the bitmap cannot be made, the dirty pages
 * are saved for the next read. */
gboolean iommud_dirty_unmap_end (IommudDirtyUnmap *self, const IommudKernelAccess *access,
                                 gboolean unmapped, GError **error);
/* Brings into the model what became of the devices that were moved, also where begin or end failed.
 */
void iommud_dirty_unmap_publish (IommudDirtyUnmap *self);
/* The sealed bitmap, the caller's now; -1 where there is none. */
int iommud_dirty_unmap_steal_fd (IommudDirtyUnmap *self, guint64 *dirty_pages);

G_END_DECLS
