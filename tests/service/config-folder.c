/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder with the configuration of the service, for a test: files appear in it whole, as those
 * that an administrator's tools write. */
#include "config-folder.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

char *
config_folder_new (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("iommud-XXXXXX", &error);
  g_autofree char *grants = g_build_filename (folder, "grants.d", NULL);

  g_assert_no_error (error);
  /* It may be read while the test is another user for a moment. */
  g_assert_cmpint (chmod (folder, 0755), ==, 0);
  g_assert_cmpint (g_mkdir (grants, 0755), ==, 0);
  return folder;
}

static void
remove_all (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name = NULL;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_all (child);
    }
  g_clear_pointer (&dir, g_dir_close);
  g_assert_cmpint (g_remove (path), ==, 0);
}

void
config_folder_free (char *folder)
{
  remove_all (folder);
  g_free (folder);
}

/* @name: such as "grants.d/a.conf". */
void
config_folder_write (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *new_path = g_strconcat (path, ".new", NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (new_path, text, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpint (chmod (new_path, 0644), ==, 0);
  g_assert_cmpint (g_rename (new_path, path), ==, 0);
}

void
config_folder_remove (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (g_remove (path), ==, 0);
}
