/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl devices: the VFIO devices of the host. */
#include "config.h"

#include "command.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>

/* Leaves room for the other columns beside a UUID. */
#define LONGEST_NAME 12

/* The names that hwdb has, else the numbers, else the type of an mdev. */
static char *
describe_product (GVariant *record, IommudDBusClient *client)
{
  const char *product = "";
  const char *mdev_type = "";
  guint32 vendor_id = 0;
  guint32 product_id = 0;

  g_variant_lookup (record, "Product", "&s", &product);
  g_variant_lookup (record, "MdevType", "&s", &mdev_type);
  g_variant_lookup (record, "VendorId", "u", &vendor_id);
  g_variant_lookup (record, "ProductId", "u", &product_id);
  if (*product != '\0')
    return g_strdup (product);
  if (*mdev_type != '\0')
    return g_strdup (mdev_type);
  if (vendor_id == 0)
    return g_strdup ("-");
  return g_strdup_printf ("%04x:%04x", vendor_id, product_id);
}

/* "attached vm1": two columns would leave no room for the product beside a UUID. */
static char *
describe_state (GVariant *record, IommudDBusClient *client)
{
  const char *state = "";
  const char *container = IOMMUD_DBUS_NO_PATH;
  g_autofree char *name = NULL;
  g_autofree char *short_name = NULL;

  g_variant_lookup (record, "State", "&s", &state);
  g_variant_lookup (record, "Container", "&o", &container);
  if (g_str_equal (container, IOMMUD_DBUS_NO_PATH))
    return g_strdup (state);
  name = iommuctl_names_of_path (client, container);
  if (g_utf8_strlen (name, -1) <= LONGEST_NAME)
    return g_strdup_printf ("%s %s", state, name);
  short_name = g_utf8_substring (name, 0, LONGEST_NAME - 1);
  return g_strdup_printf ("%s %s…", state, short_name);
}

/* Known once the device is bound. */
static char *
describe_tracker (GVariant *record, IommudDBusClient *client)
{
  const char *tracker = "unknown";

  g_variant_lookup (record, "DirtyTracker", "&s", &tracker);
  return g_strdup (g_str_equal (tracker, "unknown") ? "-" : tracker);
}

gboolean
iommuctl_devices_run (IommuctlRequest *request, GError **error)
{
  static const IommuctlColumn columns[] = {
    { N_ ("NAME"), "Name", NULL, FALSE },
    { N_ ("STATE"), NULL, describe_state, FALSE },
    { N_ ("IOMMU"), "Iommu", NULL, FALSE },
    { N_ ("GROUP"), "IommuGroup", NULL, FALSE },
    { N_ ("TRACKER"), NULL, describe_tracker, FALSE },
    { N_ ("PRODUCT"), NULL, describe_product, TRUE },
    { NULL },
  };
  g_autoptr (GVariant) records = iommuctl_records_of_devices (request->client);

  if (iommuctl_request_has (request, "names"))
    iommuctl_request_print_names (request, records);
  else
    iommuctl_output_table (request->output, records, columns);
  return TRUE;
}
