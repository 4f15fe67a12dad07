/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trees that the simulated kernel is built on, compared with plain arrays that do the same
 * slowly. */
#include "config.h"

#include "sim/sets/intervals.h"
#include "sim/sets/page-set.h"

#define SPACE 200
#define STEPS 4000

static IommudInterval *
find_slowly (GPtrArray *intervals, guint64 first, guint64 last)
{
  IommudInterval *lowest = NULL;

  for (guint i = 0; i < intervals->len; i++)
    {
      IommudInterval *interval = intervals->pdata[i];

      if (interval->first <= last && first <= interval->last
          && (lowest == NULL || interval->first < lowest->first))
        lowest = interval;
    }
  return lowest;
}

static guint
count_slowly (GPtrArray *intervals, guint64 first, guint64 last)
{
  guint n = 0;

  for (guint i = 0; i < intervals->len; i++)
    {
      const IommudInterval *interval = intervals->pdata[i];

      if (interval->first <= last && first <= interval->last)
        n++;
    }
  return n;
}

static void
assert_same (const IommudIntervals *tree, GPtrArray *intervals, guint64 first, guint64 last)
{
  const IommudInterval *expected = find_slowly (intervals, first, last);
  const IommudInterval *found = iommud_intervals_find (tree, first, last);
  guint64 previous = 0;
  guint n = 0;

  g_assert_true ((expected == NULL) == (found == NULL));
  if (expected != NULL)
    g_assert_cmpuint (found->first, ==, expected->first);
  for (; found != NULL; found = iommud_intervals_next (tree, found, first, last))
    {
      g_assert_cmpuint (found->first, >=, previous);
      g_assert_cmpuint (found->first, <=, last);
      g_assert_cmpuint (found->last, >=, first);
      previous = found->first;
      n++;
    }
  g_assert_cmpuint (n, ==, count_slowly (intervals, first, last));
}

/* Every address of a hole is free, and the addresses at its ends are not. */
static void
assert_hole (const IommudIntervals *tree, GPtrArray *intervals, guint64 first, guint64 last)
{
  guint64 hole_first, hole_last;
  guint64 expected = first;

  while (expected <= last && count_slowly (intervals, expected, expected) > 0)
    expected++;
  if (!iommud_intervals_find_hole (tree, first, last, &hole_first, &hole_last))
    {
      g_assert_cmpuint (expected, >, last);
      return;
    }
  g_assert_cmpuint (hole_first, ==, expected);
  g_assert_cmpuint (count_slowly (intervals, hole_first, hole_last), ==, 0);
  if (hole_last < last)
    g_assert_cmpuint (count_slowly (intervals, hole_last + 1, hole_last + 1), >, 0);
}

static void
test_intervals (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autoptr (GPtrArray) intervals = g_ptr_array_new_with_free_func (g_free);
  IommudIntervals tree = { NULL, 0 };

  for (guint i = 0; i < STEPS; i++)
    {
      guint64 first = (guint64) g_rand_int_range (rand, 0, SPACE);
      guint64 last = first + (guint64) g_rand_int_range (rand, 0, 12);

      if (intervals->len > 0 && g_rand_int_range (rand, 0, 100) < 48)
        {
          guint index = (guint) g_rand_int_range (rand, 0, (gint32) intervals->len);

          iommud_intervals_remove (&tree, intervals->pdata[index]);
          g_ptr_array_remove_index_fast (intervals, index);
        }
      else
        {
          IommudInterval *interval = g_new0 (IommudInterval, 1);

          interval->first = first;
          interval->last = last;
          iommud_intervals_insert (&tree, interval);
          g_ptr_array_add (intervals, interval);
        }
      assert_same (&tree, intervals, first, last + 3);
      assert_hole (&tree, intervals, first, last + 20);
    }
}

