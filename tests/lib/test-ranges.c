/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of addresses, compared with arrays of one bit for each address; and the saved dirty pages,
 * which use such sets. */
#include "config.h"

#include "dirty/store.h"
#include "base/ranges.h"
#include "dirty/log-ranges.h"

#define PAGE IOMMUD_DIRTY_PAGE_SIZE
#define WORDS 2

static guint64
get_bits (guint first, guint last)
{
  return G_MAXUINT64 >> (63 - last + first) << first;
}

/* Ranges of addresses from 0 to 63 above @base say what the bits say, and none touch. */
static void
assert_same (const GArray *ranges, guint64 base, guint64 bits)
{
  guint64 found = 0;

  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      g_assert_cmphex (range->first, <=, range->last);
      g_assert_true (i == 0 || range[-1].last + 1 < range->first);
      found |= get_bits ((guint) (range->first - base), (guint) (range->last - base));
    }
  g_assert_cmphex (found, ==, bits);
}

static void
run (guint64 base)
{
  g_autoptr (GArray) ranges = iommud_ranges_new ();
  guint64 bits = 0;

  for (guint i = 0; i < 2000; i++)
    {
      guint first = (guint) g_test_rand_int_range (0, 64);
      guint length = (guint) g_test_rand_int_range (1, 13);
      guint last = MIN (63, first + length - 1);

      if (g_test_rand_bit ())
        {
          iommud_ranges_add (ranges, base + first, base + last);
          bits |= get_bits (first, last);
        }
      else
        {
          iommud_ranges_remove (ranges, base + first, base + last);
          bits &= ~get_bits (first, last);
        }
      assert_same (ranges, base, bits);
    }
}

static void
test_random (void)
{
  run (0);
  run (G_MAXUINT64 - 63);
}

/* The bits, with the narrowest hole filled, the last one of those that are as narrow. */
static guint64
fill_narrowest (guint64 bits)
{
  guint best = 0, width = 64;

  for (guint at = 1; at < 63; at++)
    {
      guint end = at;

      while (end < 64 && (bits >> end & 1) == 0)
        end++;
      if ((bits >> (at - 1) & 1) == 0 || end == at || end == 64 || end - at > width)
        continue;
      best = at;
      width = end - at;
    }
  return bits | get_bits (best, best + width - 1);
}

static void
test_join (void)
{
  for (guint i = 0; i < 2000; i++)
    {
      g_autoptr (GArray) ranges = iommud_ranges_new ();
      guint max = (guint) g_test_rand_int_range (1, 20);
      guint64 bits = 0;

      for (guint j = 0; j < 20; j++)
        {
          guint at = (guint) g_test_rand_int_range (0, 64);

          iommud_ranges_add (ranges, at, at);
          bits |= get_bits (at, at);
        }
      for (guint length = ranges->len; length > max; length--)
        bits = fill_narrowest (bits);
      iommud_ranges_join (ranges, max);
      g_assert_cmpuint (ranges->len, <=, max);
      assert_same (ranges, 0, bits);
    }
}

static void
assert_reported (const IommudDirtyStore *store, guint64 iova, guint64 low, guint64 high)
{
  guint64 words[WORDS] = { 0 };
  IommudDirtyBits bits = { .iova = iova, .page_size = PAGE, .n_bits = WORDS * 64, .words = words };

  iommud_dirty_store_report (store, &bits, bits.iova, iommud_dirty_bits_get_last (&bits));
  g_assert_cmphex (words[0], ==, low);
  g_assert_cmphex (words[1], ==, high);
}

/* A range that is dirty as a whole takes no memory for each of its pages: here that would be 2^51
 * pages. */
static void
test_saved_whole (void)
{
  IommudDirtyStore *store = iommud_dirty_store_new ();
  guint64 word = 0x11;
  const IommudDirtyBits some = {
    .iova = 64 * PAGE, .page_size = PAGE, .n_bits = 64, .words = &word
  };

  iommud_dirty_store_mark (store, 16 * PAGE, G_MAXUINT64 >> 1);
  iommud_dirty_store_add (store, &some, 64 * PAGE, 128 * PAGE - 1);
  assert_reported (store, 0, get_bits (16, 63), G_MAXUINT64);
  assert_reported (store, G_MAXUINT64 / 2 - 64 * PAGE + 1, G_MAXUINT64, 0);
  iommud_dirty_store_remove (store, 32 * PAGE, 65 * PAGE - 1);
  assert_reported (store, 0, get_bits (16, 31), get_bits (1, 63));
  iommud_dirty_store_remove (store, 66 * PAGE, G_MAXUINT64);
  assert_reported (store, 0, get_bits (16, 31), 2);
  iommud_dirty_store_clear (store);
  assert_reported (store, 0, 0, 0);
  iommud_dirty_store_free (store);
}

