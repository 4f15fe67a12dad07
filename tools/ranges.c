/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of IOVA ranges: sorted, and apart from each other. */
#include "config.h"

#include "ranges.h"

#include "exit-status.h"
#include "numbers.h"

#include <glib/gi18n.h>

gboolean
iommuctl_range_parse (const char *word, IommuctlRange *range, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (word, "-", 2);

  if (g_strv_length (parts) != 2)
    {
      g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                   _ ("'%s' is not a range: write its first and last address, such as 0x0-0xfffff"),
                   word);
      return FALSE;
    }
  if (!iommuctl_numbers_parse (word, parts[0], &range->first, error)
      || !iommuctl_numbers_parse (word, parts[1], &range->last, error))
    return FALSE;
  if (range->first <= range->last)
    return TRUE;
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, _ ("Range '%s' ends before it begins"),
               word);
  return FALSE;
}

static IommuctlRange
widen (guint64 iova, guint64 length, guint64 page_size)
{
  IommuctlRange range = { .first = iova, .last = iova + (length - 1) };
  guint64 left = 0;

  range.first -= range.first % page_size;
  left = page_size - 1 - range.last % page_size;
  range.last += MIN (left, G_MAXUINT64 - range.last);
  return range;
}

static void
append_joined (GArray *ranges, IommuctlRange range)
{
  IommuctlRange *before =
      ranges->len == 0 ? NULL : &g_array_index (ranges, IommuctlRange, ranges->len - 1);

  if (before != NULL && (before->last == G_MAXUINT64 || range.first <= before->last + 1))
    before->last = MAX (before->last, range.last);
  else
    g_array_append_val (ranges, range);
}

GArray *
iommuctl_ranges_of_mappings (GVariant *mappings, guint64 page_size)
{
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (IommuctlRange));
  GVariantIter iter;
  guint64 iova, length;

  g_variant_iter_init (&iter, mappings);
  while (g_variant_iter_next (&iter, "(tttu)", &iova, &length, NULL, NULL))
    if (length > 0)
      append_joined (ranges, widen (iova, length, page_size));
  return ranges;
}

GArray *
iommuctl_ranges_within (GArray *ranges, IommuctlRange window)
{
  GArray *within = g_array_new (FALSE, FALSE, sizeof (IommuctlRange));

  for (guint i = 0; i < ranges->len; i++)
    {
      IommuctlRange range = g_array_index (ranges, IommuctlRange, i);

      range.first = MAX (range.first, window.first);
      range.last = MIN (range.last, window.last);
      if (range.first <= range.last)
        g_array_append_val (within, range);
    }
  return within;
}

GArray *
iommuctl_ranges_split (GArray *ranges, guint64 longest)
{
  GArray *parts = g_array_new (FALSE, FALSE, sizeof (IommuctlRange));

  for (guint i = 0; i < ranges->len; i++)
    {
      IommuctlRange rest = g_array_index (ranges, IommuctlRange, i);

      while (rest.last - rest.first > longest - 1)
        {
          IommuctlRange part = { .first = rest.first, .last = rest.first + (longest - 1) };

          g_array_append_val (parts, part);
          rest.first += longest;
        }
      g_array_append_val (parts, rest);
    }
  return parts;
}

guint64
iommuctl_ranges_count_pages (GArray *ranges, IommuctlRange window, guint64 page_size)
{
  guint64 n_pages = 0;

  for (guint i = 0; i < ranges->len; i++)
    {
      const IommuctlRange *range = &g_array_index (ranges, IommuctlRange, i);
      guint64 first = MAX (range->first, window.first);
      guint64 last = MIN (range->last, window.last);

      if (first <= last)
        n_pages += (last - first) / page_size + 1;
    }
  return n_pages;
}
