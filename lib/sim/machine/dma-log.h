/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log that a VFIO device keeps of its own DMA. */
#pragma once

#include "sim/sets/page-set.h"

G_BEGIN_DECLS

/* All zero when it is off. */
typedef struct
{
  gboolean on;
  guint64 page_size;
  GArray *ranges;       /* of IommudSimulatedRegion; NULL unless on */
  IommudPageSet *pages; /* by page_size; NULL unless on */
} IommudSimulatedLog;

/* @page_size: in, what was asked for; out, what the log has, @smallest_page or more. EINVAL: it is
 * on already, or @ranges are more than @max_ranges. */
int iommud_simulated_log_start (IommudSimulatedLog *self, GArray *ranges, guint max_ranges,
                                guint64 smallest_page, guint64 *page_size);
void iommud_simulated_log_stop (IommudSimulatedLog *self);
/* The device wrote to the page of @iova. */
void iommud_simulated_log_note (IommudSimulatedLog *self, guint64 iova);

G_END_DECLS
