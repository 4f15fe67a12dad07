/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl containers and create: the containers of the host. */
#include "config.h"

#include "command.h"
#include "names.h"
#include "numbers.h"
#include "records.h"

#include <glib/gi18n.h>

static char *
count_members (GVariant *record, const char *key)
{
  g_autoptr (GVariant) members = g_variant_lookup_value (record, key, G_VARIANT_TYPE ("ao"));

  return g_strdup_printf ("%zu", members == NULL ? 0 : g_variant_n_children (members));
}

static char *
count_devices (GVariant *record, IommudDBusClient *client)
{
  return count_members (record, "Devices");
}

static char *
count_hwpts (GVariant *record, IommudDBusClient *client)
{
  return count_members (record, "Hwpts");
}

static char *
describe_number (GVariant *record, IommudDBusClient *client)
{
  const char *path = "";

  g_variant_lookup (record, "Path", "&s", &path);
  return g_path_get_basename (path);
}

static char *
describe_mapped (GVariant *record, IommudDBusClient *client)
{
  guint64 n_bytes = 0;

  g_variant_lookup (record, "MappedBytes", "t", &n_bytes);
  return iommuctl_numbers_describe_size (n_bytes);
}

/* "full", or "full, active" while pages are recorded. */
static char *
describe_tracking (GVariant *record, IommudDBusClient *client)
{
  const char *coverage = "";
  gboolean active = FALSE;

  g_variant_lookup (record, "DirtyTrackingCoverage", "&s", &coverage);
  g_variant_lookup (record, "DirtyTrackingActive", "b", &active);
  return active ? g_strdup_printf (_ ("%s, active"), coverage) : g_strdup (coverage);
}

gboolean
iommuctl_containers_run (IommuctlRequest *request, GError **error)
{
  static const IommuctlColumn columns[] = {
    { N_ ("NUMBER"), NULL, describe_number, FALSE },
    { N_ ("NAME"), "Name", NULL, TRUE },
    { N_ ("OWNER"), "Owner", NULL, FALSE },
    { N_ ("DEVICES"), NULL, count_devices, FALSE },
    { N_ ("HWPTS"), NULL, count_hwpts, FALSE },
    { N_ ("MAPPED"), NULL, describe_mapped, FALSE },
    { N_ ("POLICY"), "DirtyTrackingPolicy", NULL, FALSE },
    { N_ ("DIRTY TRACKING"), NULL, describe_tracking, FALSE },
    { NULL },
  };
  g_autoptr (GVariant) records = iommuctl_records_of_containers (request->client);

  if (iommuctl_request_has (request, "names"))
    iommuctl_request_print_names (request, records);
  else
    iommuctl_output_table (request->output, records, columns);
  return TRUE;
}

/* The container of --share-context goes to the service as an object path. */
static gboolean
resolve_shared_container (IommuctlRequest *request, GError **error)
{
  const char *name = NULL;
  g_autoptr (IommudDBusContainer) container = NULL;

  if (!g_variant_dict_lookup (request->values, "share-context", "&s", &name))
    return TRUE;
  container = iommuctl_names_find_container (request->client, name, error);
  if (container == NULL)
    return FALSE;
  g_variant_dict_insert (request->values, "share-context", "o",
                         g_dbus_proxy_get_object_path (G_DBUS_PROXY (container)));
  return TRUE;
}

gboolean
iommuctl_create_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (IommudDBusManager) manager = iommud_dbus_client_get_manager (request->client);
  g_autoptr (IommudDBusContainer) container = NULL;
  g_autoptr (GVariant) record = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;

  if (manager == NULL)
    return iommuctl_request_fail_without_service (error);
  if (!resolve_shared_container (request, error))
    return FALSE;
  if (request->arguments[0] != NULL)
    g_variant_dict_insert (request->values, "name", "s", request->arguments[0]);
  if (!iommud_dbus_manager_call_create_container_sync (
          manager, iommuctl_request_method_options (request), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
          &path, NULL, error))
    return FALSE;
  iommuctl_request_settle (request);
  container = iommud_dbus_client_find_container (request->client, path, NULL, error);
  if (container == NULL)
    return FALSE;
  record = iommuctl_records_of_proxy (request->client, G_DBUS_PROXY (container));
  name = iommud_dbus_container_dup_name (container);
  iommuctl_output_result (request->output, record, _ ("Created container %s"), name);
  return TRUE;
}
