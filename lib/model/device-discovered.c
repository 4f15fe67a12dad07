/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a device whose values come from discovery: one row each. */
#include "model/device-discovered.h"

typedef enum
{
  TEXT,
  NUMBER,
  SIGNED_NUMBER, /* -1: there is none */
} Kind;

typedef struct
{
  const char *name;
  Kind kind;
  gsize offset; /* of its member in IommudDeviceInfo */
} Property;

static const Property table[] = {
  /**
   * IommudDevice:name:
   *
   * The bus address, such as `0000:01:00.0`, or the UUID of an mdev.
   */
  { "name", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, name) },
  /**
   * IommudDevice:bus:
   *
   * `pci`, `platform`, `ap`, `ccw`, `fsl-mc`, `cdx` or `mdev`.
   */
  { "bus", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, bus) },
  /**
   * IommudDevice:sysfs-path:
   *
   * The device's folder in sysfs.
   */
  { "sysfs-path", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, sysfs_path) },
  /**
   * IommudDevice:cdev-path:
   *
   * Its node below `/dev/vfio/devices`; empty if the kernel made none.
   */
  { "cdev-path", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, cdev_path) },
  /**
   * IommudDevice:vfio-name:
   *
   * `vfioN`, the kernel's name of the VFIO device.
   */
  { "vfio-name", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, vfio_name) },
  /**
   * IommudDevice:parent:
   *
   * The name of an mdev's parent device; empty for other devices.
   */
  { "parent", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, parent) },
  /**
   * IommudDevice:mdev-type:
   *
   * The type that an mdev was created with, such as `mtty-1`; empty for other devices.
   */
  { "mdev-type", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, mdev_type) },
  /**
   * IommudDevice:vendor-id:
   *
   * The vendor's number on its bus; 0 if the bus has none.
   */
  { "vendor-id", NUMBER, G_STRUCT_OFFSET (IommudDeviceInfo, vendor_id) },
  /**
   * IommudDevice:product-id:
   *
   * The number that the vendor gave the product; 0 if the bus has none.
   */
  { "product-id", NUMBER, G_STRUCT_OFFSET (IommudDeviceInfo, product_id) },
  /**
   * IommudDevice:vendor:
   *
   * The vendor's name in the hardware database; empty if it has none.
   */
  { "vendor", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, vendor) },
  /**
   * IommudDevice:product:
   *
   * The product's name in the hardware database; empty if it has none.
   */
  { "product", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, product) },
  /**
   * IommudDevice:iommu-group:
   *
   * The number of its IOMMU group; -1 if it has none.
   */
  { "iommu-group", SIGNED_NUMBER, G_STRUCT_OFFSET (IommudDeviceInfo, iommu_group) },
  /**
   * IommudDevice:iommu:
   *
   * The IOMMU instance that translates for it, such as `dmar0`; empty for an mdev.
   */
  { "iommu", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, iommu) },
  /**
   * IommudDevice:numa-node:
   *
   * The NUMA node that is nearest to it; -1 if it is not known.
   */
  { "numa-node", SIGNED_NUMBER, G_STRUCT_OFFSET (IommudDeviceInfo, numa_node) },
  /**
   * IommudDevice:driver:
   *
   * The driver that it is bound to, such as `vfio-pci`.
   */
  { "driver", TEXT, G_STRUCT_OFFSET (IommudDeviceInfo, driver) },
};

G_STATIC_ASSERT (G_N_ELEMENTS (table) == IOMMUD_N_DISCOVERED);

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static GParamSpec *
make_property (const Property *row)
{
  switch (row->kind)
    {
    case TEXT:
      return g_param_spec_string (row->name, NULL, NULL, NULL, FLAGS);
    case NUMBER:
      return g_param_spec_uint (row->name, NULL, NULL, 0, G_MAXUINT32, 0, FLAGS);
    case SIGNED_NUMBER:
    default:
      return g_param_spec_int (row->name, NULL, NULL, -1, G_MAXINT32, -1, FLAGS);
    }
}

void
iommud_discovered_make_properties (GParamSpec **properties)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    properties[i + 1] = make_property (&table[i]);
}

gboolean
iommud_discovered_get_property (const IommudDeviceInfo *info, guint id, GValue *value)
{
  const Property *row;

  if (id < 1 || id > IOMMUD_N_DISCOVERED)
    return FALSE;
  row = &table[id - 1];
  if (row->kind == TEXT)
    g_value_set_string (value, G_STRUCT_MEMBER (char *, info, row->offset));
  else if (row->kind == NUMBER)
    g_value_set_uint (value, G_STRUCT_MEMBER (guint32, info, row->offset));
  else
    g_value_set_int (value, G_STRUCT_MEMBER (gint32, info, row->offset));
  return TRUE;
}

gboolean
iommud_discovered_differs (const IommudDeviceInfo *a, const IommudDeviceInfo *b, guint id)
{
  const Property *row = &table[id - 1];

  if (row->kind == TEXT)
    return g_strcmp0 (G_STRUCT_MEMBER (char *, a, row->offset),
                      G_STRUCT_MEMBER (char *, b, row->offset))
           != 0;
  return G_STRUCT_MEMBER (guint32, a, row->offset) != G_STRUCT_MEMBER (guint32, b, row->offset);
}
