/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl leases: who was given which devices. */
#include "config.h"

#include "columns.h"
#include "cut.h"
#include "holder.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>
#include <pwd.h>

static char *
describe_number (GVariant *record, IommuctlService *service)
{
  g_autofree char *path = iommuctl_records_dup_string (record, "Path");

  return g_path_get_basename (path);
}

/* The user's name here, if there is one; the service knows the number. */
static char *
describe_owner (GVariant *record, IommuctlService *service)
{
  const struct passwd *user = NULL;
  guint32 uid = 0;

  if (!g_variant_lookup (record, "Owner", "u", &uid))
    return g_strdup ("-");
  user = getpwuid (uid);
  return user == NULL ? g_strdup_printf ("%u", uid) : g_strdup (user->pw_name);
}

static char *
describe_command (GVariant *record, IommuctlService *service)
{
  g_autofree char *command = iommuctl_records_dup_string (record, "Command");
  guint32 pid = 0;

  g_variant_lookup (record, "Pid", "u", &pid);
  if (*command == '\0' || pid == 0)
    return g_strdup ("-");
  return g_strdup_printf ("%s (%u)", command, pid);
}

static const IommuctlColumn columns[] = {
  { N_ ("NAME"), "Name", NULL, TRUE, FALSE },
  { N_ ("OWNER"), NULL, describe_owner, FALSE, FALSE },
  { N_ ("STATE"), "State", NULL, FALSE, FALSE },
  { N_ ("DEVICES"), "Devices", NULL, TRUE, FALSE },
  { N_ ("COMMAND"), NULL, describe_command, TRUE, FALSE },
  { N_ ("SINCE"), "Since", NULL, FALSE, FALSE },
  { N_ ("NUMBER"), NULL, describe_number, FALSE, TRUE },
  { N_ ("CONTAINERS"), "Containers", NULL, TRUE, TRUE },
  { N_ ("UNIT"), "Unit", NULL, TRUE, TRUE },
  { N_ ("HOLDERS"), "Holders", NULL, TRUE, TRUE },
  { NULL },
};

/* Only the one that is named, if one is. */
static GVariant *
list_records (IommuctlRequest *request, GError **error)
{
  g_autoptr (GVariant) listing = NULL;
  g_autoptr (GVariant) record = NULL;
  g_autofree char *path = NULL;

  if (request->arguments[0] == NULL)
    {
      listing = iommuctl_records_list (request->service, error);
      return listing == NULL ? NULL
                             : iommuctl_records_of_listing (listing, IOMMUD_DBUS_LEASE_INTERFACE);
    }
  path = iommuctl_names_find_lease (request->service, request->arguments[0], error);
  if (path == NULL)
    return NULL;
  record = iommuctl_records_read (request->service, path, error);
  return record == NULL
             ? NULL
             : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, &record, 1));
}

/* What keeps each lease that has ended. */
static void
print_holders (IommuctlRequest *request, GVariant *records)
{
  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);
      g_autoptr (GVariant) holders =
          g_variant_lookup_value (record, "Holders", G_VARIANT_TYPE ("aa{sv}"));
      g_autofree char *name = iommuctl_records_dup_string (record, "Name");
      g_autofree char *described = NULL;
      g_autofree char *line = NULL;

      if (!iommuctl_records_has_string (record, "State", "lingering") || holders == NULL
          || g_variant_n_children (holders) == 0)
        continue;
      described = iommuctl_holder_describe_records (holders);
      line = g_strdup_printf (_ ("But: %s has ended, and its devices are open in %s"), name,
                              described);
      iommuctl_output_text (request->output, line);
    }
}

gboolean
iommuctl_leases_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autoptr (GVariant) records = NULL;

  if (chosen == NULL)
    return FALSE;
  records = list_records (request, error);
  if (records == NULL)
    return FALSE;
  if (iommuctl_request_has (request, "names"))
    iommuctl_request_print_names (request, records);
  else if (!iommuctl_output_is_json (request->output) && g_variant_n_children (records) == 0)
    iommuctl_output_text (request->output, _ ("There are no leases. 'iommuctl exec' makes one"));
  else
    iommuctl_output_table (request->output, records, chosen);
  if (!iommuctl_request_has (request, "names") && !iommuctl_request_has (request, "columns"))
    print_holders (request, records);
  return TRUE;
}
