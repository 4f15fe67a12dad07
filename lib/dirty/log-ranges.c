/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ranges that the log of a device is started with. */
#include "dirty/log-ranges.h"

/* Mappings below and above it are logged as two ranges: guests leave a hole there. */
#define FOUR_GIB (G_GUINT64_CONSTANT (1) << 32)
#define LEAST_ROOM (2 * FOUR_GIB)

/* The hull of @ranges from @first to @last, in whole pages. */
static void
add_hull (GArray *hulls, const GArray *ranges, guint64 first, guint64 last, guint64 page_size)
{
  IommudIovaRange hull = { .first = G_MAXUINT64 };
  gboolean found = FALSE;

  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      if (range->last < first || range->first > last)
        continue;
      hull.first = MIN (hull.first, MAX (range->first, first));
      hull.last = MAX (hull.last, MIN (range->last, last));
      found = TRUE;
    }
  if (!found)
    return;
  hull.first &= ~(page_size - 1);
  hull.last |= page_size - 1;
  g_array_append_val (hulls, hull);
}

GArray *
iommud_log_ranges_new (const GArray *ranges, guint64 page_size)
{
  GArray *hulls = iommud_ranges_new ();

  add_hull (hulls, ranges, 0, FOUR_GIB - 1, page_size);
  add_hull (hulls, ranges, FOUR_GIB, G_MAXUINT64, page_size);
  return hulls;
}

static GArray *
new_single (guint64 first, guint64 last)
{
  GArray *ranges = iommud_ranges_new ();
  IommudIovaRange range = { .first = first, .last = last };

  g_array_append_val (ranges, range);
  return ranges;
}

static guint64
get_last (const GArray *ranges)
{
  return g_array_index (ranges, IommudIovaRange, ranges->len - 1).last;
}

/* Some devices have to have memory for each page of the range, so the room is not without end. */
GArray *
iommud_log_ranges_new_roomy (const GArray *ranges)
{
  guint64 last = get_last (ranges);
  guint64 size = LEAST_ROOM;

  while (size != 0 && size - 1 <= last)
    size <<= 1;
  return new_single (0, size - 1);
}

GArray *
iommud_log_ranges_new_joined (const GArray *ranges)
{
  return new_single (g_array_index (ranges, IommudIovaRange, 0).first, get_last (ranges));
}

gboolean
iommud_log_ranges_cover (const GArray *ranges, guint64 first, guint64 last)
{
  for (guint i = 0; ranges != NULL && i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      if (range->first <= first && first <= range->last)
        {
          if (range->last >= last)
            return TRUE;
          first = range->last + 1;
        }
    }
  return FALSE;
}
