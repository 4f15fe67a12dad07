/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: which devices that were written down are there, and bound as they were. */
#include "model/device.h"
#include "adoption/adoption.h"

#define SERIAL G_GUINT64_FORMAT

static char *
name_place (guint64 container, guint64 hwpt, const char *device)
{
  return g_strdup_printf ("%" SERIAL " %" SERIAL " %s", container, hwpt, device);
}

static void
note_listed (IommudAdoption *self, const IommudHwptRecord *hwpt)
{
  for (guint i = 0; i < hwpt->devices->len; i++)
    g_hash_table_add (self->listed, name_place (hwpt->container, hwpt->serial,
                                                g_ptr_array_index (hwpt->devices, i)));
}

static gboolean
is_listed (IommudAdoption *self, const IommudBindingRecord *record)
{
  g_autofree char *place = name_place (record->container, record->hwpt, record->name);

  return g_hash_table_contains (self->listed, place);
}

static gboolean
check_hwpt (IommudAdoption *self, const IommudBindingRecord *record,
            const IommudAdoptedContainer *container, gboolean is_mdev, char **reason)
{
  const IommudHwptRecord *hwpt = g_hash_table_lookup (container->hwpts, &record->hwpt);

  if (record->hwpt != 0 && hwpt == NULL)
    return iommud_adoption_refuse (reason,
                                   "Device %s: HWPT %" SERIAL " of container %" SERIAL
                                   ", which it is on, is not there",
                                   record->name, record->hwpt, record->container);
  if (hwpt != NULL && !is_listed (self, record))
    return iommud_adoption_refuse (
        reason, "Device %s: HWPT %" SERIAL " of container %" SERIAL " was not written down with it",
        record->name, record->hwpt, record->container);
  if ((record->hwpt != 0) != (record->attached && !is_mdev))
    return iommud_adoption_refuse (reason, "Device %s: %s", record->name,
                                   record->attached ? "it is attached to nothing"
                                                    : "it is on a HWPT and not attached");
  return TRUE;
}

/* The device that discovery has found in that place is the one that the descriptor is open on. */
static gboolean
check_discovered (IommudAdoption *self, const IommudBindingRecord *record, IommudDevice *device,
                  int cdev, char **reason)
{
  const IommudDeviceInfo *info = device != NULL ? iommud_device_get_info (device) : NULL;
  IommudProbe *probe = iommud_backend_get_probe (iommud_host_get_backend (self->host));

  if (info == NULL)
    return iommud_adoption_refuse (reason, "Device %s: it was unplugged, unbound or deleted",
                                   record->name);
  if (!g_str_equal (info->name, record->name))
    return iommud_adoption_refuse (reason, "Device %s: %s is called %s", record->name,
                                   record->sysfs_path, info->name);
  if (cdev < 0)
    return iommud_adoption_refuse (reason, "Device %s: its descriptor is missing", record->name);
  if (iommud_probe_owns_node (probe, info, cdev))
    return TRUE;
  return iommud_adoption_refuse (reason, "Device %s: its descriptor is open on another device",
                                 record->name);
}

static gboolean
check_bound (const IommudBindingRecord *record, const IommudAdoptedContext *context, int cdev,
             char **reason, GError **error)
{
  gboolean bound, logging;

  if (!iommud_presence_of_binding (&context->access, cdev, &bound, error))
    return FALSE;
  if (!bound)
    return iommud_adoption_refuse (reason, "Device %s: it is not bound", record->name);
  if (!iommud_presence_of_dma_logging (&context->access, cdev, &logging, error))
    return FALSE;
  if (logging != record->dma_logging)
    return iommud_adoption_refuse (reason, "Device %s: it %s a log of its DMA", record->name,
                                   logging ? "has" : "has not");
  return TRUE;
}

/* An mdev has no IOMMU to ask for: the kernel knows its id as that of something else. */
static gboolean
check_id (const IommudBindingRecord *record, const IommudAdoptedContext *context, gboolean is_mdev,
          char **reason, GError **error)
{
  guint64 capabilities = record->iommu_capabilities;
  gboolean present = TRUE;

  if (g_hash_table_contains (context->ids, GUINT_TO_POINTER (record->device_id)))
    return iommud_adoption_refuse (reason, "Device %s: its kernel id %u is another object's",
                                   record->name, record->device_id);
  if (!is_mdev
      && !iommud_presence_of_device (&context->access, record->device_id, &capabilities, &present,
                                     error))
    return FALSE;
  if (!present)
    return iommud_adoption_refuse (reason, "Device %s: the kernel has no device %u", record->name,
                                   record->device_id);
  if (capabilities != record->iommu_capabilities)
    return iommud_adoption_refuse (reason, "Device %s: the IOMMU of device %u is another one",
                                   record->name, record->device_id);
  return TRUE;
}

