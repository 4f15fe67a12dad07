/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of addresses: sorted arrays of IommudIovaRange in which no two ranges meet or touch. */
#include "base/ranges.h"

#include <stdlib.h>

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

/* The new range and all that it meets or touches become one range. */
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

static guint64
get_gap (const GArray *self, guint index)
{
  return get (self, index + 1)->first - get (self, index)->last;
}

static int
compare_gaps (gconstpointer a, gconstpointer b)
{
  guint64 x = *(const guint64 *) a;
  guint64 y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

/* The size of the largest gap that is closed if @surplus gaps are closed; @kept: how many gaps of
 * that size stay open. */
static guint64
find_largest_closed (const GArray *self, guint surplus, guint *kept)
{
  g_autofree guint64 *gaps = g_new (guint64, self->len - 1);
  guint64 largest;

  for (guint i = 0; i + 1 < self->len; i++)
    gaps[i] = get_gap (self, i);
  qsort (gaps, self->len - 1, sizeof *gaps, compare_gaps);
  largest = gaps[surplus - 1];
  *kept = 0;
  while (surplus + *kept < self->len - 1 && gaps[surplus + *kept] == largest)
    ++*kept;
  return largest;
}

void
iommud_ranges_join (GArray *self, guint max)
{
  guint length = 0, kept;
  guint64 largest;

  if (self->len <= max)
    return;
  largest = find_largest_closed (self, self->len - max, &kept);
  for (guint i = 0; i + 1 < self->len; i++)
    {
      guint64 gap = get_gap (self, i);
      gboolean closed = gap < largest || (gap == largest && kept == 0);

      kept -= gap == largest && kept > 0;
      if (closed)
        get (self, i + 1)->first = get (self, i)->first;
      else
        *get (self, length++) = *get (self, i);
    }
  *get (self, length++) = *get (self, self->len - 1);
  g_array_set_size (self, length);
}

/* A range has the same form in memory as a (tt). */
GVariant *
iommud_ranges_to_variant (const GArray *self)
{
  G_STATIC_ASSERT (sizeof (IommudIovaRange) == 2 * sizeof (guint64));

  return g_variant_new_fixed_array (G_VARIANT_TYPE ("(tt)"), self != NULL ? self->data : NULL,
                                    self != NULL ? self->len : 0, sizeof (IommudIovaRange));
}
