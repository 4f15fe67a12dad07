/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a host down: from its objects to their records. */
#include "model/write-down.h"

#include "iommud-error.h"
#include "model/device.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "model/lease.h"

void
iommud_context_write_down (IommudContext *self, IommudHostRecord *record)
{
  IommudContextRecord *entry = iommud_context_record_new ();

  entry->serial = iommud_context_get_serial (self);
  entry->n_containers = iommud_context_get_n_containers (self);
  entry->shared = iommud_context_is_shared (self);
  g_ptr_array_add (record->contexts, entry);
}

static void
add_hwpt (IommudHostRecord *record, IommudHwpt *hwpt)
{
  IommudHwptRecord *entry = iommud_hwpt_record_new ();

  iommud_hwpt_fill_record (hwpt, entry);
  g_ptr_array_add (record->hwpts, entry);
}

static void
add_hwpts (IommudHostRecord *record, IommudContainer *container)
{
  GListModel *hwpts = iommud_container_get_hwpts (container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      add_hwpt (record, hwpt);
    }
}

static void
add_binding (IommudHostRecord *record, IommudContainer *container, IommudDevice *device)
{
  const IommudBinding *binding = iommud_device_get_binding (device);
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);
  IommudBindingRecord *entry = iommud_binding_record_new ();

  iommud_record_set_string (&entry->name, binding->info->name);
  iommud_record_set_string (&entry->sysfs_path, binding->info->sysfs_path);
  entry->container = iommud_container_get_serial (container);
  entry->hwpt = hwpt != NULL ? iommud_hwpt_get_serial (hwpt) : 0;
  entry->attached = iommud_device_is_attached (device);
  entry->device_id = binding->device_id;
  entry->iommu_capabilities = binding->iommu_capabilities;
  entry->iommu_type = binding->iommu_type;
  entry->max_pasid_width = binding->max_pasid_width;
  entry->dma_logging = binding->dma_logging;
  entry->tracker = binding->tracker;
  g_ptr_array_add (record->bindings, entry);
}

static void
add_bindings (IommudHostRecord *record, IommudContainer *container)
{
  GListModel *devices = iommud_container_get_devices (container);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      add_binding (record, container, device);
    }
}

static void
add_mappings (IommudHostRecord *record, IommudContainer *container, guint64 first, guint64 last)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (container));

  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, first, last);
       mapping != NULL && mapping->iova <= last;
       mapping = iommud_mapping_table_next (mappings, mapping))
    {
      IommudMappingRecord *entry = iommud_mapping_record_new ();

      entry->container = iommud_container_get_serial (container);
      entry->iova = mapping->iova;
      entry->length = mapping->length;
      entry->file_offset = mapping->file_offset;
      entry->flags = mapping->flags;
      entry->memory_is_writable = mapping->memory_is_writable;
      entry->first_piece = mapping->first_piece;
      entry->piece = mapping->piece;
      entry->by_address = mapping->by_address;
      g_ptr_array_add (record->mappings, entry);
    }
}

static void
add_tracker (IommudTrackingRecord *record, const IommudTracker *tracker)
{
  IommudTrackerRecord *entry = iommud_tracker_record_new ();

  entry->kind = tracker->kind;
  if (tracker->device != NULL)
    iommud_record_set_string (&entry->device, tracker->device);
  entry->hwpt_id = tracker->hwpt_id;
  entry->page_size = tracker->page_size;
  entry->runs = tracker->ranges != NULL;
  if (tracker->ranges != NULL)
    g_array_append_vals (entry->ranges, tracker->ranges->data, tracker->ranges->len);
  entry->blind = tracker->blind;
  g_ptr_array_add (record->trackers, entry);
}

static void
add_tracking (IommudHostRecord *record, IommudContainer *container)
{
  IommudTrackingRecord *entry = iommud_tracking_record_new ();
  IommudTrackersState state = { 0 };

  iommud_trackers_get_state (
      iommud_dirty_tracking_peek (iommud_container_get_dirty_tracking (container)), &state);
  entry->container = iommud_container_get_serial (container);
  entry->active = state.active;
  entry->stopping = state.stopping;
  entry->page_size = state.page_size;
  for (guint i = 0; i < state.trackers->len; i++)
    add_tracker (entry, g_ptr_array_index (state.trackers, i));
  g_array_append_vals (entry->saved_of_logs, state.saved_of_logs->data, state.saved_of_logs->len);
  g_array_append_vals (entry->saved_of_hwpts, state.saved_of_hwpts->data,
                       state.saved_of_hwpts->len);
  iommud_trackers_state_clear (&state);
  g_ptr_array_add (record->trackings, entry);
}

void
iommud_container_write_down (IommudContainer *self, IommudHostRecord *record,
                             IommudWriteDownParts parts, guint64 first, guint64 last)
{
  IommudContainerRecord *entry = iommud_container_record_new ();

  iommud_container_fill_record (self, entry);
  g_ptr_array_add (record->containers, entry);
  if ((parts & IOMMUD_WRITE_DOWN_HWPTS) != 0)
    add_hwpts (record, self);
  if ((parts & IOMMUD_WRITE_DOWN_DEVICES) != 0)
    add_bindings (record, self);
  if ((parts & IOMMUD_WRITE_DOWN_MAPPINGS) != 0)
    add_mappings (record, self, first, last);
  if ((parts & IOMMUD_WRITE_DOWN_TRACKING) != 0)
    add_tracking (record, self);
}