/* Page by page, and whole chunks. */
static void
test_saved_pages (void)
{
  IommudDirtyStore *store = iommud_dirty_store_new ();
  guint64 words[WORDS] = { 0x8000000000000001, 0xff };
  const guint64 iova = (G_GUINT64_CONSTANT (1) << 30) - 64 * PAGE;
  const IommudDirtyBits bits = {
    .iova = iova, .page_size = PAGE, .n_bits = WORDS * 64, .words = words
  };

  iommud_dirty_store_add (store, &bits, iova, iova + 70 * PAGE - 1);
  assert_reported (store, iova, words[0], 0x3f);
  iommud_dirty_store_remove (store, 0, iova + 66 * PAGE - 1);
  assert_reported (store, iova, 0, 0x3c);
  iommud_dirty_store_free (store);
}

#define GIB (G_GUINT64_CONSTANT (1) << 30)

static GArray *
new_ranges (guint64 first, guint64 last)
{
  GArray *ranges = iommud_ranges_new ();

  iommud_ranges_add (ranges, first, last);
  return ranges;
}

static void
assert_range (const GArray *ranges, guint i, guint64 first, guint64 last)
{
  const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

  g_assert_cmphex (range->first, ==, first);
  g_assert_cmphex (range->last, ==, last);
}

/* A log has one range below 4 GiB and one above, in whole pages. */
static void
test_log_ranges (void)
{
  g_autoptr (GArray) across = new_ranges (3 * GIB, 6 * GIB - 1);
  g_autoptr (GArray) small = new_ranges (0x3000, 0x3fff);
  g_autoptr (GArray) two = iommud_log_ranges_new (across, 4096);
  g_autoptr (GArray) one = iommud_log_ranges_new (small, 0x10000);

  g_assert_cmpuint (two->len, ==, 2);
  assert_range (two, 0, 3 * GIB, 4 * GIB - 1);
  assert_range (two, 1, 4 * GIB, 6 * GIB - 1);
  g_assert_cmpuint (one->len, ==, 1);
  assert_range (one, 0, 0, 0xffff);
  /* Together they cover what neither does. */
  g_assert_true (iommud_log_ranges_cover (two, 3 * GIB, 6 * GIB - 1));
  g_assert_false (iommud_log_ranges_cover (two, 3 * GIB, 6 * GIB));
  g_assert_false (iommud_log_ranges_cover (two, 3 * GIB - 1, 4 * GIB));
  g_assert_false (iommud_log_ranges_cover (NULL, 0, 0));
}

/* There is always room behind the last mapping. */
static void
test_log_room (void)
{
  g_autoptr (GArray) nearly = new_ranges (0, 8 * GIB - 2);
  g_autoptr (GArray) full = new_ranges (0, 8 * GIB - 1);
  g_autoptr (GArray) all = new_ranges (0, G_MAXUINT64);
  g_autoptr (GArray) small = iommud_log_ranges_new_roomy (nearly);
  g_autoptr (GArray) large = iommud_log_ranges_new_roomy (full);
  g_autoptr (GArray) whole = iommud_log_ranges_new_roomy (all);

  assert_range (small, 0, 0, 8 * GIB - 1);
  assert_range (large, 0, 0, 16 * GIB - 1);
  assert_range (whole, 0, 0, G_MAXUINT64);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ranges/random", test_random);
  g_test_add_func ("/ranges/join", test_join);
  g_test_add_func ("/ranges/saved-whole", test_saved_whole);
  g_test_add_func ("/ranges/saved-pages", test_saved_pages);
  g_test_add_func ("/ranges/log", test_log_ranges);
  g_test_add_func ("/ranges/log-room", test_log_room);
  return g_test_run ();
}
