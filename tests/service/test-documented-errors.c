/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each error that an interface file lists was received by one of the other tests, which have run
 * before this one. The bed checks in each of them that no other error is received. */
#include "documented-errors.h"

static void
read_record (GHashTable *given, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  lines = g_strsplit (text, "\n", 0);
  for (gsize i = 0; lines[i] != NULL; i++)
    g_hash_table_add (given, g_strdup (lines[i]));
}

static GHashTable *
read_given (void)
{
  GHashTable *given = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *folder = documented_errors_get_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name = NULL;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, DOCUMENTED_ERRORS_SUFFIX))
      read_record (given, folder, name);
  return given;
}

/* What no test here can bring about: memory that runs out, a bus that carries no files, a device
 * that leaves between two turns of the main loop. */
static const char *const out_of_reach[] = {
  "org.iommud1.Lease.CloseDevice org.iommud1.Error.DeviceGone",
  "org.iommud1.Manager.CreateLease org.iommud1.Error.Failed",
  "org.iommud1.Manager.CreateLease org.iommud1.Error.NotSupported",
  "org.iommud1.DirtyTracking.UnmapAndReadBitmap org.iommud1.Error.NoMemory",
  "org.iommud1.DirtyTracking.UnmapAndReadBitmap org.iommud1.Error.NotSupported",
  NULL,
};

/* The limit of open calls holds for all methods that change something. One place keeps it, and
 * test-budget reaches it. */
static gboolean
may_be_missing (const char *line)
{
  return g_str_has_suffix (line, ".LimitsExceeded") || g_strv_contains (out_of_reach, line);
}

static void
test_given (void)
{
  g_autoptr (GHashTable) listed = documented_errors_read ();
  g_autoptr (GHashTable) given = read_given ();
  guint n_missing = 0;
  GHashTableIter iter;
  gpointer line = NULL;

  g_hash_table_iter_init (&iter, listed);
  while (g_hash_table_iter_next (&iter, &line, NULL))
    if (!may_be_missing (line) && !g_hash_table_contains (given, line))
      {
        g_test_message ("%s is listed, and no test was given it", (char *) line);
        n_missing++;
      }
  g_assert_cmpuint (n_missing, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/documented-errors/given", test_given);
  return g_test_run ();
}
