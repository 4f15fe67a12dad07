/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How columns fit a width: what is cut, in which order, and what stays different. */
#include "cut.h"
#include "layout.h"

#include <locale.h>
#include <string.h>

static char *
lay_out (guint n_columns, guint width, gboolean ascii, const char *const *cells)
{
  g_autoptr (IommuctlLayout) layout = iommuctl_layout_new (n_columns, ascii);

  iommuctl_layout_mark (layout, n_columns - 1);
  for (guint i = 0; cells[i] != NULL; i++)
    iommuctl_layout_take (layout, g_strdup (cells[i]));
  return iommuctl_layout_print (layout, width);
}

static void
test_fits (void)
{
  static const char *const cells[] = { "A", "B", "one", "", "", "two", NULL };
  g_autofree char *text = lay_out (2, 80, FALSE, cells);

  g_assert_cmpstr (text, ==, "A   B\none\n    two\n");
}

static void
test_marked_first (void)
{
  static const char *const cells[] = { "NAME", "WORDS", "0123456789012345",
                                       "abcdefghijklmnopqrstuvwxyz", NULL };
  g_autofree char *text = lay_out (2, 30, FALSE, cells);
  g_autofree char *narrow = lay_out (2, 20, TRUE, cells);

  g_assert_cmpstr (text, ==, "NAME             WORDS\n0123456789012345 abcdefghijkl…\n");
  g_assert_cmpstr (narrow, ==, "NAME             WO~\n0123456789012345 ab~\n");
}

/* As long as two do not look the same. */
static void
test_uuids (void)
{
  static const char *const cells[] = {
    "ID", "X", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", "x", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002",
    "y",  NULL
  };
  static const char *const others[] = {
    "ID", "X", "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", "x", "93b8f4f2-509f-382f-3c1e-e6bfe0fa1001",
    "y",  NULL
  };
  g_autofree char *wide = lay_out (2, 38, FALSE, cells);
  g_autofree char *narrow = lay_out (2, 30, FALSE, cells);
  g_autofree char *different = lay_out (2, 30, FALSE, others);

  g_assert_nonnull (strstr (wide, "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 x\n"));
  g_assert_cmpstr (narrow, ==, "ID            X\n83b8f4f2…1001 x\n83b8f4f2…1002 y\n");
  g_assert_cmpstr (different, ==, "ID        X\n83b8f4f2… x\n93b8f4f2… y\n");
}

/* Letters of two columns, and what would control the terminal. */
static void
test_letters (void)
{
  static const char *const cells[] = { "A", "B", "日本", "x", "\033[1m\302\233", "y", NULL };
  g_autofree char *text = lay_out (2, 80, FALSE, cells);

  g_assert_cmpstr (text, ==, "A      B\n日本   x\n?[1m?? y\n");
}

static void
test_any_width (void)
{
  static const char *const cells[] = { "FIRST",       "SECOND",      "THIRD", "0000:01:00.0",
                                       "long as one", "long as two", NULL };

  for (guint width = 11; width < 50; width++)
    {
      g_autofree char *text = lay_out (3, width, FALSE, cells);
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

      for (guint i = 0; lines[i] != NULL; i++)
        g_assert_cmpuint (iommuctl_cut_get_width (lines[i]), <=, width);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The library that draws escapes what the locale does not have. */
  g_assert_nonnull (setlocale (LC_ALL, "C.UTF-8"));
  g_test_add_func ("/layout/fits", test_fits);
  g_test_add_func ("/layout/marked-first", test_marked_first);
  g_test_add_func ("/layout/uuids", test_uuids);
  g_test_add_func ("/layout/letters", test_letters);
  g_test_add_func ("/layout/any-width", test_any_width);
  return g_test_run ();
}
