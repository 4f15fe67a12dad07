/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers may have under way at once, up to the limits and one beyond. */
#include <iommud.h>

#include "budget.h"

#define MEBIBYTE (G_GUINT64_CONSTANT (1) << 20)

static void
take_calls (IommudBudget *budget, const char *caller, guint n_calls)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < n_calls; i++)
    g_assert_true (iommud_budget_take_call (budget, caller, &error));
  g_assert_no_error (error);
}

static void
give_back_calls (IommudBudget *budget, const char *caller, guint n_calls)
{
  for (guint i = 0; i < n_calls; i++)
    iommud_budget_give_back_call (budget, caller);
}

static void
test_calls (void)
{
  g_autoptr (IommudBudget) budget = iommud_budget_new ();
  g_autoptr (GError) error = NULL;

  take_calls (budget, ":1.1", IOMMUD_BUDGET_CALLS_PER_CALLER);
  g_assert_false (iommud_budget_take_call (budget, ":1.1", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  g_assert_cmpstr (error->message, ==,
                   "4096 calls of this caller are under way, which is the limit: wait for answers");

  take_calls (budget, ":1.2", 1);
  give_back_calls (budget, ":1.1", 1);
  take_calls (budget, ":1.1", 1);
  give_back_calls (budget, ":1.1", IOMMUD_BUDGET_CALLS_PER_CALLER);
  give_back_calls (budget, ":1.2", 1);
}

static void
check_bitmap (IommudBudget *budget, const char *caller, guint64 n_bytes, const char *pattern)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_budget_take_bitmap (budget, caller, n_bytes, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' does not match '%s'", error->message, pattern);
}

static void
take_bitmap (IommudBudget *budget, const char *caller, guint64 n_bytes)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_budget_take_bitmap (budget, caller, n_bytes, &error));
  g_assert_no_error (error);
}

static void
test_bitmaps_of_one (void)
{
  g_autoptr (IommudBudget) budget = iommud_budget_new ();

  take_calls (budget, ":1.1", 3);
  take_bitmap (budget, ":1.1", 128 * MEBIBYTE);
  take_bitmap (budget, ":1.1", 128 * MEBIBYTE);
  check_bitmap (budget, ":1.1", 1, "*256 MiB are being made for this caller*256 MiB is the limit*");
  check_bitmap (budget, ":1.1", G_MAXUINT64, "*256 MiB is the limit*");
  take_bitmap (budget, ":1.1", 0);

  iommud_budget_give_back_bitmap (budget, ":1.1", 128 * MEBIBYTE);
  take_bitmap (budget, ":1.1", 100 * MEBIBYTE);
  check_bitmap (budget, ":1.1", 29 * MEBIBYTE, "*228 MiB are*");
  iommud_budget_give_back_bitmap (budget, ":1.1", 228 * MEBIBYTE);
  give_back_calls (budget, ":1.1", 3);
}

static void
test_bitmaps_of_all (void)
{
  static const char *const callers[] = { ":1.1", ":1.2", ":1.3", ":1.4" };
  g_autoptr (IommudBudget) budget = iommud_budget_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      take_calls (budget, callers[i], 1);
      take_bitmap (budget, callers[i], 256 * MEBIBYTE);
    }
  take_calls (budget, ":1.5", 1);
  check_bitmap (budget, ":1.5", 1, "*1024 MiB are being made for all callers*1024 MiB is*");

  /* The share of a caller whose calls have ended is free for others. */
  iommud_budget_give_back_bitmap (budget, callers[0], 256 * MEBIBYTE);
  give_back_calls (budget, callers[0], 1);
  take_bitmap (budget, ":1.5", 256 * MEBIBYTE);
}

/* A bit for each page, in words. What the model refuses takes nothing. */
static void
test_bitmap_bytes (void)
{
  static const struct
  {
    guint64 length;
    guint64 page_size;
    guint64 n_bytes;
  } rows[] = {
    { 4096, 4096, 8 },
    { 63 * 4096, 4096, 8 },
    { 64 * 4096, 4096, 8 },
    { 65 * 4096, 4096, 16 },
    { IOMMUD_BUDGET_LARGEST_BITMAP * 8 * 512, 512, IOMMUD_BUDGET_LARGEST_BITMAP },
    { IOMMUD_BUDGET_LARGEST_BITMAP * 8 * 512 + 512, 512, 0 },
    { 4096, 0, 0 },
    { G_MAXUINT64, 1, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (iommud_budget_get_bitmap_bytes (rows[i].length, rows[i].page_size), ==,
                      rows[i].n_bytes);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/budget/calls", test_calls);
  g_test_add_func ("/budget/bitmaps-of-one", test_bitmaps_of_one);
  g_test_add_func ("/budget/bitmaps-of-all", test_bitmaps_of_all);
  g_test_add_func ("/budget/bitmap-bytes", test_bitmap_bytes);
  return g_test_run ();
}
