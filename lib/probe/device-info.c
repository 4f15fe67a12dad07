/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a device record: made empty, filled by its maker, shared by reference. */
#include "probe/device-info.h"

IommudDeviceInfo *
iommud_device_info_new (void)
{
  IommudDeviceInfo *self = g_new0 (IommudDeviceInfo, 1);
  char **strings[] = { &self->name,      &self->bus,    &self->sysfs_path, &self->cdev_path,
                       &self->vfio_name, &self->parent, &self->mdev_type,  &self->vendor,
                       &self->product,   &self->iommu,  &self->driver };

  g_atomic_ref_count_init (&self->references);
  self->iommu_group = -1;
  self->numa_node = -1;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    *strings[i] = g_strdup ("");
  return self;
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
  g_free (self->name);
  g_free (self->bus);
  g_free (self->sysfs_path);
  g_free (self->cdev_path);
  g_free (self->vfio_name);
  g_free (self->parent);
  g_free (self->mdev_type);
  g_free (self->vendor);
  g_free (self->product);
  g_free (self->iommu);
  g_free (self->driver);
  g_free (self);
}

gboolean
iommud_device_info_equal (const IommudDeviceInfo *self, const IommudDeviceInfo *other)
{
  return g_str_equal (self->name, other->name) && g_str_equal (self->bus, other->bus)
         && g_str_equal (self->sysfs_path, other->sysfs_path)
         && g_str_equal (self->cdev_path, other->cdev_path)
         && g_str_equal (self->vfio_name, other->vfio_name)
         && g_str_equal (self->parent, other->parent)
         && g_str_equal (self->mdev_type, other->mdev_type)
         && g_str_equal (self->vendor, other->vendor) && g_str_equal (self->product, other->product)
         && g_str_equal (self->iommu, other->iommu) && g_str_equal (self->driver, other->driver)
         && self->vendor_id == other->vendor_id && self->product_id == other->product_id
         && self->iommu_group == other->iommu_group && self->numa_node == other->numa_node;
}

gboolean
iommud_device_info_is_mdev (const IommudDeviceInfo *self)
{
  return g_str_equal (self->bus, "mdev");
}
