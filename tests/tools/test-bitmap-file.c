/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that dirty bitmaps are written to: no bit is lost, and no file is left behind. */
#include "bitmap-file.h"
#include "exit-status.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *folder;
  char *path;
} Place;

static void
place_set_up (Place *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->folder = g_dir_make_tmp ("iommuctl-XXXXXX", &error);
  g_assert_no_error (error);
  self->path = g_build_filename (self->folder, "bitmap", NULL);
}

static guint
count_files (Place *self)
{
  g_autoptr (GDir) folder = g_dir_open (self->folder, 0, NULL);
  guint n_files = 0;

  while (g_dir_read_name (folder) != NULL)
    n_files++;
  return n_files;
}

static void
place_tear_down (Place *self, gconstpointer data)
{
  g_unlink (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->path);
}

static void
assert_holds (Place *self, const char *expected)
{
  g_autofree char *contents = NULL;

  g_assert_true (g_file_get_contents (self->path, &contents, NULL, NULL));
  g_assert_cmpstr (contents, ==, expected);
}

static void
write_text (IommuctlBitmapFile *file, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_autoptr (GError) error = NULL;

  iommuctl_bitmap_file_write (file, bytes, &error);
  g_assert_no_error (error);
}

static void
test_written (Place *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommuctlBitmapFile) file = iommuctl_bitmap_file_new (self->path, 4096, &error);
  mode_t mask = umask (0);
  GStatBuf status;

  umask (mask);
  g_assert_no_error (error);
  write_text (file, "one");
  write_text (file, "two");
  g_assert_false (g_file_test (self->path, G_FILE_TEST_EXISTS));
  g_assert_true (iommuctl_bitmap_file_close (file, &error));
  assert_holds (self, "onetwo");
  g_assert_cmpuint (count_files (self), ==, 1);
  g_assert_cmpint (g_stat (self->path, &status), ==, 0);
  g_assert_cmphex (status.st_mode & 0777, ==, 0666 & ~mask);
}

/* A command that gives up before the first bitmap leaves the old file. */
static void
test_given_up (Place *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  IommuctlBitmapFile *file = NULL;

  g_assert_true (g_file_set_contents (self->path, "old", -1, NULL));
  file = iommuctl_bitmap_file_new (self->path, 4096, &error);
  g_assert_no_error (error);
  iommuctl_bitmap_file_free (file);
  assert_holds (self, "old");
  g_assert_cmpuint (count_files (self), ==, 1);

  file = iommuctl_bitmap_file_new (self->path, 4096, &error);
  g_assert_true (iommuctl_bitmap_file_close (file, &error));
  iommuctl_bitmap_file_free (file);
  assert_holds (self, "old");
  g_assert_cmpuint (count_files (self), ==, 1);
}

static void
test_replaced (Place *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommuctlBitmapFile) file = NULL;

  g_assert_true (g_file_set_contents (self->path, "something old and longer", -1, NULL));
  file = iommuctl_bitmap_file_new (self->path, 4096, &error);
  write_text (file, "new");
  assert_holds (self, "something old and longer");
  g_assert_true (iommuctl_bitmap_file_close (file, &error));
  assert_holds (self, "new");
}

/* No room is an error before anything is asked for. */
static void
test_no_room (Place *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (iommuctl_bitmap_file_new (self->path, G_GUINT64_CONSTANT (1) << 62, &error));
  g_assert_error (error, IOMMUCTL_ERROR, error->code);
  g_assert_nonnull (strstr (error->message, self->path));
  g_assert_cmpuint (count_files (self), ==, 0);
}

static void
test_bad_paths (void)
{
  static const char *const paths[] = { "/nonexistent/bitmap", "", "/", "/dev/null/bitmap" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (iommuctl_bitmap_file_new (paths[i], 8, &error));
      g_assert_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED);
    }
}

/* A device stays one. */
static void
test_in_place (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommuctlBitmapFile) null = iommuctl_bitmap_file_new ("/dev/null", 8, &error);
  g_autoptr (IommuctlBitmapFile) full = iommuctl_bitmap_file_new ("/dev/full", 8, &error);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);

  g_assert_no_error (error);
  g_assert_true (iommuctl_bitmap_file_write (null, bytes, &error));
  g_assert_true (iommuctl_bitmap_file_close (null, &error));
  g_assert_false (g_file_test ("/dev/null", G_FILE_TEST_IS_REGULAR));
  g_assert_false (iommuctl_bitmap_file_write (full, bytes, &error));
  g_assert_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_LIMITS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/bitmap-file/written", Place, NULL, place_set_up, test_written, place_tear_down);
  g_test_add ("/bitmap-file/given-up", Place, NULL, place_set_up, test_given_up, place_tear_down);
  g_test_add ("/bitmap-file/replaced", Place, NULL, place_set_up, test_replaced, place_tear_down);
  g_test_add ("/bitmap-file/no-room", Place, NULL, place_set_up, test_no_room, place_tear_down);
  g_test_add_func ("/bitmap-file/bad-paths", test_bad_paths);
  g_test_add_func ("/bitmap-file/in-place", test_in_place);
  return g_test_run ();
}
