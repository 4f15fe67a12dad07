/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements of a simulated host's XML and the records that they fill. */
#include "config.h"

#include "xml/host-description.h"

#include "iommud-error.h"
#include "sim/description/operations.h"
#include "xml/default-host.h"
#include "xml/element.h"
#include "xml/errno-names.h"
#include "xml/host-builder.h"
#include "xml/input.h"

#include <string.h>

#define MAX_GROUP 999999999
#define MAX_VFIO_NUMBER 999999

static const char *const releases[] = { "6.12", "6.13", "6.19", "7.4", NULL };
static const char *const region_types[] = { "reserved", "msi", "direct", NULL };
static const char *const hw_infos[] = { "none", "intel-vtd", NULL };
static const char *const host_device_buses[] = { "pci",    "platform", "ap",      "ccw",
                                                 "fsl-mc", "cdx",      "virtual", NULL };
static const char *const physical_buses[] = {
  "pci", "platform", "ap", "ccw", "fsl-mc", "cdx", NULL
};
static const char *const default_drivers[] = { "vfio-pci", "vfio-platform", "vfio_ap",
                                               "vfio_ccw", "vfio-fsl-mc",   "vfio-cdx",
                                               "" };

static gboolean
read_range (const IommudXmlElement *element, const IommudXmlAttribute *table, gpointer record,
            const guint64 *first, const guint64 *last, GError **error)
{
  if (!iommud_xml_read_attributes (element, table, &record, error))
    return FALSE;
  if (*first <= *last)
    return TRUE;
  iommud_xml_set_error (element->place, error,
                        "<%s> ends before it starts: first=0x%" G_GINT64_MODIFIER
                        "x, last=0x%" G_GINT64_MODIFIER "x",
                        element->name, *first, *last);
  return FALSE;
}

static gboolean
read_reserved (const IommudXmlElement *element, GArray *regions, GError **error)
{
  static const IommudXmlAttribute attributes[] = {
    { "first", IOMMUD_XML_ADDRESS, G_STRUCT_OFFSET (IommudSimulatedRegion, first),
      .required = TRUE },
    { "last", IOMMUD_XML_ADDRESS, G_STRUCT_OFFSET (IommudSimulatedRegion, last), .required = TRUE },
    { "type", IOMMUD_XML_CHOICE, G_STRUCT_OFFSET (IommudSimulatedRegion, type),
      .choices = region_types },
    { NULL },
  };
  IommudSimulatedRegion region = { 0 };

  if (!read_range (element, attributes, &region, &region.first, &region.last, error))
    return FALSE;
  g_array_append_val (regions, region);
  return TRUE;
}

static gboolean
read_reserved_of_iommu (const IommudXmlElement *element, gpointer data, gpointer *children,
                        GError **error)
{
  IommudSimulatedIommu *iommu = data;

  return read_reserved (element, iommu->regions, error);
}

static gboolean
read_reserved_of_device (const IommudXmlElement *element, gpointer data, gpointer *children,
                         GError **error)
{
  IommudSimulatedDevice *device = data;

  return read_reserved (element, device->regions, error);
}

static gboolean
read_aperture (const IommudXmlElement *element, gpointer data, gpointer *children, GError **error)
{
  static const IommudXmlAttribute attributes[] = {
    { "first", IOMMUD_XML_ADDRESS, G_STRUCT_OFFSET (IommudSimulatedIommu, aperture_first) },
    { "last", IOMMUD_XML_ADDRESS, G_STRUCT_OFFSET (IommudSimulatedIommu, aperture_last),
      .required = TRUE },
    { NULL },
  };
  IommudSimulatedIommu *iommu = data;

  return read_range (element, attributes, iommu, &iommu->aperture_first, &iommu->aperture_last,
                     error);
}

