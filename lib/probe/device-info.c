/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a device record: made empty, filled by its one maker, shared by reference. */
#include "probe/device-info.h"

IommudDeviceInfo *
iommud_device_info_new (void)
{
  IommudDeviceInfo *self = g_new0 (IommudDeviceInfo, 1);
  char **strings[] = { &self->name,      &self->bus,    &self->sysfs_path, &self->cdev_path,
                       &self->vfio_name, &self->parent, &self->mdev_type,  &self->vendor,
                       &self->product,   &self->iommu,  &self->driver };

  g_ref_count_init (&self->references);
  self->iommu_group = -1;
  self->numa_node = -1;
  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    *strings[i] = g_strdup ("");
  return self;
}

IommudDeviceInfo *
iommud_device_info_ref (IommudDeviceInfo *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
iommud_device_info_unref (IommudDeviceInfo *self)
{
  if (!g_ref_count_dec (&self->references))
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
iommud_device_info_is_mdev (const IommudDeviceInfo *self)
{
  return g_str_equal (self->bus, "mdev");
}
