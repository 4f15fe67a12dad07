/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting and drawing dirty bitmaps: whole pictures are compared, character by character. */
#include "config.h"

#include "exit-status.h"
#include "plot.h"

#include <locale.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE G_GUINT64_CONSTANT (4096)
#define PAGES_OF_GIB ((G_GUINT64_CONSTANT (1) << 30) / PAGE)

static void
set_bit (guint8 *bits, guint64 page)
{
  bits[page / 8] |= 1 << page % 8;
}

static IommuctlBitmap *
new_bitmap (guint64 first, guint64 n_pages, GBytes **bytes)
{
  IommuctlRange range = { .first = first, .last = first + (n_pages * PAGE - 1) };
  guint64 size = iommuctl_bitmap_size_for (range, PAGE);

  *bytes = g_bytes_new_take (g_malloc0 (size), size);
  return iommuctl_bitmap_new (range, PAGE, *bytes);
}

static guint8 *
bits_of (GBytes *bytes)
{
  return (guint8 *) g_bytes_get_data (bytes, NULL);
}

static void
add_range (GArray *ranges, guint64 first, guint64 n_pages)
{
  IommuctlRange range = { .first = first, .last = first + (n_pages * PAGE - 1) };

  g_array_append_val (ranges, range);
}

/* Against counting bit by bit, for every window of a bitmap that ends within a word. */
static void
test_count (void)
{
  const guint64 first = 7 * PAGE;
  const guint n_pages = 200;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (IommuctlBitmap) bitmap = new_bitmap (first, n_pages, &bytes);
  GRand *random = g_rand_new_with_seed (1);
  guint n_dirty[200 + 1] = { 0 };

  for (guint i = 0; i < n_pages; i++)
    {
      gboolean dirty = g_rand_boolean (random);

      if (dirty)
        set_bit (bits_of (bytes), i);
      n_dirty[i + 1] = n_dirty[i] + dirty;
    }
  g_rand_free (random);
  /* What lies beyond the last page is not counted. */
  set_bit (bits_of (bytes), n_pages);
  for (guint i = 0; i < n_pages; i++)
    for (guint j = i; j < n_pages; j++)
      {
        IommuctlRange window = { .first = first + i * PAGE, .last = first + (j + 1) * PAGE - 1 };

        g_assert_cmpuint (iommuctl_bitmap_count (bitmap, window), ==, n_dirty[j + 1] - n_dirty[i]);
      }
  g_assert_cmpuint (
      iommuctl_bitmap_count (bitmap, (IommuctlRange){ .first = 0, .last = G_MAXUINT64 }), ==,
      n_dirty[n_pages]);
  g_assert_cmpuint (
      iommuctl_bitmap_count (bitmap, (IommuctlRange){ .first = 0, .last = first - 1 }), ==, 0);
}

/* The memfd of a reply as the service sends it, one that is too short, and none. */
static void
test_reply (void)
{
  const guint64 words[] = { GUINT64_TO_LE (5), GUINT64_TO_LE (1) };
  IommuctlRange range = { .first = 0, .last = 65 * PAGE - 1 };
  int file = memfd_create ("bitmap", MFD_CLOEXEC);
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new_from_array (&file, 1);
  g_autoptr (GVariant) handle = g_variant_ref_sink (g_variant_new_handle (0));
  g_autoptr (IommuctlBitmap) bitmap = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (file, >=, 0);
  g_assert_null (iommuctl_bitmap_new_from_reply (range, PAGE, handle, NULL, &error));
  g_assert_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED);
  g_clear_error (&error);
  g_assert_null (iommuctl_bitmap_new_from_reply (range, PAGE, handle, files, &error));
  g_assert_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED);
  g_clear_error (&error);
  g_assert_cmpint (write (file, words, sizeof words), ==, sizeof words);
  bitmap = iommuctl_bitmap_new_from_reply (range, PAGE, handle, files, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommuctl_bitmap_count (bitmap, range), ==, 3);
  g_assert_cmpuint (g_bytes_get_size (bitmap->words), ==, sizeof words);
}

typedef struct
{
  GPtrArray *bitmaps;
  GArray *ranges;
} Picture;

static void
picture_init (Picture *self)
{
  self->bitmaps = g_ptr_array_new_with_free_func ((GDestroyNotify) iommuctl_bitmap_free);
  self->ranges = g_array_new (FALSE, FALSE, sizeof (IommuctlRange));
}