static gboolean
read_iommu (const IommudXmlElement *element, gpointer data, gpointer *children, GError **error)
{
#define MEMBER(member) G_STRUCT_OFFSET (IommudSimulatedIommu, member)
  static const IommudXmlAttribute attributes[] = {
    { "name", IOMMUD_XML_NAME, MEMBER (name), .required = TRUE },
    { "dirty-tracking", IOMMUD_XML_BOOLEAN, MEMBER (dirty_tracking) },
    { "nesting", IOMMUD_XML_BOOLEAN, MEMBER (nesting) },
    { "cache-coherency", IOMMUD_XML_BOOLEAN, MEMBER (cache_coherency) },
    { "enforced-coherency", IOMMUD_XML_BOOLEAN, MEMBER (enforced_coherency) },
    { "isolated-msi", IOMMUD_XML_BOOLEAN, MEMBER (isolated_msi) },
    { "hw-info", IOMMUD_XML_CHOICE, MEMBER (hw_info_type), .choices = hw_infos },
    { "pasid-bits", IOMMUD_XML_UINT8, MEMBER (pasid_bits), .maximum = 20 },
    { NULL },
  };
#undef MEMBER
  IommudXmlHostBuilder *builder = data;
  IommudSimulatedIommu *iommu = iommud_simulated_iommu_new ("");

  g_ptr_array_add (builder->host->iommus, iommu);
  *children = iommu;
  return iommud_xml_read_attributes (element, attributes, (gpointer[]){ iommu }, error)
         && iommud_xml_add_name (builder->iommus, element, iommu->name, error);
}

static gboolean
read_dma_logging (const IommudXmlElement *element, gpointer data, gpointer *children,
                  GError **error)
{
  static const IommudXmlAttribute attributes[] = {
    { "max-ranges", IOMMUD_XML_UINT32, G_STRUCT_OFFSET (IommudSimulatedDevice, max_logged_ranges),
      .minimum = 1, .maximum = 999999 },
    { "page-bits", IOMMUD_XML_UINT32, G_STRUCT_OFFSET (IommudSimulatedDevice, log_page_bits),
      .minimum = 12, .maximum = 21 },
    { NULL },
  };
  IommudSimulatedDevice *device = data;

  device->dma_logging = TRUE;
  return iommud_xml_read_attributes (element, attributes, &data, error);
}

/* The records of a device's attributes. */
enum
{
  INFO,
  DEVICE,
  ENTRY,
};

#define INFO_MEMBER(member) G_STRUCT_OFFSET (IommudDeviceInfo, member), INFO
#define DEVICE_MEMBER(member) G_STRUCT_OFFSET (IommudSimulatedDevice, member), DEVICE
#define ENTRY_MEMBER(member) G_STRUCT_OFFSET (IommudXmlDevice, member), ENTRY

static const IommudXmlAttribute common_attributes[] = {
  { "name", IOMMUD_XML_NAME, INFO_MEMBER (name), .required = TRUE },
  { "driver", IOMMUD_XML_NAME, INFO_MEMBER (driver) },
  { "numa-node", IOMMUD_XML_UINT32, INFO_MEMBER (numa_node), .maximum = 999 },
  { "vendor", IOMMUD_XML_TEXT, INFO_MEMBER (vendor) },
  { "product", IOMMUD_XML_TEXT, INFO_MEMBER (product) },
  { "vendor-id", IOMMUD_XML_ID, INFO_MEMBER (vendor_id) },
  { "product-id", IOMMUD_XML_ID, INFO_MEMBER (product_id) },
  { "plugged", IOMMUD_XML_BOOLEAN, DEVICE_MEMBER (plugged) },
  { "cdev", IOMMUD_XML_BOOLEAN, DEVICE_MEMBER (cdev) },
  { "regions", IOMMUD_XML_UINT32, DEVICE_MEMBER (regions_count), .maximum = 999 },
  { "irqs", IOMMUD_XML_UINT32, DEVICE_MEMBER (irqs_count), .maximum = 999 },
  { "vfio", IOMMUD_XML_UINT32, ENTRY_MEMBER (vfio_number), .maximum = MAX_VFIO_NUMBER },
  { NULL },
};

