/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the administrator has configured, as it was when it was read: it never changes, so it can be
 * read on any thread and handed to the main loop. */
#include "access/configuration.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "access/plain-file.h"

#define GRANT_SUFFIX ".conf"

struct _IommudConfiguration
{
  gatomicrefcount references;
  GPtrArray *grants; /* of IommudGrant */
  IommudLimits limits;
};

static void
free_grant (gpointer grant)
{
  iommud_grant_free (grant);
}

IommudConfiguration *
iommud_configuration_ref (IommudConfiguration *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_configuration_unref (IommudConfiguration *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  g_ptr_array_unref (self->grants);
  g_free (self);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static void
add_grants (IommudConfiguration *self, const char *path, const char *text, gsize length,
            IommudProblems *problems)
{
  g_autoptr (GPtrArray) sections = iommud_settings_parse (path, text, length, problems);

  for (guint i = 0; i < sections->len; i++)
    {
      const IommudSection *section = g_ptr_array_index (sections, i);
      IommudGrant *grant = NULL;

      if (self->grants->len >= IOMMUD_CONFIGURATION_MAX_GRANTS)
        {
          iommud_problems_add (problems, path, section->line, "There are more than %u grants",
                               IOMMUD_CONFIGURATION_MAX_GRANTS);
          return;
        }
      grant = iommud_grant_new (path, section, problems);
      if (grant != NULL)
        g_ptr_array_add (self->grants, grant);
    }
}

static void
read_grants_file (IommudConfiguration *self, int folder, const char *path, const char *name,
                  IommudProblems *problems)
{
  g_autofree char *file_path = g_build_filename (path, name, NULL);
  gsize length = 0;
  g_autofree char *text = iommud_plain_file_read (folder, name, file_path, &length, problems);

  if (text != NULL)
    add_grants (self, file_path, text, length, problems);
}

/* As run-parts and others do, hidden files and copies that editors keep are left alone. */
static gboolean
is_grants_file (const char *name)
{
  return *name != '.' && g_str_has_suffix (name, GRANT_SUFFIX);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sorted; owned. */
static GPtrArray *
list_files (const char *path, IommudProblems *problems)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  const char *name = NULL;

  if (dir == NULL)
    iommud_problems_add (problems, path, 0, "%s", error->message);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      if (!is_grants_file (name))
        continue;
      if (names->len == IOMMUD_CONFIGURATION_MAX_FILES)
        {
          iommud_problems_add (problems, path, 0, "There are more than %u files",
                               IOMMUD_CONFIGURATION_MAX_FILES);
          break;
        }
      g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
read_grants (IommudConfiguration *self, int parent, const char *parent_path,
             IommudProblems *problems)
{
  g_autofree char *path = g_build_filename (parent_path, IOMMUD_CONFIGURATION_GRANTS_FOLDER, NULL);
  int folder =
      iommud_plain_file_open_folder (parent, IOMMUD_CONFIGURATION_GRANTS_FOLDER, path, problems);
  g_autoptr (GPtrArray) names = NULL;

  if (folder < 0)
    return;
  names = list_files (path, problems);
  for (guint i = 0; i < names->len; i++)
    read_grants_file (self, folder, path, g_ptr_array_index (names, i), problems);
  g_close (folder, NULL);
}

static void
read_limits (IommudConfiguration *self, int folder, const char *folder_path,
             IommudProblems *problems)
{
  g_autofree char *path = g_build_filename (folder_path, IOMMUD_CONFIGURATION_FILE, NULL);
  gsize length = 0;
  g_autofree char *text =
      iommud_plain_file_read (folder, IOMMUD_CONFIGURATION_FILE, path, &length, problems);

  if (text != NULL)
    iommud_limits_read (&self->limits, path, text, length, problems);
}

/* May take long. Never fails: what is wrong is a problem, and grants nothing. Owned. */
IommudConfiguration *
iommud_configuration_read (const char *folder, IommudProblems *problems)
{
  IommudConfiguration *self = g_new0 (IommudConfiguration, 1);
  int opened =
      folder == NULL ? -1 : iommud_plain_file_open_folder (AT_FDCWD, folder, folder, problems);

  g_atomic_ref_count_init (&self->references);
  self->grants = g_ptr_array_new_with_free_func (free_grant);
  iommud_limits_init (&self->limits);
  if (opened < 0)
    return self;
  read_limits (self, opened, folder, problems);
  read_grants (self, opened, folder, problems);
  g_close (opened, NULL);
  return self;
}

/* --- Asking ----------------------------------------------------------------------------------- */

/* Borrowed. */
const IommudLimits *
iommud_configuration_get_limits (const IommudConfiguration *self)
{
  return &self->limits;
}

/* Whether some grant is for the user, whatever it grants. */
gboolean
iommud_configuration_has_grant (const IommudConfiguration *self, const IommudSubject *subject)
{
  for (guint i = 0; i < self->grants->len; i++)
    if (iommud_grant_is_for (g_ptr_array_index (self->grants, i), subject))
      return TRUE;
  return FALSE;
}

/* Whether a grant lets the user use the device. @locked_memory: the largest that one names for
 * both; NULL if it is of no interest. */
gboolean
iommud_configuration_grants (const IommudConfiguration *self, const IommudSubject *subject,
                             const IommudDeviceTraits *device, guint64 *locked_memory)
{
  gboolean granted = FALSE;
  guint64 largest = 0;

  for (guint i = 0; i < self->grants->len; i++)
    {
      const IommudGrant *grant = g_ptr_array_index (self->grants, i);

      if (!iommud_grant_is_for (grant, subject) || !iommud_grant_covers (grant, device))
        continue;
      granted = TRUE;
      largest = MAX (largest, iommud_grant_get_locked_memory (grant));
    }
  if (locked_memory != NULL)
    *locked_memory = largest;
  return granted;
}