static void
picture_clear (Picture *self)
{
  g_ptr_array_unref (self->bitmaps);
  g_array_unref (self->ranges);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

/* A range, mapped and read, whose pages are dirty from one to another. */
static void
picture_add (Picture *self, guint64 first, guint64 n_pages, guint64 from, guint64 to)
{
  g_autoptr (GBytes) bytes = NULL;

  g_ptr_array_add (self->bitmaps, new_bitmap (first, n_pages, &bytes));
  for (guint64 i = from; i < to; i++)
    set_bit (bits_of (bytes), i);
  add_range (self->ranges, first, n_pages);
}

/* @name: of a file with the picture. */
static void
assert_drawn (Picture *self, guint width, gboolean ascii, const char *name)
{
  g_autofree char *found = iommuctl_plot_draw (self->bitmaps, self->ranges, width, ascii);
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "tests", "tools", "golden", name, NULL);
  g_autofree char *expected = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) lines = g_strsplit (found, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    g_assert_cmpint (g_utf8_strlen (lines[i], -1), <=, width);
  g_file_get_contents (path, &expected, NULL, &error);
  g_assert_no_error (error);
  if (!g_str_equal (found, expected))
    g_error ("Not what %s holds:\n%s", name, found);
}

/* A page for each cell. */
static void
test_few_pages (void)
{
  g_auto (Picture) picture = { 0 };

  picture_init (&picture);
  picture_add (&picture, 0x100000, 100, 3, 5);
  assert_drawn (&picture, 80, TRUE, "plot-few-pages.out");
}

static void
dirty_every (Picture *self, guint bitmap, guint64 from, guint64 to, guint step)
{
  const IommuctlBitmap *drawn = self->bitmaps->pdata[bitmap];

  for (guint64 i = from; i < to; i += step)
    set_bit (bits_of (drawn->words), i);
}

/* Two ranges with a hole between them, and a cell of every shade. */
static void
draw_shades (Picture *picture)
{
  picture_init (picture);
  picture_add (picture, 0, 3 * PAGES_OF_GIB, 0, 1);
  picture_add (picture, 4 * PAGES_OF_GIB * PAGE, PAGES_OF_GIB, 0, 1024 * 9 + 512);
  dirty_every (picture, 0, 1 << 16, (1 << 16) + 2048, 5);
  dirty_every (picture, 0, 1 << 17, (1 << 17) + 2048, 10);
  dirty_every (picture, 1, PAGES_OF_GIB - 1, PAGES_OF_GIB, 1);
}

static void
test_shades (void)
{
  g_auto (Picture) picture = { 0 };

  draw_shades (&picture);
  assert_drawn (&picture, 80, FALSE, "plot-shades.out");
  assert_drawn (&picture, 80, TRUE, "plot-shades-ascii.out");
}

static void
test_widths (void)
{
  g_auto (Picture) picture = { 0 };

  draw_shades (&picture);
  assert_drawn (&picture, 40, FALSE, "plot-narrow.out");
  assert_drawn (&picture, 150, FALSE, "plot-wide.out");
}

/* Both ends of the address space: no row is too large, no number wraps. */
static void
test_ends (void)
{
  g_auto (Picture) picture = { 0 };

  picture_init (&picture);
  picture_add (&picture, 0, 1, 0, 1);
  picture_add (&picture, G_MAXUINT64 - PAGE + 1, 1, 0, 1);
  assert_drawn (&picture, 80, FALSE, "plot-ends.out");
}

/* A range that begins and ends in the middle of a cell: the rest of it does not count. */
static void
test_odd_ends (void)
{
  g_auto (Picture) picture = { 0 };

  picture_init (&picture);
  picture_add (&picture, 5 * PAGE, 4100, 0, 4100);
  picture_add (&picture, 4200 * PAGE, 9, 2, 3);
  assert_drawn (&picture, 80, FALSE, "plot-odd-ends.out");
}

static void
test_nothing (void)
{
  g_auto (Picture) picture = { 0 };
  g_autofree char *found = NULL;

  picture_init (&picture);
  found = iommuctl_plot_draw (picture.bitmaps, picture.ranges, 80, FALSE);
  g_assert_cmpstr (found, ==, "");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bitmap/count", test_count);
  g_test_add_func ("/bitmap/reply", test_reply);
  g_test_add_func ("/plot/few-pages", test_few_pages);
  g_test_add_func ("/plot/shades", test_shades);
  g_test_add_func ("/plot/widths", test_widths);
  g_test_add_func ("/plot/ends", test_ends);
  g_test_add_func ("/plot/odd-ends", test_odd_ends);
  g_test_add_func ("/plot/nothing", test_nothing);
  return g_test_run ();
}