static const IommudXmlAttribute device_attributes[] = {
  { "bus", IOMMUD_XML_CHOICE, ENTRY_MEMBER (bus), .choices = physical_buses },
  { "iommu", IOMMUD_XML_NAME, INFO_MEMBER (iommu) },
  { "group", IOMMUD_XML_UINT32, INFO_MEMBER (iommu_group), .required = TRUE, .maximum = MAX_GROUP },
  { "dirty-tracking", IOMMUD_XML_BOOLEAN, DEVICE_MEMBER (dirty_tracking) },
  { "nesting", IOMMUD_XML_BOOLEAN, DEVICE_MEMBER (nesting) },
  { "nest-excludes-dirty", IOMMUD_XML_BOOLEAN, DEVICE_MEMBER (nest_excludes_dirty) },
  { "enforced-coherency", IOMMUD_XML_BOOLEAN, DEVICE_MEMBER (enforced_coherency) },
  { "pasid-bits", IOMMUD_XML_UINT32, DEVICE_MEMBER (pasid_bits), .maximum = 20 },
  { "address-width", IOMMUD_XML_UINT32, DEVICE_MEMBER (address_width), .minimum = 13,
    .maximum = 64 },
  { .next = common_attributes },
};

static const IommudXmlAttribute mdev_attributes[] = {
  { "parent", IOMMUD_XML_NAME, INFO_MEMBER (parent), .required = TRUE },
  { "type", IOMMUD_XML_NAME, INFO_MEMBER (mdev_type), .required = TRUE },
  { "group", IOMMUD_XML_UINT32, INFO_MEMBER (iommu_group), .maximum = MAX_GROUP },
  { .next = common_attributes },
};

static gboolean
read_any_device (const IommudXmlElement *element, IommudXmlHostBuilder *builder, int bus,
                 const IommudXmlAttribute *attributes, gpointer *children, GError **error)
{
  IommudSimulatedDevice *device = iommud_simulated_device_new ();
  IommudDeviceInfo *info = device->info;
  IommudXmlDevice entry = {
    .device = device, .place = element->place, .bus = bus, .vfio_number = IOMMUD_XML_NO_NUMBER
  };

  g_ptr_array_add (builder->host->devices, device);
  *children = device;
  if (!iommud_xml_read_attributes (element, attributes, (gpointer[]){ info, device, &entry },
                                   error))
    return FALSE;
  g_free (info->bus);
  info->bus = g_strdup (iommud_xml_buses[entry.bus]);
  if (*info->driver == '\0')
    {
      g_free (info->driver);
      info->driver = g_strdup (default_drivers[entry.bus]);
    }
  g_array_append_val (builder->devices, entry);
  return iommud_xml_check_device_name (element, info->bus, info->name, error)
         && iommud_xml_add_name (builder->elements, element, info->name, error);
}

static gboolean
read_device (const IommudXmlElement *element, gpointer data, gpointer *children, GError **error)
{
  return read_any_device (element, data, IOMMUD_XML_BUS_PCI, device_attributes, children, error);
}

static gboolean
read_mdev (const IommudXmlElement *element, gpointer data, gpointer *children, GError **error)
{
  return read_any_device (element, data, IOMMUD_XML_BUS_MDEV, mdev_attributes, children, error);
}

