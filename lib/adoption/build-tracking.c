/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: the trackers of a container go on where they were, and what one of them may have missed
 * counts as dirty. */
#include "model/container.h"
#include "model/device.h"
#include "model/hwpt.h"
#include "adoption/adoption.h"

static IommudTracker *
make_tracker (IommudAdoption *self, const IommudTrackerRecord *record)
{
  const IommudBindingRecord *binding = g_hash_table_lookup (self->bindings, record->device);
  IommudTracker *tracker;

  if (record->kind == IOMMUD_TRACKER_KIND_IOMMU)
    tracker = iommud_tracker_new_hwpt (record->hwpt_id);
  else
    tracker = iommud_tracker_new_log (
        record->device,
        iommud_device_get_binding (iommud_adoption_find_device (self, binding->sysfs_path))->cdev);
  tracker->page_size = record->page_size;
  tracker->blind = record->blind;
  if (record->runs)
    tracker->ranges = g_array_copy (record->ranges);
  return tracker;
}

/* It is started again at the next read: until then it is not known what it has seen. */
static void
add_blind (IommudAdoption *self, GPtrArray *trackers, IommudTracker *tracker, guint64 container)
{
  iommud_adoption_drop (self,
                        "The tracker that is %s in container %" G_GUINT64_FORMAT
                        " is not written down: all that it covers counts as dirty",
                        tracker->name, container);
  tracker->blind = TRUE;
  g_ptr_array_add (trackers, tracker);
}

static GHashTable *
collect_names (const IommudTrackingRecord *record)
{
  GHashTable *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < record->trackers->len; i++)
    {
      const IommudTrackerRecord *tracker = g_ptr_array_index (record->trackers, i);

      g_hash_table_add (names, iommud_adoption_name_tracker (tracker->device, tracker->hwpt_id));
    }
  return names;
}

static gboolean
has_tracker (GHashTable *names, const char *device, guint32 hwpt_id)
{
  g_autofree char *name = iommud_adoption_name_tracker (device, hwpt_id);

  return g_hash_table_contains (names, name);
}

static void
add_missing_logs (IommudAdoption *self, IommudContainer *container, GHashTable *names,
                  const IommudTrackingRecord *record, GPtrArray *trackers)
{
  GListModel *devices = iommud_container_get_devices (container);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      const char *name = iommud_device_get_name (device);

      if (iommud_device_is_attached (device)
          && iommud_device_get_tracker (device) == IOMMUD_TRACKER_KIND_DEVICE
          && !has_tracker (names, name, 0))
        add_blind (self, trackers,
                   iommud_tracker_new_log (name, iommud_device_get_binding (device)->cdev),
                   record->container);
    }
}

static void
add_missing_hwpts (IommudAdoption *self, IommudContainer *container, GHashTable *names,
                   const IommudTrackingRecord *record, GPtrArray *trackers)
{
  GListModel *hwpts = iommud_container_get_hwpts (container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      if (iommud_hwpt_tracks_any (hwpt, NULL)
          && !has_tracker (names, "", iommud_hwpt_get_id (hwpt)))
        add_blind (self, trackers, iommud_tracker_new_hwpt (iommud_hwpt_get_id (hwpt)),
                   record->container);
    }
}

/* What was recorded and not read is lost with a tracker that was dropped, and its device may have
 * written since. */
static void
mark_lost (const IommudAdoptedContainer *adopted, IommudTrackers *trackers)
{
  if (adopted->lost_logs)
    iommud_trackers_mark_all (trackers, IOMMUD_TRACKER_CHOICE_DEVICE);
  if (adopted->lost_hwpts)
    iommud_trackers_mark_all (trackers, IOMMUD_TRACKER_CHOICE_IOMMU);
}

void
iommud_adoption_build_tracking (IommudAdoption *self, IommudTrackingRecord *record)
{
  IommudAdoptedContainer *adopted = iommud_adoption_find_container (self, record->container);
  IommudContainer *container = adopted->container;
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (container);
  g_autoptr (GPtrArray) trackers = g_ptr_array_new ();
  const IommudTrackersState state = {
    .active = record->active,
    .stopping = record->stopping,
    .page_size = record->page_size,
    .trackers = trackers,
    .saved_of_logs = record->saved_of_logs,
    .saved_of_hwpts = record->saved_of_hwpts,
  };
  IommudTrackers *lent;

  for (guint i = 0; i < record->trackers->len; i++)
    g_ptr_array_add (trackers, make_tracker (self, g_ptr_array_index (record->trackers, i)));
  if (record->active && !record->stopping)
    {
      g_autoptr (GHashTable) names = collect_names (record);

      add_missing_logs (self, container, names, record, trackers);
      add_missing_hwpts (self, container, names, record, trackers);
    }
  lent = iommud_dirty_tracking_lend (
      tracking, iommud_memory_get_mapped_ranges (iommud_container_get_memory (container)));
  iommud_trackers_set_state (lent, &state);
  mark_lost (adopted, lent);
  iommud_dirty_tracking_return (tracking);
}
