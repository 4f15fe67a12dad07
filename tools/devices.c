/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl devices: the VFIO devices of the host. */
#include "config.h"

#include "command.h"
#include "records.h"

#include <glib/gi18n.h>

/* Vendor and product as hwdb knows them, else as numbers, else the type of an mdev. */
static char *
describe_product (GVariant *record, IommudDBusClient *client)
{
  const char *vendor = "";
  const char *product = "";
  const char *mdev_type = "";
  guint32 vendor_id = 0;
  guint32 product_id = 0;

  g_variant_lookup (record, "Vendor", "&s", &vendor);
  g_variant_lookup (record, "Product", "&s", &product);
  g_variant_lookup (record, "MdevType", "&s", &mdev_type);
  g_variant_lookup (record, "VendorId", "u", &vendor_id);
  g_variant_lookup (record, "ProductId", "u", &product_id);
  if (*vendor != '\0' || *product != '\0')
    return g_strstrip (g_strdup_printf ("%s %s", vendor, product));
  if (*mdev_type != '\0')
    return g_strdup (mdev_type);
  if (vendor_id == 0)
    return g_strdup ("-");
  return g_strdup_printf ("%04x:%04x", vendor_id, product_id);
}

gboolean
iommuctl_devices_run (IommuctlRequest *request, GError **error)
{
  static const IommuctlColumn columns[] = {
    { N_ ("NAME"), "Name", NULL, FALSE },
    { N_ ("STATE"), "State", NULL, FALSE },
    { N_ ("IOMMU"), "Iommu", NULL, TRUE },
    { N_ ("GROUP"), "IommuGroup", NULL, FALSE },
    { N_ ("CONTAINER"), "Container", NULL, TRUE },
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
