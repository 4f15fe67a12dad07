/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder with grants, as iommud reads it: see iommud.conf(5). */
#include "config.h"

#include "grant-folder.h"

#include "iommud-dbus.h"
#include "numbers.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_NAME "grants.d"
#define SUFFIX ".conf"

char *
iommuctl_grant_folder_find (IommuctlRequest *request)
{
  const char *config = SYSCONFDIR "/iommud";

  g_variant_dict_lookup (request->values, "config-dir", "&s", &config);
  return g_build_filename (config, FOLDER_NAME, NULL);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static const struct
{
  const char *key;
  const char *member;
} lists[] = {
  { "devices", "Devices" },      { "ids", "Ids" },
  { "drivers", "Drivers" },      { "iommu-groups", "IommuGroups" },
  { "mdev-types", "MdevTypes" }, { "users", "Users" },
  { "groups", "Groups" },
};

static void
add_string (GVariantBuilder *record, const char *member, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  g_variant_builder_add (record, "{sv}", member, g_variant_new_string (valid));
}

static void
add_list (GVariantBuilder *record, const char *member, GKeyFile *file, const char *section,
          const char *key)
{
  g_auto (GStrv) words = g_key_file_get_string_list (file, section, key, NULL, NULL);

  if (words == NULL)
    return;
  for (gsize i = 0; words[i] != NULL; i++)
    g_strstrip (words[i]);
  g_variant_builder_add (record, "{sv}", member,
                         g_variant_new_strv ((const char *const *) words, -1));
}

static void
add_locked_memory (GVariantBuilder *record, GKeyFile *file, const char *section)
{
  g_autofree char *word = g_key_file_get_string (file, section, "locked-memory", NULL);
  guint64 n_bytes = 0;

  if (word != NULL && iommuctl_numbers_parse ("locked-memory", word, &n_bytes, NULL))
    g_variant_builder_add (record, "{sv}", "LockedMemory", g_variant_new_uint64 (n_bytes));
}

static void
add_section (GVariantBuilder *records, const char *path, GKeyFile *file, const char *section)
{
  GVariantBuilder record = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  add_string (&record, "File", path);
  add_string (&record, "Section", section);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    add_list (&record, lists[i].member, file, section, lists[i].key);
  add_locked_memory (&record, file, section);
  g_variant_builder_add_value (records, g_variant_builder_end (&record));
}

static void
add_problem (GVariantBuilder *records, const char *path, const char *problem)
{
  GVariantBuilder record = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  add_string (&record, "File", path);
  add_string (&record, "Problem", problem);
  g_variant_builder_add_value (records, g_variant_builder_end (&record));
}

static void
add_file (GVariantBuilder *records, const char *path)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) sections = NULL;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    {
      add_problem (records, path, _ ("It is no regular file"));
      return;
    }
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error))
    {
      add_problem (records, path, error->message);
      return;
    }
  sections = g_key_file_get_groups (file, NULL);
  for (gsize i = 0; sections[i] != NULL; i++)
    add_section (records, path, file, sections[i]);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sorted; NULL with error set. A folder that is not there has none. */
static GPtrArray *
list_files (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &local_error);
  const char *name = NULL;

  if (dir == NULL && !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (*name != '.' && g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

GVariant *
iommuctl_grant_folder_read (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) names = list_files (folder, error);
  GVariantBuilder records = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, g_ptr_array_index (names, i), NULL);

      add_file (&records, path);
    }
  return g_variant_ref_sink (g_variant_builder_end (&records));
}

/* --- Writing ---------------------------------------------------------------------------------- */

static gboolean
fail (const char *path, int errnum, GError **error)
{
  if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_AUTHORIZED,
                 _ ("This user may not write '%s', which only root may"), path);
  else if (errnum == EEXIST)
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_EXISTS,
                 _ ("'%s' is there already: remove it to grant something else"), path);
  else
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_FAILED, _ ("Cannot write '%s': %s"),
                 path, g_strerror (errnum));
  return FALSE;
}

/* Returns an errno. */
static int
write_all (int file, const char *text)
{
  gsize left = strlen (text);

  while (left > 0)
    {
      gssize n = write (file, text, left);

      if (n < 0 && errno != EINTR)
        return errno;
      left -= (gsize) MAX (n, 0);
      text += MAX (n, 0);
    }
  return fchmod (file, 0644) == 0 && fsync (file) == 0 ? 0 : errno;
}

/* Returns an errno. iommud does not read a file whose name begins with a dot. */
static int
write_new (const char *folder, const char *path, const char *text)
{
  g_autofree char *temporary = g_build_filename (folder, ".iommuctl-XXXXXX", NULL);
  int file = g_mkstemp (temporary);
  int errnum = file < 0 ? errno : write_all (file, text);

  if (file < 0)
    return errnum;
  g_close (file, NULL);
  if (errnum == 0 && link (temporary, path) != 0)
    errnum = errno;
  g_unlink (temporary);
  return errnum;
}

gboolean
iommuctl_grant_folder_write (const char *folder, const char *name, const char *text, GError **error)
{
  g_autofree char *file_name = g_strconcat (name, SUFFIX, NULL);
  g_autofree char *path = NULL;
  int errnum = 0;

  g_strdelimit (file_name, "/", '_');
  path = g_build_filename (folder, file_name, NULL);
  if (g_mkdir_with_parents (folder, 0755) != 0)
    return fail (folder, errno, error);
  errnum = write_new (folder, path, text);
  return errnum == 0 ? TRUE : fail (path, errnum, error);
}
