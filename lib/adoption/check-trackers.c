/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: which trackers that were written down are there, and cover what they should. */
#include "dirty/log-ranges.h"
#include "dirty/store.h"
#include "adoption/adoption.h"

#define SERIAL G_GUINT64_FORMAT

static gboolean
is_page_size (guint64 size)
{
  return size >= IOMMUD_DIRTY_PAGE_SIZE && (size & (size - 1)) == 0;
}

/* Bits are counted in whole pages, for which the buffers of a read are made. */
static gboolean
are_whole_pages (const GArray *ranges)
{
  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      if (range->first % IOMMUD_DIRTY_PAGE_SIZE != 0
          || range->last % IOMMUD_DIRTY_PAGE_SIZE != IOMMUD_DIRTY_PAGE_SIZE - 1)
        return FALSE;
    }
  return TRUE;
}

static gboolean
covers_all (const GArray *ranges, const GArray *writable)
{
  for (guint i = 0; i < writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (writable, IommudIovaRange, i);

      if (!iommud_log_ranges_cover (ranges, range->first, range->last))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_plausible (const IommudTrackerRecord *record)
{
  return record->hwpt_id == 0 && record->runs == (record->ranges->len > 0)
         && (!record->runs || (!record->blind && is_page_size (record->page_size)))
         && are_whole_pages (record->ranges);
}

/* What is known of the trackers of a container while they are checked. */
typedef struct
{
  IommudAdoption *adoption;
  IommudAdoptedContainer *adopted;
  guint64 container;
  GArray *writable;  /* what logs must cover */
  GHashTable *hwpts; /* set of kernel ids that can have a tracker */
  GHashTable *kept;  /* set of names of trackers: see iommud_adoption_name_tracker() */
} TrackerCheck;

/* What logs must cover: nothing, if they are only left to be stopped. */
static GArray *
get_writable (const IommudTrackingRecord *record, const IommudAdoptedContainer *container)
{
  if (!record->active || record->stopping)
    return iommud_ranges_new ();
  return iommud_mapping_table_get_runs (container->mappings, 0, G_MAXUINT64, TRUE);
}

static GHashTable *
get_tracked_hwpts (const IommudAdoptedContainer *container)
{
  const GArray *orphans = container->record->orphans;
  GHashTable *ids = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer hwpt;

  for (guint i = 0; i < orphans->len; i++)
    g_hash_table_add (ids, GUINT_TO_POINTER (g_array_index (orphans, guint32, i)));
  g_hash_table_iter_init (&iter, container->hwpts);
  while (g_hash_table_iter_next (&iter, NULL, &hwpt))
    if ((((const IommudHwptRecord *) hwpt)->flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0)
      g_hash_table_add (ids, GUINT_TO_POINTER (((const IommudHwptRecord *) hwpt)->hwpt_id));
  return ids;
}

/* A blind one is known to miss what is written. */
static gboolean
check_log (const TrackerCheck *self, const IommudTrackerRecord *record, char **reason)
{
  const IommudBindingRecord *binding =
      g_hash_table_lookup (self->adoption->bindings, record->device);

  if (binding == NULL || binding->container != self->container || !binding->dma_logging)
    return iommud_adoption_refuse (reason,
                                   "The log of device %s in container %" SERIAL
                                   ": there is no such device that has a log",
                                   record->device, self->container);
  if (!is_plausible (record))
    return iommud_adoption_refuse (
        reason, "The log of device %s in container %" SERIAL ": what it covers is not known",
        record->device, self->container);
  if (!record->blind && !covers_all (record->ranges, self->writable))
    return iommud_adoption_refuse (reason,
                                   "The log of device %s in container %" SERIAL
                                   ": it does not cover all that the device can write to",
                                   record->device, self->container);
  return TRUE;
}

static gboolean
check_one (const TrackerCheck *self, const IommudTrackerRecord *record, char **reason)
{
  if (record->kind == IOMMUD_TRACKER_KIND_DEVICE)
    return check_log (self, record, reason);
  if (*record->device == '\0'
      && g_hash_table_contains (self->hwpts, GUINT_TO_POINTER (record->hwpt_id)))
    return TRUE;
  return iommud_adoption_refuse (
      reason, "The tracker of HWPT id %u in container %" SERIAL ": there is no such HWPT",
      record->hwpt_id, self->container);
}

/* What one that is dropped has recorded is lost, unless it is there once more. */
static gboolean
check_tracker (const TrackerCheck *self, const IommudTrackerRecord *record, char **reason)
{
  g_autofree char *name = iommud_adoption_name_tracker (record->device, record->hwpt_id);

  if (g_hash_table_contains (self->kept, name))
    return iommud_adoption_refuse (
        reason, "A tracker of container %" SERIAL ": it is written down twice", self->container);
  if (check_one (self, record, reason))
    return TRUE;
  if (record->kind == IOMMUD_TRACKER_KIND_DEVICE)
    self->adopted->lost_logs = TRUE;
  else
    self->adopted->lost_hwpts = TRUE;
  return FALSE;
}

static void
check_each (const TrackerCheck *self, GPtrArray *trackers)
{
  guint n_kept = 0;

  for (guint i = 0; i < trackers->len; i++)
    {
      IommudTrackerRecord *tracker = g_ptr_array_index (trackers, i);
      g_autofree char *reason = NULL;

      if (check_tracker (self, tracker, &reason))
        {
          g_hash_table_add (self->kept,
                            iommud_adoption_name_tracker (tracker->device, tracker->hwpt_id));
          trackers->pdata[n_kept++] = tracker;
          continue;
        }
      iommud_adoption_drop (self->adoption, "%s", reason);
      iommud_tracker_record_free (tracker);
    }
  g_ptr_array_set_size (trackers, (gint) n_kept);
}

static void
check_trackers (IommudAdoption *self, IommudTrackingRecord *record,
                IommudAdoptedContainer *container)
{
  g_autoptr (GArray) writable = get_writable (record, container);
  g_autoptr (GHashTable) hwpts = get_tracked_hwpts (container);
  g_autoptr (GHashTable) kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const TrackerCheck check = {
    .adoption = self,
    .adopted = container,
    .container = record->container,
    .writable = writable,
    .hwpts = hwpts,
    .kept = kept,
  };

  check_each (&check, record->trackers);
}

static gboolean
check_tracking (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudTrackingRecord *entry = record;
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, entry->container);
  g_autofree char *what =
      g_strdup_printf ("Dirty tracking of container %" SERIAL, entry->container);

  if (container == NULL)
    return iommud_adoption_refuse (reason, "%s: the container is not there", what);
  if (container->tracking)
    return iommud_adoption_refuse (reason, "%s: it is written down twice", what);
  container->tracking = TRUE;
  if (!is_page_size (entry->page_size))
    return iommud_adoption_refuse (reason, "%s: its page size is none", what);
  if (entry->active && container->record->policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return iommud_adoption_refuse (reason, "%s: it is active and off", what);
  if (!entry->active
      && (entry->stopping
          || entry->trackers->len + entry->saved_of_logs->len + entry->saved_of_hwpts->len > 0))
    return iommud_adoption_refuse (reason, "%s: it has trackers and is not active", what);
  check_trackers (self, entry, container);
  return TRUE;
}

gboolean
iommud_adoption_check_trackers (IommudAdoption *self, GError **error)
{
  return iommud_adoption_filter (self, self->record->trackings, check_tracking,
                                 (GDestroyNotify) iommud_tracking_record_free, error);
}
