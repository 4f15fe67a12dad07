/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of IOVA ranges: sorted, and apart from each other. Ends are inclusive, as in the D-Bus API,
 * so that the highest address can be written as a number too. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint64 first;
  guint64 last;
} IommuctlRange;

/* "FIRST-LAST", as show prints it. */
gboolean iommuctl_range_parse (const char *word, IommuctlRange *range, GError **error);

/* The ranges (IommuctlRange) that mappings, an a(tttu) sorted by IOVA, cover: each widened to whole
 * pages, adjacent ones joined. */
GArray *iommuctl_ranges_of_mappings (GVariant *mappings, guint64 page_size);
/* The parts of ranges that lie in a window. */
GArray *iommuctl_ranges_within (GArray *ranges, IommuctlRange window);
/* The same ranges, cut into parts of at most that many bytes. */
GArray *iommuctl_ranges_split (GArray *ranges, guint64 longest);
/* How many pages of the ranges lie in a window that consists of whole pages. */
guint64 iommuctl_ranges_count_pages (GArray *ranges, IommuctlRange window, guint64 page_size);

G_END_DECLS