static gboolean
check_identity (IommudAdoption *self, const IommudBindingRecord *record, char **reason)
{
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, record->container);

  if (!g_hash_table_add (self->seen, g_strdup (record->name)))
    return iommud_adoption_refuse (reason, "Device %s: it is written down twice", record->name);
  if (container == NULL)
    return iommud_adoption_refuse (
        reason, "Device %s: container %" SERIAL ", which it is bound for, is not there",
        record->name, record->container);
  container->n_devices++;
  return TRUE;
}

static gboolean
check_binding (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudBindingRecord *entry = record;
  g_autofree char *name = iommud_descriptors_name_device (entry->name);
  int cdev = iommud_descriptors_peek (self->descriptors, name);
  IommudDevice *device = iommud_adoption_find_device (self, entry->sysfs_path);
  IommudAdoptedContainer *container;
  gboolean is_mdev;

  if (!check_identity (self, entry, reason)
      || !check_discovered (self, entry, device, cdev, reason))
    return FALSE;
  container = iommud_adoption_find_container (self, entry->container);
  is_mdev = iommud_device_info_is_mdev (iommud_device_get_info (device));
  if (!check_hwpt (self, entry, container, is_mdev, reason)
      || !check_bound (entry, container->context, cdev, reason, error)
      || !check_id (entry, container->context, is_mdev, reason, error))
    return FALSE;
  g_hash_table_add (container->context->ids, GUINT_TO_POINTER (entry->device_id));
  g_hash_table_insert (self->bindings, entry->name, entry);
  return TRUE;
}

/* Whether a device that a HWPT lists is on it. One whose own record was dropped needs no second
 * word. */
static gboolean
is_on (IommudAdoption *self, const IommudHwptRecord *hwpt, const char *name)
{
  const IommudBindingRecord *binding = g_hash_table_lookup (self->bindings, name);

  if (binding != NULL && binding->container == hwpt->container && binding->hwpt == hwpt->serial)
    return TRUE;
  if (binding != NULL || !g_hash_table_contains (self->seen, name))
    iommud_adoption_drop (self, "Device %s on HWPT %" SERIAL " of container %" SERIAL ": %s", name,
                          hwpt->serial, hwpt->container,
                          binding != NULL ? "it is elsewhere" : "it is not written down");
  return FALSE;
}

static gboolean
is_first (IommudAdoption *self, const IommudHwptRecord *hwpt, GHashTable *seen, char *name)
{
  if (g_hash_table_add (seen, name))
    return TRUE;
  iommud_adoption_drop (
      self, "Device %s on HWPT %" SERIAL " of container %" SERIAL ": it is written down twice",
      name, hwpt->serial, hwpt->container);
  return FALSE;
}

/* The names live until all were seen. */
static void
check_listed (IommudAdoption *self, IommudHwptRecord *hwpt)
{
  g_autoptr (GPtrArray) names = g_steal_pointer (&hwpt->devices);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  hwpt->devices = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < names->len; i++)
    {
      char *name = g_ptr_array_index (names, i);

      if (is_first (self, hwpt, seen, name) && is_on (self, hwpt, name))
        g_ptr_array_add (hwpt->devices, g_strdup (name));
    }
}

static gboolean
check_devices_of (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudHwptRecord *hwpt = record;
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, hwpt->container);

  check_listed (self, hwpt);
  if (hwpt->management != IOMMUD_HWPT_MANAGEMENT_KERNEL || hwpt->devices->len > 0)
    return TRUE;
  g_hash_table_remove (container->hwpts, &hwpt->serial);
  g_hash_table_remove (container->context->ids, GUINT_TO_POINTER (hwpt->hwpt_id));
  return iommud_adoption_refuse (reason,
                                 "HWPT %" SERIAL " of container %" SERIAL
                                 ": it is the kernel's, and no device is on it",
                                 hwpt->serial, hwpt->container);
}

gboolean
iommud_adoption_check_devices (IommudAdoption *self, GError **error)
{
  for (guint i = 0; i < self->record->hwpts->len; i++)
    note_listed (self, g_ptr_array_index (self->record->hwpts, i));
  return iommud_adoption_filter (self, self->record->bindings, check_binding,
                                 (GDestroyNotify) iommud_binding_record_free, error)
         && iommud_adoption_filter (self, self->record->hwpts, check_devices_of,
                                    (GDestroyNotify) iommud_hwpt_record_free, error);
}
