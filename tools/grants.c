/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl grants: which users may use which devices. */
#include "config.h"

#include "columns.h"
#include "grant-folder.h"
#include "numbers.h"
#include "records.h"

#include <glib/gi18n.h>
#include <string.h>

/* "alice, bob"; "" if there is no such member. */
static char *
join (GVariant *record, const char *key)
{
  g_autofree const char **words = NULL;

  if (!g_variant_lookup (record, key, "^a&s", &words))
    return g_strdup ("");
  return g_strjoinv (", ", (char **) words);
}

static void
add_condition (GString *text, GVariant *record, const char *key, const char *word)
{
  g_autofree char *joined = join (record, key);

  if (*joined != '\0')
    g_string_append_printf (text, "%s%s%s%s", text->len == 0 ? "" : "; ", word,
                            *word == '\0' ? "" : " ", joined);
}

/* A device must meet all of it. */
static char *
describe_devices (GVariant *record, IommuctlService *service)
{
  GString *text = g_string_new (NULL);
  g_autofree char *problem = iommuctl_records_dup_string (record, "Problem");

  add_condition (text, record, "Devices", "");
  add_condition (text, record, "Ids", _ ("id"));
  add_condition (text, record, "Drivers", _ ("driver"));
  add_condition (text, record, "IommuGroups", _ ("IOMMU group"));
  add_condition (text, record, "MdevTypes", _ ("mdev type"));
  if (text->len == 0)
    g_string_append (text, *problem == '\0' ? "-" : problem);
  return g_string_free (text, FALSE);
}

static char *
describe_list (GVariant *record, const char *key)
{
  char *joined = join (record, key);

  if (*joined != '\0')
    return joined;
  g_free (joined);
  return g_strdup ("-");
}

static char *
describe_users (GVariant *record, IommuctlService *service)
{
  return describe_list (record, "Users");
}

static char *
describe_groups (GVariant *record, IommuctlService *service)
{
  return describe_list (record, "Groups");
}

static char *
describe_locked_memory (GVariant *record, IommuctlService *service)
{
  guint64 n_bytes = 0;

  if (!g_variant_lookup (record, "LockedMemory", "t", &n_bytes))
    return g_strdup ("-");
  return iommuctl_numbers_describe_size (n_bytes);
}

static char *
describe_file (GVariant *record, IommuctlService *service)
{
  g_autofree char *path = iommuctl_records_dup_string (record, "File");

  return g_path_get_basename (path);
}

static const IommuctlColumn columns[] = {
  { N_ ("DEVICES"), NULL, describe_devices, TRUE, FALSE },
  { N_ ("USERS"), NULL, describe_users, TRUE, FALSE },
  { N_ ("GROUPS"), NULL, describe_groups, TRUE, FALSE },
  { N_ ("LOCKED MEMORY"), NULL, describe_locked_memory, FALSE, FALSE },
  { N_ ("FILE"), NULL, describe_file, TRUE, FALSE },
  { N_ ("SECTION"), "Section", NULL, TRUE, TRUE },
  { NULL },
};

gboolean
iommuctl_grants_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autofree char *folder = iommuctl_grant_folder_find (request);
  g_autoptr (GVariant) records = NULL;

  if (chosen == NULL)
    return FALSE;
  records = iommuctl_grant_folder_read (folder, error);
  if (records == NULL)
    return FALSE;
  if (!iommuctl_output_is_json (request->output) && g_variant_n_children (records) == 0)
    iommuctl_output_text (request->output, _ ("There are no grants. 'iommuctl grant' makes one"));
  else
    iommuctl_output_table (request->output, records, chosen);
  return TRUE;
}
