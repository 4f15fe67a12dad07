/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting go of a host without a kernel call: its files stay open when they leave it. */
#include "iommud-error.h"
#include "model/container.h"
#include "model/descriptors.h"
#include "model/device.h"
#include "model/host.h"
#include "model/lease.h"

static void
keep_files (IommudDescriptors *descriptors, IommudContainer *container)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (container));

  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, 0, G_MAXUINT64);
       mapping != NULL; mapping = iommud_mapping_table_next (mappings, mapping))
    iommud_descriptors_keep_file (descriptors, iommud_container_get_serial (container),
                                  mapping->iova, mapping->file);
}

static void
disown_devices (IommudDescriptors *descriptors, IommudContainer *container)
{
  GListModel *devices = iommud_container_get_devices (container);

  while (g_list_model_get_n_items (devices) > 0)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, 0);
      g_autofree char *name = iommud_descriptors_name_device (iommud_device_get_name (device));

      iommud_descriptors_add (descriptors, name, iommud_device_get_binding (device)->cdev, NULL);
      iommud_container_remove_device (container, device);
    }
}

static void
disown_context (IommudDescriptors *descriptors, IommudContext *context)
{
  g_autofree char *name = iommud_descriptors_name_context (iommud_context_get_serial (context));

  if (iommud_context_get_fd (context) >= 0)
    iommud_descriptors_add (descriptors, name, iommud_context_get_fd (context), NULL);
  iommud_context_set_fd (context, -1);
}

static void
disown_container (IommudHost *self, IommudDescriptors *descriptors, IommudContainer *container)
{
  keep_files (descriptors, container);
  disown_devices (descriptors, container);
  disown_context (descriptors, iommud_container_get_context (container));
  iommud_context_remove_container (iommud_container_get_context (container));
  iommud_container_set_lease (container, NULL);
  iommud_container_table_remove (iommud_host_get_container_table (self), container);
  iommud_container_set_freed (container);
}

/* What was handed out stays so, and the guard stays open. */
static void
disown_lease (IommudHost *self, IommudDescriptors *descriptors, IommudLease *lease)
{
  g_autofree char *name = iommud_descriptors_name_lease (iommud_lease_get_serial (lease));
  GListModel *devices = iommud_lease_get_devices (lease);

  while (g_list_model_get_n_items (devices) > 0)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, 0);

      iommud_device_set_lease (device, NULL, FALSE);
    }
  iommud_lease_table_leave_guard (iommud_host_get_lease_table (self), lease);
  if (iommud_lease_get_guard (lease) >= 0)
    iommud_descriptors_add (descriptors, name, iommud_lease_steal_guard (lease), NULL);
  iommud_lease_table_remove (iommud_host_get_lease_table (self), lease);
}

/**
 * iommud_host_disown:
 * @self: a host
 * @error: where to put an error
 *
 * Takes from the host everything that it holds, without a kernel call: devices stay attached, and
 * memory stays mapped. Afterwards the host has no containers and no leases and follows no devices.
 * Call iommud_host_write_down() first; then iommud_host_adopt() can make the host again.
 *
 * Errors: %IOMMUD_ERROR_BUSY if an operation is under way.
 *
 * Returns: (transfer full): the open files; %NULL on error
 */
IommudDescriptors *
iommud_host_disown (IommudHost *self, GError **error)
{
  g_autoptr (IommudDescriptors) descriptors = NULL;
  GListModel *containers;
  GListModel *leases;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);

  if (!iommud_container_table_check_idle (iommud_host_get_container_table (self), "let the host go",
                                          error)
      || !iommud_lease_table_check_idle (iommud_host_get_lease_table (self), "let the host go",
                                         error))
    return NULL;
  descriptors = iommud_descriptors_new ();
  containers = iommud_host_get_containers (self);
  leases = iommud_host_get_leases (self);
  iommud_open_files_follow (iommud_host_get_open_files (self), NULL, NULL);
  g_signal_handlers_disconnect_by_data (iommud_backend_get_probe (iommud_host_get_backend (self)),
                                        self);
  while (g_list_model_get_n_items (containers) > 0)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, 0);

      disown_container (self, descriptors, container);
    }
  while (g_list_model_get_n_items (leases) > 0)
    {
      g_autoptr (IommudLease) lease = g_list_model_get_item (leases, 0);

      disown_lease (self, descriptors, lease);
    }
  return g_steal_pointer (&descriptors);
}