static gboolean
read_host_device (const IommudXmlElement *element, gpointer data, gpointer *children,
                  GError **error)
{
#define MEMBER(member) G_STRUCT_OFFSET (IommudSimulatedHostDevice, member)
  static const IommudXmlAttribute attributes[] = {
    { "name", IOMMUD_XML_NAME, MEMBER (name), .required = TRUE },
    { "driver", IOMMUD_XML_NAME, MEMBER (driver) },
    { "group", IOMMUD_XML_UINT32, MEMBER (iommu_group), .maximum = MAX_GROUP },
    { "iommu", IOMMUD_XML_NAME, MEMBER (iommu) },
    { "bus", IOMMUD_XML_CHOICE, .record = 1, .choices = host_device_buses },
    { NULL },
  };
#undef MEMBER
  IommudXmlHostBuilder *builder = data;
  IommudSimulatedHostDevice *device = iommud_simulated_host_device_new ();
  int bus = IOMMUD_XML_BUS_PCI;

  g_ptr_array_add (builder->host->host_devices, device);
  if (!iommud_xml_read_attributes (element, attributes, (gpointer[]){ device, &bus }, error)
      || !iommud_xml_check_device_name (element, host_device_buses[bus], device->name, error)
      || !iommud_xml_add_name (builder->elements, element, device->name, error))
    return FALSE;
  g_free (device->bus);
  device->bus = g_strdup (host_device_buses[bus]);
  iommud_xml_add_host_device (builder, device);
  return TRUE;
}

/* The attributes of <fault> before its names are looked up. */
typedef struct
{
  int operation;
  guint nth;
  char *errno_name;
  guint delay_ms;
} FaultAttributes;

static void
fault_attributes_clear (FaultAttributes *self)
{
  g_free (self->errno_name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FaultAttributes, fault_attributes_clear)

static gboolean
add_fault (IommudXmlHostBuilder *builder, const IommudXmlElement *element,
           const FaultAttributes *attributes, GError **error)
{
  IommudSimulatedFault fault = { .nth = attributes->nth, .delay_ms = attributes->delay_ms };
  gboolean has_errno = attributes->errno_name != NULL;

  fault.errnum = has_errno ? iommud_xml_errno_from_name (attributes->errno_name) : 0;
  if (has_errno && fault.errnum == 0)
    iommud_xml_set_error (element->place, error, "<fault> has the unknown errno \"%s\"",
                          attributes->errno_name);
  else if (!has_errno && fault.delay_ms == 0)
    iommud_xml_set_error (element->place, error,
                          "<fault> does nothing: it needs an errno, a delay or both");
  else
    {
      fault.operation = g_strdup (iommud_simulated_operations[attributes->operation]);
      g_array_append_val (builder->host->faults, fault);
      return TRUE;
    }
  return FALSE;
}

static gboolean
read_fault (const IommudXmlElement *element, gpointer data, gpointer *children, GError **error)
{
  const IommudXmlAttribute table[] = {
    { "operation", IOMMUD_XML_CHOICE, G_STRUCT_OFFSET (FaultAttributes, operation),
      .required = TRUE, .choices = iommud_simulated_operations },
    { "call", IOMMUD_XML_UINT32, G_STRUCT_OFFSET (FaultAttributes, nth), .minimum = 1,
      .maximum = 999999 },
    { "errno", IOMMUD_XML_NAME, G_STRUCT_OFFSET (FaultAttributes, errno_name) },
    { "delay", IOMMUD_XML_UINT32, G_STRUCT_OFFSET (FaultAttributes, delay_ms), .maximum = 999999 },
    { NULL },
  };
  g_auto (FaultAttributes) attributes = { .nth = 1 };

  return iommud_xml_read_attributes (element, table, (gpointer[]){ &attributes }, error)
         && add_fault (data, element, &attributes, error);
}

static gboolean
read_host (const IommudXmlElement *element, gpointer data, gpointer *children, GError **error)
{
  static const IommudXmlAttribute attributes[] = {
    { "iommufd", IOMMUD_XML_BOOLEAN, G_STRUCT_OFFSET (IommudSimulatedHost, iommufd) },
    { "kernel", IOMMUD_XML_CHOICE, G_STRUCT_OFFSET (IommudSimulatedHost, kernel),
      .choices = releases },
    { NULL },
  };
  const IommudXmlHostBuilder *builder = data;

  return iommud_xml_read_attributes (element, attributes, (gpointer[]){ builder->host }, error);
}

static const IommudXmlChild iommu_children[] = {
  { "aperture", read_aperture, .at_most_once = TRUE },
  { "reserved", read_reserved_of_iommu },
  { NULL },
};

static const IommudXmlChild device_children[] = {
  { "dma-logging", read_dma_logging, .at_most_once = TRUE },
  { "reserved", read_reserved_of_device },
  { NULL },
};

static const IommudXmlChild mdev_children[] = {
  { "dma-logging", read_dma_logging, .at_most_once = TRUE },
  { NULL },
};

static const IommudXmlChild host_children[] = {
  { "iommu", read_iommu, iommu_children },
  { "device", read_device, device_children },
  { "mdev", read_mdev, mdev_children },
  { "host-device", read_host_device },
  { "fault", read_fault },
  { NULL },
};

static const IommudXmlChild documents[] = {
  { "simulated-host", read_host, host_children },
  { NULL },
};

/**
 * iommud_xml_read_simulated_host:
 * @text: the document
 *
 * Returns: (transfer full): the host, or %NULL with %IOMMUD_ERROR_INVALID_ARGUMENT and a message
 *   of one line, "source:line: cause"; or with %G_IO_ERROR_CANCELLED
 */
IommudSimulatedHost *
iommud_xml_read_simulated_host (IommudXmlText *text, GError **error)
{
  g_autoptr (GArray) devices = g_array_new (FALSE, FALSE, sizeof (IommudXmlDevice));
  g_autoptr (GHashTable) elements = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) iommus = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) host_devices =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, iommud_xml_host_device_free);
  g_autoptr (IommudSimulatedHost) host = iommud_simulated_host_new ();
  IommudXmlHostBuilder builder = { text->source, host, devices, elements, iommus, host_devices };

  if (!iommud_xml_read_elements (text, documents, &builder, error)
      || !iommud_xml_finish_devices (&builder, error))
    return NULL;
  return g_steal_pointer (&host);
}

