/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes, addresses and ranges as people write them, and the lists of ranges. */
#include "exit-status.h"
#include "numbers.h"
#include "ranges.h"

#define KIB G_GUINT64_CONSTANT (1024)
#define MIB (KIB * KIB)
#define GIB (MIB * KIB)
#define TIB (GIB * KIB)

static void
test_good_words (void)
{
  static const struct
  {
    const char *word;
    guint64 number;
  } cases[] = {
    { "0", 0 },
    { "4096", 4096 },
    { "4K", 4 * KIB },
    { "2M", 2 * MIB },
    { "1G", GIB },
    { "3T", 3 * TIB },
    { "0x0", 0 },
    { "0xfee00000", 0xfee00000 },
    { "0XFEE00000", 0xfee00000 },
    { "18446744073709551615", G_MAXUINT64 },
    { "0xffffffffffffffff", G_MAXUINT64 },
    { "16777215T", 16777215 * TIB },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      guint64 number = 1;

      g_test_message ("%s", cases[i].word);
      g_assert_true (iommuctl_numbers_parse ("LENGTH", cases[i].word, &number, &error));
      g_assert_no_error (error);
      g_assert_cmphex (number, ==, cases[i].number);
    }
}

static void
test_bad_words (void)
{
  static const struct
  {
    const char *word;
    const char *pattern;
  } cases[] = {
    { "", "LENGTH: '' is not a number of bytes*" },
    { "-1", "*not a number*" },
    { "+1", "*not a number*" },
    { " 1", "*not a number*" },
    { "1 ", "*not a number*" },
    { "1 K", "*not a number*" },
    { "K", "*not a number*" },
    { "1KK", "*not a number*" },
    { "1k", "*not a number*" },
    { "1KiB", "*not a number*" },
    { "1.5G", "*not a number*" },
    { "1e9", "*not a number*" },
    { "0x", "*not a number*" },
    { "0x-1", "*not a number*" },
    { "0x0x1", "*not a number*" },
    { "0x1K", "*not a number*" },
    { "0xg", "*not a number*" },
    { "ff", "*not a number*" },
    { "1\n", "*not a number*" },
    { "18446744073709551616", "LENGTH: '18446744073709551616' is more than 64 bits can hold" },
    { "16777216T", "*more than 64 bits*" },
    { "18014398509481984K", "*more than 64 bits*" },
    { "0x10000000000000000", "*more than 64 bits*" },
    { "99999999999999999999999999999999999G", "*more than 64 bits*" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      guint64 number = 0;

      g_test_message ("%s", cases[i].word);
      g_assert_false (iommuctl_numbers_parse ("LENGTH", cases[i].word, &number, &error));
      g_assert_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE);
      g_test_message ("%s", error->message);
      g_assert_true (g_pattern_match_simple (cases[i].pattern, error->message));
    }
}

static void
test_sizes (void)
{
  static const struct
  {
    guint64 bytes;
    const char *size;
    const char *exact;
  } cases[] = {
    { 0, "0 B", "0 B" },
    { 512, "512 B", "512 B" },
    { 1023, "1023 B", "1023 B" },
    { 4 * KIB, "4 KiB", "4 KiB (4096)" },
    { 4 * KIB + 1, "4.0 KiB", "4.0 KiB (4097)" },
    { GIB + GIB / 2, "1.5 GiB", "1.5 GiB (1610612736)" },
    { 431 * GIB + 1, "431 GiB", "431 GiB (462782726145)" },
    { MIB - 1, "1.0 MiB", "1.0 MiB (1048575)" },
    { G_MAXUINT64, "16 EiB", "16 EiB (18446744073709551615)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *size = iommuctl_numbers_describe_size (cases[i].bytes);
      g_autofree char *exact = iommuctl_numbers_describe_exact_size (cases[i].bytes);

      g_assert_cmpstr (size, ==, cases[i].size);
      g_assert_cmpstr (exact, ==, cases[i].exact);
    }
}

static void
test_shares (void)
{
  static const struct
  {
    guint64 part, whole;
    const char *share;
  } cases[] = {
    { 0, 0, "0 %" },    { 0, 7, "0 %" },  { 1, 1000000, "<0.1 %" },
    { 1, 8, "12.5 %" }, { 1, 2, "50 %" }, { 999999, 1000000, ">99.9 %" },
    { 7, 7, "100 %" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *share = iommuctl_numbers_describe_share (cases[i].part, cases[i].whole);

      g_assert_cmpstr (share, ==, cases[i].share);
    }
}

static void
test_range_words (void)
{
  static const char *const bad[] = { "", "5", "-", "1-", "-1", "2-1", "1-2-3", "0x1-0xg" };
  g_autoptr (GError) error = NULL;
  IommuctlRange range = { 0 };

  g_assert_true (iommuctl_range_parse ("0x1000-0xffffffffffffffff", &range, &error));
  g_assert_no_error (error);
  g_assert_cmphex (range.first, ==, 0x1000);
  g_assert_cmphex (range.last, ==, G_MAXUINT64);
  g_assert_true (iommuctl_range_parse ("7-7", &range, &error));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_false (iommuctl_range_parse (bad[i], &range, &error));
      g_assert_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE);
      g_clear_error (&error);
    }
}

