/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ranges that the log of a device is started with. */
#pragma once

#include "base/ranges.h"

G_BEGIN_DECLS

/* The hull of @ranges below and above 4 GiB, in whole pages, as a new array of IommudIovaRange. */
GArray *iommud_log_ranges_new (const GArray *ranges, guint64 page_size);
/* One range around @ranges, with room for what is mapped later: from 0 to the next power of two, at
 * least 8 GiB. */
GArray *iommud_log_ranges_new_roomy (const GArray *ranges);
/* The hull of @ranges as one range. */
GArray *iommud_log_ranges_new_joined (const GArray *ranges);
/* Whether a log of @ranges (NULL: one that does not run) records everything from @first to
 * @last. */
gboolean iommud_log_ranges_cover (const GArray *ranges, guint64 first, guint64 last);

G_END_DECLS
