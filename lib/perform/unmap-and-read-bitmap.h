/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping a range and reading its last dirty pages, without losing any. For workers.
 *
 * The kernel needs two calls to read dirty pages and to unmap, and the record of what a device
 * writes in between is lost with the page table entries. So before the range is unmapped, the
 * devices of each HWPT that records are moved (ATTACH over ATTACH) to a twin of it that has all
 * mappings but the range: from then on nothing can write to the range, and its dirty pages can be
 * read. A log keeps its pages by IOVA, and is read when nothing is mapped in the range any longer.
 *
 * Some IOMMU drivers stop a device's DMA for a moment when it is moved (the backend knows which),
 * and a write that is dropped is worse than a page that is copied once more. Behind those IOMMUs,
 * and if no twin can be made, all of the range that is mapped for writing counts as dirty.
 *
 * It takes turns: at each, a part of the range is read and unmapped while the devices are on the
 * twin, and then they move back. So other operations meet every device where the model has it. */
#pragma once

#include "dirty/bitmap.h"
#include "perform/twin.h"
#include "perform/unmap.h"

G_BEGIN_DECLS

typedef struct
{
  IommudUnmapPlan *unmap;
  IommudTrackers *trackers; /* the container's */
  IommudTwin *twin;
  guint64 first;
  guint64 last;
  guint64 page_size;
  GArray *writable;  /* of IommudIovaRange: what of the range is mapped for writing */
  gboolean any_hwpt; /* some HWPT records */
  gboolean may_move; /* without any DMA of its devices being dropped */
  gboolean begun;    /* the bitmap is there */

  IommudDirtyBitmap bitmap; /* out, sealed, unless there is an error */
  guint64 dirty_pages;      /* out */
  gboolean exact;           /* nothing could write to the part of this turn when it was read */
} IommudUnmapAndReadPlan;

/* The twin is made later, when the trackers are lent. */
IommudUnmapAndReadPlan *iommud_unmap_and_read_plan_new (guint64 iova, guint64 length,
                                                        guint64 page_size);
void iommud_unmap_and_read_plan_free (IommudUnmapAndReadPlan *self);

/* One turn. The error is that of the unmap plan, and one that was set before the turn ends the
 * work. It has ended if the unmap plan has. */
void iommud_unmap_and_read_plan_perform (IommudUnmapAndReadPlan *self);

G_END_DECLS
