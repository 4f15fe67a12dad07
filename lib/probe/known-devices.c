/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VFIO devices that discovery has reported, by both of their paths in sysfs. */
#include "config.h"

#include "probe/known-devices.h"

#include <sys/stat.h>

struct _IommudKnownDevices
{
  GHashTable *devices;    /* sysfs path of the device -> IommudKnownDevice */
  GHashTable *vfio_paths; /* vfio_path of each of them -> IommudKnownDevice */
};

IommudKnownDevice *
iommud_known_device_new (IommudDeviceInfo *info, const char *vfio_path, ino_t life, guint64 seen)
{
  IommudKnownDevice *self = g_new0 (IommudKnownDevice, 1);

  self->info = info;
  self->vfio_path = g_strdup (vfio_path);
  self->life = life;
  self->seen = seen;
  return self;
}

static void
known_device_free (gpointer data)
{
  IommudKnownDevice *self = data;

  iommud_device_info_unref (self->info);
  g_free (self->vfio_path);
  g_free (self);
}

gboolean
iommud_known_device_is_same (const IommudKnownDevice *self, const IommudKnownDevice *other)
{
  return self->life == other->life && g_str_equal (self->vfio_path, other->vfio_path);
}

/* Whether the device at its path is still the one that was reported. */
static gboolean
is_alive (const IommudKnownDevice *known)
{
  struct stat status;

  return stat (known->vfio_path, &status) == 0 && status.st_ino == known->life;
}

IommudKnownDevices *
iommud_known_devices_new (void)
{
  IommudKnownDevices *self = g_new0 (IommudKnownDevices, 1);

  self->devices = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, known_device_free);
  self->vfio_paths = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

void
iommud_known_devices_free (IommudKnownDevices *self)
{
  g_hash_table_unref (self->vfio_paths);
  g_hash_table_unref (self->devices);
  g_free (self);
}

const IommudKnownDevice *
iommud_known_devices_find (IommudKnownDevices *self, const char *sysfs_path)
{
  return g_hash_table_lookup (self->devices, sysfs_path);
}

const IommudKnownDevice *
iommud_known_devices_find_vfio (IommudKnownDevices *self, const char *vfio_path)
{
  return g_hash_table_lookup (self->vfio_paths, vfio_path);
}

void
iommud_known_devices_forget (IommudKnownDevices *self, const char *sysfs_path)
{
  const IommudKnownDevice *known = g_hash_table_lookup (self->devices, sysfs_path);

  if (known == NULL)
    return;
  g_hash_table_remove (self->vfio_paths, known->vfio_path);
  g_hash_table_remove (self->devices, sysfs_path);
}

void
iommud_known_devices_remember (IommudKnownDevices *self, IommudKnownDevice *device)
{
  iommud_known_devices_forget (self, device->info->sysfs_path);
  g_hash_table_insert (self->devices, device->info->sysfs_path, device);
  g_hash_table_insert (self->vfio_paths, device->vfio_path, device);
}

void
iommud_known_devices_forget_all (IommudKnownDevices *self)
{
  g_hash_table_remove_all (self->vfio_paths);
  g_hash_table_remove_all (self->devices);
}

GPtrArray *
iommud_known_devices_list_vanished (IommudKnownDevices *self)
{
  GPtrArray *vanished = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iterator;
  gpointer known;

  g_hash_table_iter_init (&iterator, self->devices);
  while (g_hash_table_iter_next (&iterator, NULL, &known))
    if (!is_alive (known))
      g_ptr_array_add (vanished, g_strdup (((IommudKnownDevice *) known)->info->sysfs_path));
  return vanished;
}