static void
test_intervals_ends (void)
{
  IommudInterval all = { .first = 0, .last = G_MAXUINT64 };
  IommudInterval top = { .first = G_MAXUINT64, .last = G_MAXUINT64 };
  IommudIntervals tree = { NULL, 0 };
  guint64 first, last;

  g_assert_true (iommud_intervals_find_hole (&tree, 0, G_MAXUINT64, &first, &last));
  g_assert_cmpuint (last, ==, G_MAXUINT64);
  iommud_intervals_insert (&tree, &top);
  g_assert_true (iommud_intervals_find_hole (&tree, 0, G_MAXUINT64, &first, &last));
  g_assert_cmpuint (last, ==, G_MAXUINT64 - 1);
  g_assert_false (iommud_intervals_find_hole (&tree, G_MAXUINT64, G_MAXUINT64, &first, &last));
  iommud_intervals_insert (&tree, &all);
  g_assert_false (iommud_intervals_find_hole (&tree, 0, G_MAXUINT64, &first, &last));
  iommud_intervals_remove (&tree, &top);
  iommud_intervals_remove (&tree, &all);
  g_assert_null (tree.root);
}

#define PAGES 20000

static void
assert_same_pages (const IommudPageSet *set, const gboolean *pages, guint64 first, guint64 last)
{
  guint64 expected = first;
  guint64 run_first, run_last;

  while (expected <= last && !pages[expected])
    expected++;
  if (!iommud_page_set_find_run (set, first, last, &run_first, &run_last))
    {
      g_assert_cmpuint (expected, >, last);
      return;
    }
  g_assert_cmpuint (run_first, ==, expected);
  while (expected < last && pages[expected + 1])
    expected++;
  g_assert_cmpuint (run_last, ==, expected);
}

static void
test_page_set (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);
  g_autofree gboolean *pages = g_new0 (gboolean, PAGES);
  IommudPageSet *set = iommud_page_set_new ();
  guint64 count = 0;

  for (guint i = 0; i < STEPS; i++)
    {
      guint64 first = (guint64) g_rand_int_range (rand, 0, PAGES);
      guint64 length = (guint64) g_rand_int_range (rand, 0, 9000);
      guint64 last = MIN (PAGES - 1, first + length);

      if (g_rand_int_range (rand, 0, 10) == 0)
        {
          iommud_page_set_remove_range (set, first, last);
          for (guint64 page = first; page <= last; page++)
            {
              count -= pages[page] ? 1 : 0;
              pages[page] = FALSE;
            }
        }
      for (guint64 page = first; page <= MIN (last, first + 9); page++)
        {
          count += pages[page] ? 0 : 1;
          pages[page] = TRUE;
          iommud_page_set_add (set, page);
        }
      g_assert_cmpuint (iommud_page_set_count (set), ==, count);
      assert_same_pages (set, pages, first, last);
    }
  iommud_page_set_clear (set);
  g_assert_cmpuint (iommud_page_set_count (set), ==, 0);
  iommud_page_set_free (set);
}

static void
test_page_set_ends (void)
{
  const guint64 top = G_MAXUINT64 / 4096;
  IommudPageSet *set = iommud_page_set_new ();
  guint64 first, last;

  iommud_page_set_add (set, 0);
  iommud_page_set_add (set, top);
  g_assert_true (iommud_page_set_find_run (set, 1, top, &first, &last));
  g_assert_cmpuint (first, ==, top);
  g_assert_cmpuint (last, ==, top);
  g_assert_false (iommud_page_set_find_run (set, 1, top - 1, &first, &last));
  iommud_page_set_remove_range (set, 0, top);
  g_assert_cmpuint (iommud_page_set_count (set), ==, 0);
  iommud_page_set_free (set);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simulator/intervals/random", test_intervals);
  g_test_add_func ("/simulator/intervals/ends", test_intervals_ends);
  g_test_add_func ("/simulator/page-set/random", test_page_set);
  g_test_add_func ("/simulator/page-set/ends", test_page_set_ends);
  return g_test_run ();
}
