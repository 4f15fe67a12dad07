/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bitmap of dirty pages in the memory of the calling process. */
#pragma once

#include "sim/sets/page-set.h"

G_BEGIN_DECLS

/* Bit 0 of byte 0 stands for the page_shift bits from iova on. */
typedef struct
{
  guint64 address;
  guint64 iova;
  guint page_shift;
  gboolean only_present; /* its pages that are not present, except the first one, lose their bits */
  gboolean lost;         /* out: some bits were lost so */
} IommudSimulatedBitmap;

/* Reports the pages of a set, each of page_size bytes, that overlap the IOVAs from first to last,
 * and removes them unless @keep is set. Other bits stay as they are. Pages are lost if the bitmap
 * cannot be written. */
void iommud_simulated_bitmap_report (IommudSimulatedBitmap *self, IommudPageSet *pages,
                                     guint64 page_size, guint64 first, guint64 last, gboolean keep);

G_END_DECLS
