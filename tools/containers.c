/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl containers and create: the containers of the host. */
#include "config.h"

#include "columns.h"
#include "names.h"
#include "numbers.h"
#include "records.h"

#include <glib/gi18n.h>

/* The service lists only the first ones of many, and says how many there are. */
static guint64
get_count (GVariant *record, const char *key)
{
  guint64 count = 0;

  g_variant_lookup (record, key, "t", &count);
  return count;
}

static char *
count_devices (GVariant *record, IommuctlService *service)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, get_count (record, "DeviceCount"));
}

static char *
count_hwpts (GVariant *record, IommuctlService *service)
{
  return g_strdup_printf ("%" G_GUINT64_FORMAT, get_count (record, "HwptCount"));
}

static char *
describe_number (GVariant *record, IommuctlService *service)
{
  const char *path = "";

  g_variant_lookup (record, "Path", "&s", &path);
  return g_path_get_basename (path);
}

static char *
describe_mapped (GVariant *record, IommuctlService *service)
{
  guint64 n_bytes = 0;

  g_variant_lookup (record, "MappedBytes", "t", &n_bytes);
  return iommuctl_numbers_describe_size (n_bytes);
}

/* "full", or "full, active" while pages are recorded. Without devices there is nothing to cover. */
static char *
describe_tracking (GVariant *record, IommuctlService *service)
{
  g_autoptr (GVariant) devices = g_variant_lookup_value (record, "Devices", G_VARIANT_TYPE ("ao"));
  g_autofree char *coverage = NULL;
  gboolean active = FALSE;

  if (devices != NULL && g_variant_n_children (devices) == 0)
    coverage = g_strdup ("-");
  else
    coverage = iommuctl_records_dup_string (record, "DirtyTrackingCoverage");
  g_variant_lookup (record, "DirtyTrackingActive", "b", &active);
  return active ? g_strdup_printf (_ ("%s, active"), coverage) : g_strdup (coverage);
}

static const IommuctlColumn columns[] = {
  { N_ ("NUMBER"), NULL, describe_number, FALSE, FALSE },
  { N_ ("NAME"), "Name", NULL, TRUE, FALSE },
  { N_ ("OWNER"), "Owner", NULL, FALSE, FALSE },
  { N_ ("DEVICES"), NULL, count_devices, FALSE, FALSE },
  { N_ ("HWPTS"), NULL, count_hwpts, FALSE, FALSE },
  { N_ ("MAPPED"), NULL, describe_mapped, FALSE, FALSE },
  { N_ ("POLICY"), "DirtyTrackingPolicy", NULL, FALSE, FALSE },
  { N_ ("DIRTY TRACKING"), NULL, describe_tracking, TRUE, FALSE },
  { N_ ("ACCOUNTING"), "Accounting", NULL, FALSE, TRUE },
  { N_ ("CONTEXT"), "Context", NULL, FALSE, TRUE },
  { N_ ("LEASE"), "Lease", NULL, TRUE, TRUE },
  { NULL },
};

gboolean
iommuctl_containers_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autoptr (GVariant) listing = NULL;
  g_autoptr (GVariant) records = NULL;

  if (chosen == NULL)
    return FALSE;
  listing = iommuctl_records_list (request->service, error);
  if (listing == NULL)
    return FALSE;
  records = iommuctl_records_of_listing (listing, IOMMUD_DBUS_CONTAINER_INTERFACE);
  if (iommuctl_request_has (request, "names"))
    iommuctl_request_print_names (request, records);
  else if (!iommuctl_output_is_json (request->output) && g_variant_n_children (records) == 0)
    iommuctl_output_text (request->output,
                          _ ("There are no containers. 'iommuctl create' makes one"));
  else
    iommuctl_output_table (request->output, records, chosen);
  return TRUE;
}

/* The container of --share-context goes to the service as an object path. */
static gboolean
resolve_shared_container (IommuctlRequest *request, GError **error)
{
  const char *name = NULL;
  g_autofree char *path = NULL;

  if (!g_variant_dict_lookup (request->values, "share-context", "&s", &name))
    return TRUE;
  path = iommuctl_names_find_container (request->service, name, error);
  if (path == NULL)
    return FALSE;
  g_variant_dict_insert (request->values, "share-context", "o", path);
  return TRUE;
}

static gboolean
call_create (IommuctlRequest *request, char **path, GError **error)
{
  g_autoptr (IommudDBusManager) manager = iommuctl_service_new_proxy (
      request->service, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_TYPE_MANAGER_PROXY,
      IOMMUD_DBUS_MANAGER_INTERFACE, error);

  return manager != NULL
         && iommud_dbus_manager_call_create_container_sync (
             manager, iommuctl_request_method_options (request),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, path,
             request->cancellable, error);
}

gboolean
iommuctl_create_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (GVariant) record = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;

  if (!resolve_shared_container (request, error))
    return FALSE;
  if (request->arguments[0] != NULL)
    g_variant_dict_insert (request->values, "name", "s", request->arguments[0]);
  if (!call_create (request, &path, error))
    return FALSE;
  record = iommuctl_records_read (request->service, path, error);
  if (record == NULL)
    return FALSE;
  name = iommuctl_records_dup_string (record, "Name");
  iommuctl_output_result (request->output, record, _ ("Created container %s"), name);
  return TRUE;
}
