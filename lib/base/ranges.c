/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of addresses: arrays of IommudIovaRange, sorted, of which no two meet or touch. */
#include "base/ranges.h"

GArray *
iommud_ranges_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
}

static IommudIovaRange *
get (const GArray *self, guint index)
{
  return &g_array_index (self, IommudIovaRange, index);
}

guint
iommud_ranges_find (const GArray *self, guint64 address)
{
  guint low = 0;
  guint high = self->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (get (self, middle)->last < address)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

/* It becomes one range with all that it meets or touches. */
void
iommud_ranges_add (GArray *self, guint64 first, guint64 last)
{
  guint begin = iommud_ranges_find (self, first > 0 ? first - 1 : 0);
  guint64 behind = last < G_MAXUINT64 ? last + 1 : last;
  IommudIovaRange whole = { .first = first, .last = last };
  guint end = begin;

  for (; end < self->len && get (self, end)->first <= behind; end++)
    {
      whole.first = MIN (whole.first, get (self, end)->first);
      whole.last = MAX (whole.last, get (self, end)->last);
    }
  if (end == begin)
    {
      g_array_insert_val (self, begin, whole);
      return;
    }
  *get (self, begin) = whole;
  if (end - begin > 1)
    g_array_remove_range (self, begin + 1, end - begin - 1);
}

/* What is left of the ranges at the ends is put back. */
void
iommud_ranges_remove (GArray *self, guint64 first, guint64 last)
{
  guint begin = iommud_ranges_find (self, first);
  guint end = begin;
  IommudIovaRange head, tail;

  while (end < self->len && get (self, end)->first <= last)
    end++;
  if (end == begin)
    return;
  head = *get (self, begin);
  tail = *get (self, end - 1);
  g_array_remove_range (self, begin, end - begin);
  if (head.first < first)
    iommud_ranges_add (self, head.first, first - 1);
  if (tail.last > last)
    iommud_ranges_add (self, last + 1, tail.last);
}
