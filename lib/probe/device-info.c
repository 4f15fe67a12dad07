/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a device record: made empty, filled by its maker, shared by reference. */
#include "probe/device-info.h"

static const gsize strings[] = {
  G_STRUCT_OFFSET (IommudDeviceInfo, name),       G_STRUCT_OFFSET (IommudDeviceInfo, bus),
  G_STRUCT_OFFSET (IommudDeviceInfo, sysfs_path), G_STRUCT_OFFSET (IommudDeviceInfo, cdev_path),
  G_STRUCT_OFFSET (IommudDeviceInfo, vfio_name),  G_STRUCT_OFFSET (IommudDeviceInfo, parent),
  G_STRUCT_OFFSET (IommudDeviceInfo, mdev_type),  G_STRUCT_OFFSET (IommudDeviceInfo, vendor),
  G_STRUCT_OFFSET (IommudDeviceInfo, product),    G_STRUCT_OFFSET (IommudDeviceInfo, iommu),
  G_STRUCT_OFFSET (IommudDeviceInfo, driver),
};

static char **
get_string (const IommudDeviceInfo *self, gsize index)
{
  return G_STRUCT_MEMBER_P (self, strings[index]);
}

IommudDeviceInfo *
iommud_device_info_new (void)
{
  IommudDeviceInfo *self = g_new0 (IommudDeviceInfo, 1);

  g_atomic_ref_count_init (&self->references);
  self->iommu_group = -1;
  self->numa_node = -1;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    *get_string (self, i) = g_strdup ("");
  return self;
}

IommudDeviceInfo *
iommud_device_info_copy (const IommudDeviceInfo *self)
{
  IommudDeviceInfo *copy = g_new (IommudDeviceInfo, 1);

  *copy = *self;
  g_atomic_ref_count_init (&copy->references);
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    *get_string (copy, i) = g_strdup (*get_string (self, i));
  return copy;
}

IommudDeviceInfo *
iommud_device_info_ref (IommudDeviceInfo *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_device_info_unref (IommudDeviceInfo *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (*get_string (self, i));
  g_free (self);
}

gboolean
iommud_device_info_equal (const IommudDeviceInfo *self, const IommudDeviceInfo *other)
{
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    if (!g_str_equal (*get_string (self, i), *get_string (other, i)))
      return FALSE;
  return self->vendor_id == other->vendor_id && self->product_id == other->product_id
         && self->iommu_group == other->iommu_group && self->numa_node == other->numa_node;
}

gboolean
iommud_device_info_is_mdev (const IommudDeviceInfo *self)
{
  return g_str_equal (self->bus, "mdev");
}
