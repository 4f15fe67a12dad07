/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl devices: the VFIO devices of the host. */
#include "config.h"

#include "columns.h"
#include "names.h"
#include "pci.h"
#include "records.h"

#include <glib/gi18n.h>

static guint32
get_number (GVariant *record, const char *key)
{
  g_autoptr (GVariant) number = g_variant_lookup_value (record, key, G_VARIANT_TYPE_UINT32);

  return number == NULL ? 0 : g_variant_get_uint32 (number);
}

/* The name that hwdb has, else the number. */
static char *
describe_vendor (GVariant *record, IommuctlService *service)
{
  g_autofree char *vendor = iommuctl_records_dup_string (record, "Vendor");
  guint32 vendor_id = get_number (record, "VendorId");

  if (*vendor != '\0')
    return g_steal_pointer (&vendor);
  return vendor_id == 0 ? g_strdup ("-") : g_strdup_printf ("%04x", vendor_id);
}

/* The name that hwdb has, else the number, else the type of an mdev. */
static char *
describe_product (GVariant *record, IommuctlService *service)
{
  g_autofree char *product = iommuctl_records_dup_string (record, "Product");
  g_autofree char *mdev_type = NULL;

  if (*product != '\0')
    return g_steal_pointer (&product);
  mdev_type = iommuctl_records_dup_string (record, "MdevType");
  if (*mdev_type != '\0')
    return g_steal_pointer (&mdev_type);
  if (get_number (record, "VendorId") == 0)
    return g_strdup ("-");
  return g_strdup_printf ("%04x", get_number (record, "ProductId"));
}

static char *
describe_ids (GVariant *record, IommuctlService *service)
{
  if (get_number (record, "VendorId") == 0)
    return g_strdup ("-");
  return g_strdup_printf ("%04x:%04x", get_number (record, "VendorId"),
                          get_number (record, "ProductId"));
}

/* The name of the object at a member of the record; NULL for none. */
static char *
name_of_member (GVariant *record, const char *key, IommuctlService *service)
{
  g_autofree char *path = iommuctl_records_dup_string (record, key);

  if (*path == '\0' || g_str_equal (path, IOMMUD_DBUS_NO_PATH))
    return NULL;
  return iommuctl_names_of_path (service, path);
}

/* "attached vm1", "leased job": two columns would leave less room for the others. */
static char *
describe_state (GVariant *record, IommuctlService *service)
{
  g_autofree char *state = iommuctl_records_dup_string (record, "State");
  g_autofree char *name = name_of_member (record, "Container", service);

  if (name == NULL)
    name = name_of_member (record, "Lease", service);
  return name == NULL ? g_steal_pointer (&state) : g_strdup_printf ("%s %s", state, name);
}

/* Known once the device is bound. */
static char *
describe_tracker (GVariant *record, IommuctlService *service)
{
  g_autofree char *tracker = iommuctl_records_dup_string (record, "DirtyTracker");

  return g_strdup (*tracker == '\0' || g_str_equal (tracker, "unknown") ? "-" : tracker);
}

static const IommuctlColumn columns[] = {
  { N_ ("NAME"), "Name", NULL, FALSE, FALSE },
  { N_ ("STATE"), NULL, describe_state, FALSE, FALSE },
  { N_ ("IOMMU"), "Iommu", NULL, FALSE, FALSE },
  { N_ ("GROUP"), "IommuGroup", NULL, FALSE, FALSE },
  { N_ ("TRACKER"), NULL, describe_tracker, FALSE, FALSE },
  { N_ ("DRIVER"), "Driver", NULL, FALSE, FALSE },
  { N_ ("VENDOR"), NULL, describe_vendor, TRUE, FALSE },
  { N_ ("PRODUCT"), NULL, describe_product, TRUE, FALSE },
  { N_ ("CONTAINER"), "Container", NULL, TRUE, TRUE },
  { N_ ("HWPT"), "Hwpt", NULL, TRUE, TRUE },
  { N_ ("LEASE"), "Lease", NULL, TRUE, TRUE },
  { N_ ("BUS"), "Bus", NULL, FALSE, TRUE },
  { N_ ("IDS"), NULL, describe_ids, FALSE, TRUE },
  { N_ ("NUMA"), "NumaNode", NULL, FALSE, TRUE },
  { N_ ("VFIO"), "VfioName", NULL, FALSE, TRUE },
  { N_ ("PARENT"), "Parent", NULL, FALSE, TRUE },
  { NULL },
};

static char *
describe_bindable (void)
{
  guint n_bindable = iommuctl_pci_count_bindable (IOMMUCTL_PCI_FOLDER);

  if (n_bindable == 0)
    return g_strdup (_ ("There are no VFIO devices, and no PCI device is behind an IOMMU that the "
                        "kernel uses"));
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                       "There are no VFIO devices. %u PCI device could be bound "
                                       "to vfio-pci:\n'driverctl set-override ADDRESS vfio-pci' "
                                       "does that, and 'lspci' lists the addresses",
                                       "There are no VFIO devices. %u PCI devices could be bound "
                                       "to vfio-pci:\n'driverctl set-override ADDRESS vfio-pci' "
                                       "does that, and 'lspci' lists the addresses",
                                       n_bindable),
                          n_bindable);
}

/* The devices of a simulated host are not those of this machine. */
static gboolean
say_none (IommuctlRequest *request, GError **error)
{
  g_autoptr (GVariant) backend = iommuctl_service_read (
      request->service, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE, "Backend", error);
  g_autofree char *text = NULL;

  if (backend == NULL)
    return FALSE;
  if (g_str_equal (g_variant_get_string (backend, NULL), "kernel"))
    text = describe_bindable ();
  else
    text = g_strdup (_ ("The simulated host has no VFIO devices"));
  iommuctl_output_text (request->output, text);
  return TRUE;
}

gboolean
iommuctl_devices_run (IommuctlRequest *request, GError **error)
{
  g_autofree IommuctlColumn *chosen = iommuctl_columns_choose (request, columns, error);
  g_autoptr (GVariant) listing = NULL;
  g_autoptr (GVariant) records = NULL;

  if (chosen == NULL)
    return FALSE;
  listing = iommuctl_records_list (request->service, error);
  if (listing == NULL)
    return FALSE;
  records = (iommuctl_output_is_json (request->output)
                 ? iommuctl_records_of_listing
                 : iommuctl_records_share_listing) (listing, IOMMUD_DBUS_DEVICE_INTERFACE);
  if (iommuctl_request_has (request, "names"))
    iommuctl_request_print_names (request, records);
  else if (!iommuctl_output_is_json (request->output) && g_variant_n_children (records) == 0)
    return say_none (request, error);
  else
    iommuctl_output_table (request->output, records, chosen);
  return TRUE;
}