static char *
describe (GArray *ranges)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < ranges->len; i++)
    {
      const IommuctlRange *range = &g_array_index (ranges, IommuctlRange, i);

      g_string_append_printf (text, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ",
                              range->first, range->last);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GArray *
ranges_of (const char *mappings, guint64 page_size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) variant =
      g_variant_parse (G_VARIANT_TYPE ("a(tttu)"), mappings, NULL, NULL, &error);

  g_assert_no_error (error);
  return iommuctl_ranges_of_mappings (variant, page_size);
}

static void
test_mapped_ranges (void)
{
  static const struct
  {
    const char *mappings;
    guint64 page_size;
    const char *ranges;
  } cases[] = {
    { "[]", 4096, "" },
    { "[(0, 0x1000, 0, 3)]", 4096, "0-fff " },
    { "[(0, 0x1000, 0, 3), (0x1000, 0x1000, 7, 1)]", 4096, "0-1fff " },
    { "[(0, 0x1000, 0, 3), (0x2000, 0x1000, 0, 3)]", 4096, "0-fff 2000-2fff " },
    { "[(0, 0x1000, 0, 3), (0x2000, 0x1000, 0, 3)]", 8192, "0-3fff " },
    { "[(0x1000, 0x1000, 0, 3), (0x200000, 0x1000, 0, 3)]", 0x200000, "0-3fffff " },
    { "[(0xfffffffffffff000, 0x1000, 0, 3)]", 0x200000, "ffffffffffe00000-ffffffffffffffff " },
    { "[(0, 0xfffffffffffff000, 0, 3), (0xfffffffffffff000, 0x1000, 0, 3)]", 4096,
      "0-ffffffffffffffff " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GArray) ranges = ranges_of (cases[i].mappings, cases[i].page_size);
      g_autofree char *found = describe (ranges);

      g_assert_cmpstr (found, ==, cases[i].ranges);
    }
}

static void
test_parts_of_ranges (void)
{
  g_autoptr (GArray) ranges = ranges_of ("[(0, 0x5000, 0, 3), (0x8000, 0x2000, 0, 3)]", 4096);
  g_autoptr (GArray) within =
      iommuctl_ranges_within (ranges, (IommuctlRange){ .first = 0x4000, .last = 0x8fff });
  g_autoptr (GArray) parts = iommuctl_ranges_split (ranges, 0x2000);
  g_autoptr (GArray) whole = ranges_of ("[(0, 0xfffffffffffff000, 0, 3)]", 0x2000);
  g_autoptr (GArray) halves =
      iommuctl_ranges_split (whole, G_GUINT64_CONSTANT (0x8000000000000000));
  g_autofree char *found_within = describe (within);
  g_autofree char *found_parts = describe (parts);
  g_autofree char *found_halves = describe (halves);

  g_assert_cmpstr (found_within, ==, "4000-4fff 8000-8fff ");
  g_assert_cmpstr (found_parts, ==, "0-1fff 2000-3fff 4000-4fff 8000-9fff ");
  g_assert_cmpstr (found_halves, ==, "0-7fffffffffffffff 8000000000000000-ffffffffffffffff ");
  g_assert_cmpuint (iommuctl_ranges_count_pages (
                        ranges, (IommuctlRange){ .first = 0x4000, .last = 0x8fff }, 4096),
                    ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/numbers/good-words", test_good_words);
  g_test_add_func ("/numbers/bad-words", test_bad_words);
  g_test_add_func ("/numbers/sizes", test_sizes);
  g_test_add_func ("/numbers/shares", test_shares);
  g_test_add_func ("/ranges/words", test_range_words);
  g_test_add_func ("/ranges/mapped", test_mapped_ranges);
  g_test_add_func ("/ranges/parts", test_parts_of_ranges);
  return g_test_run ();
}
