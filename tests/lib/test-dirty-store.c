/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saved bits that are written down: they are exact as long as they are few, and no bit is ever
 * lost. */
#include "config.h"

#include "base/ranges.h"
#include "dirty/store.h"

#define PAGE IOMMUD_DIRTY_PAGE_SIZE
#define PAGES_OF_A_GIB 262144

/* Every second page of @gibs GiB. */
static IommudDirtyStore *
save_every_second_page (guint gibs, guint64 n_pages)
{
  IommudDirtyStore *store = iommud_dirty_store_new ();
  g_autofree guint64 *words = g_new0 (guint64, PAGES_OF_A_GIB / 64);
  IommudDirtyBits bits = { .page_size = PAGE, .n_bits = PAGES_OF_A_GIB, .words = words };

  for (guint64 page = 0; page < n_pages; page += 2)
    words[page / 64] |= G_GUINT64_CONSTANT (1) << page % 64;
  for (guint i = 0; i < gibs; i++)
    {
      bits.iova = (guint64) i << 30;
      iommud_dirty_store_add (store, &bits, bits.iova, iommud_dirty_bits_get_last (&bits));
    }
  return store;
}

static void
assert_covers (const GArray *runs, guint gibs, guint64 n_pages)
{
  guint at = 0;

  for (guint i = 0; i < gibs; i++)
    for (guint64 page = 0; page < n_pages; page += 2)
      {
        guint64 first = ((guint64) i << 30) + page * PAGE;

        while (g_array_index (runs, IommudIovaRange, at).last < first)
          at++;
        g_assert_cmphex (g_array_index (runs, IommudIovaRange, at).first, <=, first);
        g_assert_cmphex (g_array_index (runs, IommudIovaRange, at).last, >=, first + PAGE - 1);
      }
}

static void
test_exact (void)
{
  IommudDirtyStore *store = save_every_second_page (2, 200);
  g_autoptr (GArray) runs = NULL;

  iommud_dirty_store_mark (store, 8 * PAGE, 16 * PAGE - 1);
  runs = iommud_dirty_store_get_runs (store);
  /* One run has taken four others in. */
  g_assert_cmpuint (runs->len, ==, 2 * 100 - 4);
  assert_covers (runs, 2, 200);
  iommud_dirty_store_free (store);
}

static void
test_bounded (void)
{
  IommudDirtyStore *store = save_every_second_page (4, PAGES_OF_A_GIB);
  g_autoptr (GArray) runs = iommud_dirty_store_get_runs (store);

  g_assert_cmpuint (runs->len, <=, IOMMUD_DIRTY_STORE_MAX_RUNS);
  g_assert_cmphex (g_array_index (runs, IommudIovaRange, 1).first, ==, 2 * PAGE);
  assert_covers (runs, 4, PAGES_OF_A_GIB);
  iommud_dirty_store_free (store);
}

/* What is dirty as a whole counts too. */
static void
test_bounded_ranges (void)
{
  IommudDirtyStore *store = save_every_second_page (1, PAGES_OF_A_GIB);
  g_autoptr (GArray) runs = NULL;

  for (guint64 i = 1; i <= 2 * IOMMUD_DIRTY_STORE_MAX_RUNS; i++)
    iommud_dirty_store_mark (store, i << 32, (i << 32) + PAGE - 1);
  runs = iommud_dirty_store_get_runs (store);
  g_assert_cmpuint (runs->len, ==, IOMMUD_DIRTY_STORE_MAX_RUNS);
  assert_covers (runs, 1, PAGES_OF_A_GIB);
  for (guint64 i = 1; i <= 2 * IOMMUD_DIRTY_STORE_MAX_RUNS; i++)
    {
      guint at = iommud_ranges_find (runs, i << 32);

      g_assert_cmphex (g_array_index (runs, IommudIovaRange, at).first, <=, i << 32);
      g_assert_cmphex (g_array_index (runs, IommudIovaRange, at).last, >=, (i << 32) + PAGE - 1);
    }
  iommud_dirty_store_free (store);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dirty-store/exact", test_exact);
  g_test_add_func ("/dirty-store/bounded", test_bounded);
  g_test_add_func ("/dirty-store/bounded-ranges", test_bounded_ranges);
  return g_test_run ();
}