/**
 * iommud_xml_parse_simulated_host:
 * @xml: the document
 * @length: its length in bytes, or -1 if a NUL ends it
 * @source_name: what errors call it: a file name, as a rule
 *
 * Returns: (transfer full): what iommud_xml_read_simulated_host() does
 */
IommudSimulatedHost *
iommud_xml_parse_simulated_host (const char *xml, gssize length, const char *source_name,
                                 GError **error)
{
  g_autofree char *source = iommud_xml_display_name (source_name);
  IommudXmlText text = { .xml = xml,
                         .length = length < 0 ? strlen (xml) : (gsize) length,
                         .source = source };

  return iommud_xml_read_simulated_host (&text, error);
}

/**
 * iommud_xml_load_simulated_host:
 * @filename: a file of at most %IOMMUD_XML_MAX_BYTES
 * @content: (out) (optional): what the file holds
 *
 * Returns: (transfer full): the host, or %NULL with %IOMMUD_ERROR_INVALID_ARGUMENT and a message
 *   of one line that names the file
 */
IommudSimulatedHost *
iommud_xml_load_simulated_host (const char *filename, GBytes **content, GError **error)
{
  g_autoptr (GBytes) bytes = iommud_xml_read_file (filename, error);
  IommudSimulatedHost *host;
  gsize length;
  const char *xml;

  if (bytes == NULL)
    return NULL;
  xml = g_bytes_get_data (bytes, &length);
  host = iommud_xml_parse_simulated_host (xml, (gssize) length, filename, error);
  if (host != NULL && content != NULL)
    *content = g_steal_pointer (&bytes);
  return host;
}

/* The built-in host: data/hosts/default.xml as it was when the library was built. */
IommudSimulatedHost *
iommud_xml_load_default_simulated_host (GError **error)
{
  g_autoptr (GBytes) content =
      g_resource_lookup_data (iommud_default_host_get_resource (), "/org/iommud1/default.xml",
                              G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  gsize length;
  const char *xml;

  if (content == NULL)
    return NULL;
  xml = g_bytes_get_data (content, &length);
  return iommud_xml_parse_simulated_host (xml, (gssize) length, "default.xml", error);
}
