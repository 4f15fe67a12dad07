/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is on a host: its lists, and devices and containers found by their names. */
#include "model/host-private.h"

#include "iommud-error.h"

/**
 * iommud_host_get_devices:
 * @self: a host
 *
 * The VFIO devices that are present; emits #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudDevice
 */
GListModel *
iommud_host_get_devices (IommudHost *self)
{
  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  return iommud_device_table_get_list (self->devices);
}

/**
 * iommud_host_get_containers:
 * @self: a host
 *
 * The containers on the host; emits #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudContainer
 */
GListModel *
iommud_host_get_containers (IommudHost *self)
{
  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  return iommud_container_table_get_list (self->containers);
}

/**
 * iommud_host_get_leases:
 * @self: a host
 *
 * The leases on the host; emits #GListModel::items-changed as they come and go.
 *
 * Returns: (transfer none): a list of #IommudLease
 */
GListModel *
iommud_host_get_leases (IommudHost *self)
{
  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  return iommud_lease_table_get_list (self->leases);
}

/**
 * iommud_host_find_device:
 * @self: a host
 * @name: a bus address, mdev UUID, `vfioN` or sysfs path
 * @error: where to put an error
 *
 * Finds a device by any of its names. A UUID may be in upper or lower case.
 *
 * Returns: (transfer none): a device, or %NULL with %IOMMUD_ERROR_NOT_FOUND
 */
IommudDevice *
iommud_host_find_device (IommudHost *self, const char *name, GError **error)
{
  IommudDevice *device;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  device = iommud_device_table_find (self->devices, name);
  if (device == NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                 "There is no VFIO device \"%s\": give a bus address such as 0000:01:00.0, a UUID, "
                 "vfioN or a path below /sys, of a device that is bound to a VFIO driver",
                 name);
  return device;
}

/**
 * iommud_host_find_container:
 * @self: a host
 * @name: its name
 * @error: where to put an error
 *
 * Finds a container by its name.
 *
 * Returns: (transfer none): a container, or %NULL with %IOMMUD_ERROR_NOT_FOUND
 */
IommudContainer *
iommud_host_find_container (IommudHost *self, const char *name, GError **error)
{
  IommudContainer *container;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  container = iommud_container_table_find (self->containers, name);
  if (container == NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND, "There is no container \"%s\"", name);
  return container;
}

/**
 * iommud_host_set_file_keeper:
 * @self: a host
 * @pid: a process, such as the service manager; 0: none
 *
 * Says which process keeps files of this host for its next life (see #IommudState). It is no holder
 * of their devices. A process that gets its pid after its end is one.
 */
void
iommud_host_set_file_keeper (IommudHost *self, guint pid)
{
  g_return_if_fail (IOMMUD_IS_HOST (self));
  self->file_keeper = iommud_process_identify ((gint) pid);
}

IommudProcessId
iommud_host_get_file_keeper (IommudHost *self)
{
  return self->file_keeper;
}