void
iommud_lease_write_down (IommudLease *self, IommudHostRecord *record)
{
  IommudLeaseRecord *entry = iommud_lease_record_new ();
  GListModel *devices = iommud_lease_get_devices (self);

  iommud_lease_fill_record (self, entry);
  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      if (iommud_device_is_handed_out (device))
        g_ptr_array_add (entry->handed_out, g_strdup (iommud_device_get_name (device)));
    }
  g_ptr_array_add (record->leases, entry);
}

static void
write_leases_down (IommudHost *host, IommudHostRecord *record)
{
  GListModel *leases = iommud_host_get_leases (host);

  for (guint i = 0; i < g_list_model_get_n_items (leases); i++)
    {
      g_autoptr (IommudLease) lease = g_list_model_get_item (leases, i);

      iommud_lease_write_down (lease, record);
    }
  record->n_leases = record->leases->len;
}

void
iommud_write_down_scope (IommudHostRecord *record, const char *kind, guint64 key, guint64 first,
                         guint64 last)
{
  IommudScopeRecord *scope = iommud_scope_record_new ();

  iommud_record_set_string (&scope->kind, kind);
  scope->key = key;
  scope->first = first;
  scope->last = last;
  g_ptr_array_add (record->scopes, scope);
}

void
iommud_container_write_down_device (IommudContainer *self, IommudHostRecord *record,
                                    IommudDevice *device)
{
  IommudScopeRecord *scope;

  iommud_write_down_scope (record, "bindings", iommud_container_get_serial (self), 0, G_MAXUINT64);
  scope = g_ptr_array_index (record->scopes, record->scopes->len - 1);
  iommud_record_set_string (&scope->name, iommud_device_get_binding (device)->info->name);
  if (iommud_device_get_container (device) == self)
    add_binding (record, self, device);
}

void
iommud_container_write_down_hwpts (IommudContainer *self, IommudHostRecord *record,
                                   GPtrArray *hwpts)
{
  for (guint i = 0; i < hwpts->len; i++)
    {
      IommudHwpt *hwpt = g_ptr_array_index (hwpts, i);
      guint64 serial = iommud_hwpt_get_serial (hwpt);

      iommud_write_down_scope (record, "hwpts", iommud_container_get_serial (self), serial, serial);
      if (iommud_hwpt_get_container (hwpt) != NULL)
        add_hwpt (record, hwpt);
    }
}

void
iommud_container_write_down_scopes (IommudContainer *self, IommudHostRecord *record,
                                    IommudWriteDownParts parts, guint64 first, guint64 last)
{
  guint64 context = iommud_context_get_serial (iommud_container_get_context (self));
  guint64 serial = iommud_container_get_serial (self);

  iommud_write_down_scope (record, "contexts", context, 0, G_MAXUINT64);
  iommud_write_down_scope (record, "containers", serial, 0, G_MAXUINT64);
  if ((parts & IOMMUD_WRITE_DOWN_HWPTS) != 0)
    iommud_write_down_scope (record, "hwpts", serial, 0, G_MAXUINT64);
  if ((parts & IOMMUD_WRITE_DOWN_DEVICES) != 0)
    iommud_write_down_scope (record, "bindings", serial, 0, G_MAXUINT64);
  if ((parts & IOMMUD_WRITE_DOWN_MAPPINGS) != 0)
    iommud_write_down_scope (record, "mappings", serial, first, last);
  if ((parts & IOMMUD_WRITE_DOWN_TRACKING) != 0)
    iommud_write_down_scope (record, "trackings", serial, 0, G_MAXUINT64);
}

/**
 * iommud_host_write_down:
 * @self: a host
 * @error: where to put an error
 *
 * Writes down what iommud_host_adopt() needs to make the host again in another life: a record of
 * each context, container, lease, HWPT, bound device, mapping and dirty tracking, with its serial,
 * owner and kernel ids. Dirty pages that were taken from a tracker and not delivered are written
 * down too. If they are very scattered, some clean pages count as dirty; a dirty page never counts
 * as clean.
 *
 * Errors: %IOMMUD_ERROR_BUSY if an operation is under way.
 *
 * Returns: (transfer full): the records, in a form that only iommud_host_adopt() needs to know
 */
GVariant *
iommud_host_write_down (IommudHost *self, GError **error)
{
  g_autoptr (GHashTable) contexts = g_hash_table_new (NULL, NULL);
  g_autoptr (IommudHostRecord) record = NULL;
  GListModel *containers;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);

  if (!iommud_container_table_check_idle (iommud_host_get_container_table (self),
                                          "write the host down", error)
      || !iommud_lease_table_check_idle (iommud_host_get_lease_table (self), "write the host down",
                                         error))
    return NULL;
  record = iommud_host_record_new ();
  containers = iommud_host_get_containers (self);
  iommud_host_fill_record (self, record);
  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);
      IommudContext *context = iommud_container_get_context (container);

      if (g_hash_table_add (contexts, context))
        iommud_context_write_down (context, record);
      iommud_container_write_down (container, record, IOMMUD_WRITE_DOWN_ALL, 0, G_MAXUINT64);
    }
  write_leases_down (self, record);
  iommud_host_write_interrupted_down (self, record);
  record->n_contexts = record->contexts->len;
  record->n_containers = record->containers->len;
  return g_variant_ref_sink (iommud_host_record_to_variant (record));
}
