/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl grant: lets users use a device, by a file of its own in the folder of grants. */
#include "config.h"

#include "exit-status.h"
#include "grant-folder.h"
#include "names.h"
#include "numbers.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>

typedef struct
{
  char *device;
  const char *user;  /* NULL for none */
  const char *group; /* NULL for none */
  guint64 locked_memory;
} Grant;

static gboolean
is_number (const char *word)
{
  return g_ascii_string_to_unsigned (word, 10, 0, G_MAXUINT32 - 1, NULL, NULL);
}

/* What stands in a list must not look like two elements. */
static gboolean
is_element (const char *word)
{
  return *word != '\0' && strpbrk (word, ";\n\\") == NULL;
}

static gboolean
check_who (const Grant *grant, GError **error)
{
  if (grant->user == NULL && grant->group == NULL)
    g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                         _ ("A grant is for somebody: --user or --group says for whom"));
  else if (grant->user != NULL && !is_number (grant->user)
           && (!is_element (grant->user) || getpwnam (grant->user) == NULL))
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND, _ ("There is no user '%s'"),
                 grant->user);
  else if (grant->group != NULL && !is_number (grant->group)
           && (!is_element (grant->group) || getgrnam (grant->group) == NULL))
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("There is no group '%s'"), grant->group);
  else
    return TRUE;
  return FALSE;
}

/* NULL is in every list. */
static gboolean
lists (GVariant *record, const char *key, const char *word)
{
  g_autofree const char **words = NULL;

  return word == NULL
         || (g_variant_lookup (record, key, "^a&s", &words) && g_strv_contains (words, word));
}

static gboolean
check_new (const Grant *grant, GVariant *records, GError **error)
{
  GVariantIter iter;
  GVariant *record = NULL;
  gboolean is_new = TRUE;

  g_variant_iter_init (&iter, records);
  while (is_new && (record = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *file = "";

      is_new = !lists (record, "Devices", grant->device) || !lists (record, "Users", grant->user)
               || !lists (record, "Groups", grant->group);
      g_variant_lookup (record, "File", "&s", &file);
      if (!is_new)
        g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_EXISTS,
                     _ ("'%s' grants device %s to them already"), file, grant->device);
      g_variant_unref (record);
    }
  return is_new;
}

/* The text of the file. */
static char *
write_down (const Grant *grant)
{
  GString *text = g_string_new ("# Made by iommuctl grant; see iommud.conf(5).\n");

  g_string_append_printf (text, "[%s]\ndevices=%s\n", grant->device, grant->device);
  if (grant->user != NULL)
    g_string_append_printf (text, "users=%s\n", grant->user);
  if (grant->group != NULL)
    g_string_append_printf (text, "groups=%s\n", grant->group);
  if (grant->locked_memory > 0)
    g_string_append_printf (text, "locked-memory=%" PRIu64 "\n", grant->locked_memory);
  return g_string_free (text, FALSE);
}

/* Of the file. */
static char *
make_name (const Grant *grant)
{
  return g_strdup_printf ("%s-%s%s%s", grant->device, grant->user == NULL ? "" : grant->user,
                          grant->group == NULL ? "" : "-group-",
                          grant->group == NULL ? "" : grant->group);
}

static GVariant *
make_record (const Grant *grant, const char *folder)
{
  GVariantBuilder record = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&record, "{sv}", "Folder", g_variant_new_string (folder));
  g_variant_builder_add (&record, "{sv}", "Device", g_variant_new_string (grant->device));
  if (grant->user != NULL)
    g_variant_builder_add (&record, "{sv}", "User", g_variant_new_string (grant->user));
  if (grant->group != NULL)
    g_variant_builder_add (&record, "{sv}", "Group", g_variant_new_string (grant->group));
  g_variant_builder_add (&record, "{sv}", "LockedMemory",
                         g_variant_new_uint64 (grant->locked_memory));
  return g_variant_builder_end (&record);
}

static void
print_grant (IommuctlRequest *request, const Grant *grant, const char *folder)
{
  GVariant *record = make_record (grant, folder);

  if (grant->group == NULL)
    iommuctl_output_result (request->output, record, _ ("Granted %s to user %s"), grant->device,
                            grant->user);
  else if (grant->user == NULL)
    iommuctl_output_result (request->output, record, _ ("Granted %s to group %s"), grant->device,
                            grant->group);
  else
    iommuctl_output_result (request->output, record, _ ("Granted %s to user %s and group %s"),
                            grant->device, grant->user, grant->group);
}

static gboolean
add_to (const char *folder, const Grant *grant, GError **error)
{
  g_autoptr (GVariant) records = iommuctl_grant_folder_read (folder, error);
  g_autofree char *text = write_down (grant);
  g_autofree char *name = make_name (grant);

  return records != NULL && check_new (grant, records, error)
         && iommuctl_grant_folder_write (folder, name, text, error);
}

gboolean
iommuctl_grant_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *folder = iommuctl_grant_folder_find (request);
  g_autofree char *path = NULL;
  g_autofree char *device = NULL;
  Grant grant = { NULL, NULL, NULL, 0 };

  g_variant_dict_lookup (request->values, "user", "&s", &grant.user);
  g_variant_dict_lookup (request->values, "group", "&s", &grant.group);
  g_variant_dict_lookup (request->values, "locked-memory", "t", &grant.locked_memory);
  if (!check_who (&grant, error))
    return FALSE;
  path = iommuctl_names_find_device (request->service, request->arguments[0], error);
  if (path == NULL)
    return FALSE;
  grant.device = device = iommuctl_names_of_path (request->service, path);
  if (!add_to (folder, &grant, error))
    return FALSE;
  print_grant (request, &grant, folder);
  return TRUE;
}
