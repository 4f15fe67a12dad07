/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: which mappings and trackers that were written down are there, and whether a record was
 * lost. */
#include "memory/mapping-check.h"
#include "dirty/log-ranges.h"
#include "dirty/store.h"
#include "operations/adoption.h"

#define SERIAL G_GUINT64_FORMAT
#define HEX "%#" G_GINT64_MODIFIER "x"

static gboolean
check_place (const IommudMappingRecord *record, IommudAdoptedContainer *container, const char *what,
             char **reason)
{
  guint64 last = record->iova + (record->length - 1);
  guint64 bits = record->iova | record->length | record->first_piece | record->piece;
  guint64 alignment = MAX (container->space.alignment, IOMMUD_DIRTY_PAGE_SIZE);

  if (last < record->iova)
    return iommud_adoption_refuse (reason, "%s: it goes past the end", what);
  if ((bits & (alignment - 1)) != 0)
    return iommud_adoption_refuse (reason, "%s: it is not aligned", what);
  if (iommud_mapping_table_find (container->mappings, record->iova, last) != NULL)
    return iommud_adoption_refuse (reason, "%s: another mapping is there", what);
  if (!iommud_mapping_check_addressable (&container->space, record->iova, last, what, NULL))
    return iommud_adoption_refuse (reason, "%s: it lies outside of what can be mapped", what);
  return TRUE;
}

static void
keep_mapping (IommudAdoptedContainer *container, const IommudMappingRecord *record,
              IommudMappedFile *file)
{
  const IommudMapping mapping = {
    .iova = record->iova,
    .length = record->length,
    .file_offset = record->file_offset,
    .flags = record->flags,
    .memory_is_writable = record->memory_is_writable,
    .first_piece = record->first_piece,
    .piece = record->piece,
    .by_address = record->by_address,
    .file = record->by_address ? file : NULL,
  };

  iommud_mapping_table_add (container->mappings, &mapping);
}

static gboolean
check_mapping (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudMappingRecord *entry = record;
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, entry->container);
  g_autofree char *what = g_strdup_printf ("Mapping at IOVA " HEX " of container %" SERIAL,
                                           entry->iova, entry->container);
  gboolean present;

  if (container == NULL)
    return iommud_adoption_refuse (reason, "%s: the container is not there", what);
  container->n_mappings++;
  if (!check_place (entry, container, what, reason)
      || !iommud_presence_of_mapping (&container->context->access, container->record->ioas_id,
                                      entry->iova, entry->length, &present, error))
    return FALSE;
  if (!present)
    return iommud_adoption_refuse (reason, "%s: the kernel has not all of it mapped", what);
  keep_mapping (container, entry,
                iommud_descriptors_peek_file (self->descriptors, entry->container, entry->iova));
  return TRUE;
}

/* Says so if the kernel has a page mapped that no record has. */
static gboolean
check_page (IommudAdoption *self, IommudAdoptedContainer *container, guint64 iova, GError **error)
{
  guint64 length = container->space.alignment;
  gboolean present;

  length = MAX (length, IOMMUD_DIRTY_PAGE_SIZE);
  if (iommud_mapping_table_find (container->mappings, iova, iova + (length - 1)) != NULL)
    return TRUE;
  if (!iommud_presence_of_mapping (&container->context->access, container->record->ioas_id, iova,
                                   length, &present, error))
    return FALSE;
  if (present)
    iommud_adoption_drop (self,
                          "IOVA " HEX " of container %" SERIAL
                          ": something is mapped there that is not written down",
                          iova, container->record->serial);
  return TRUE;
}

/* Around a mapping: whether it is longer than it was written down. */
static gboolean
check_neighbours (IommudAdoption *self, IommudAdoptedContainer *container,
                  const IommudMapping *mapping, GError **error)
{
  guint64 page = MAX (container->space.alignment, IOMMUD_DIRTY_PAGE_SIZE);
  guint64 last = iommud_mapping_get_last (mapping);

  return (mapping->iova < page || check_page (self, container, mapping->iova - page, error))
         && (last > G_MAXUINT64 - 2 * page || check_page (self, container, last + 1, error));
}

static gboolean
check_all_neighbours (IommudAdoption *self, GError **error)
{
  for (guint i = 0; i < self->record->mappings->len; i++)
    {
      const IommudMappingRecord *record = g_ptr_array_index (self->record->mappings, i);
      IommudAdoptedContainer *container = iommud_adoption_find_container (self, record->container);
      const IommudMapping *mapping =
          iommud_mapping_table_find (container->mappings, record->iova, record->iova);

      if (!check_neighbours (self, container, mapping, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_tracked_hwpt (IommudAdoptedContainer *container, guint32 hwpt_id)
{
  GHashTableIter iter;
  gpointer hwpt;

  for (guint i = 0; i < container->record->orphans->len; i++)
    if (g_array_index (container->record->orphans, guint32, i) == hwpt_id)
      return TRUE;
  g_hash_table_iter_init (&iter, container->hwpts);
  while (g_hash_table_iter_next (&iter, NULL, &hwpt))
    if (((const IommudHwptRecord *) hwpt)->hwpt_id == hwpt_id)
      return (((const IommudHwptRecord *) hwpt)->flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0;
  return FALSE;
}

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

/* @writable: what it must cover. A blind one is known to miss what is written. */
static gboolean
check_log (IommudAdoption *self, const IommudTrackerRecord *record, guint64 container,
           const GArray *writable, char **reason)
{
  const IommudBindingRecord *binding = g_hash_table_lookup (self->bindings, record->device);

  if (binding == NULL || binding->container != container || !binding->dma_logging)
    return iommud_adoption_refuse (reason,
                                   "The log of device %s in container %" SERIAL
                                   ": there is no such device that has a log",
                                   record->device, container);
  if (!is_plausible (record))
    return iommud_adoption_refuse (
        reason, "The log of device %s in container %" SERIAL ": what it covers is not known",
        record->device, container);
  if (!record->blind && !covers_all (record->ranges, writable))
    return iommud_adoption_refuse (reason,
                                   "The log of device %s in container %" SERIAL
                                   ": it does not cover all that the device can write to",
                                   record->device, container);
  return TRUE;
}

static gboolean
check_tracker (IommudAdoption *self, const IommudTrackerRecord *record,
               IommudAdoptedContainer *container, const GArray *writable, char **reason)
{
  guint64 serial = container->record->serial;

  if (record->kind == IOMMUD_TRACKER_KIND_DEVICE)
    return check_log (self, record, serial, writable, reason);
  if (*record->device == '\0' && is_tracked_hwpt (container, record->hwpt_id))
    return TRUE;
  return iommud_adoption_refuse (
      reason, "The tracker of HWPT id %u in container %" SERIAL ": there is no such HWPT",
      record->hwpt_id, serial);
}

static gboolean
is_doubled (const GPtrArray *trackers, guint index)
{
  const IommudTrackerRecord *record = g_ptr_array_index (trackers, index);

  for (guint i = 0; i < index; i++)
    {
      const IommudTrackerRecord *other = g_ptr_array_index (trackers, i);

      if (other->kind == record->kind && other->hwpt_id == record->hwpt_id
          && g_str_equal (other->device, record->device))
        return TRUE;
    }
  return FALSE;
}

/* What logs must cover: nothing, if they are only left to be stopped. */
static GArray *
get_writable (const IommudTrackingRecord *record, const IommudAdoptedContainer *container)
{
  if (!record->active || record->stopping)
    return iommud_ranges_new ();
  return iommud_mapping_table_get_runs (container->mappings, 0, G_MAXUINT64,
                                        IOMMUD_MAP_FLAGS_WRITABLE);
}

static void
check_trackers (IommudAdoption *self, IommudTrackingRecord *record,
                IommudAdoptedContainer *container)
{
  g_autoptr (GArray) writable = get_writable (record, container);

  for (guint i = 0; i < record->trackers->len;)
    {
      IommudTrackerRecord *tracker = g_ptr_array_index (record->trackers, i);
      g_autofree char *reason = NULL;

      if (is_doubled (record->trackers, i))
        iommud_adoption_refuse (&reason,
                                "A tracker of container %" SERIAL ": it is written down "
                                "twice",
                                record->container);
      else
        check_tracker (self, tracker, container, writable, &reason);
      if (reason == NULL)
        {
          i++;
          continue;
        }
      iommud_adoption_drop (self, "%s", reason);
      iommud_tracker_record_free (g_ptr_array_remove_index (record->trackers, i));
    }
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
iommud_adoption_check_memory (IommudAdoption *self, GError **error)
{
  return iommud_adoption_filter (self, self->record->mappings, check_mapping,
                                 (GDestroyNotify) iommud_mapping_record_free, error)
         && check_all_neighbours (self, error)
         && iommud_adoption_filter (self, self->record->trackings, check_tracking,
                                    (GDestroyNotify) iommud_tracking_record_free, error);
}

static void
check_count (IommudAdoption *self, const char *owner, guint64 serial, const char *what,
             guint64 expected, guint64 actual)
{
  if (expected != actual)
    iommud_adoption_drop (self,
                          "%s %" SERIAL ": %" G_GUINT64_FORMAT " %s were written down with it, "
                          "and %" G_GUINT64_FORMAT " are known",
                          owner, serial, expected, what, actual);
}

static void
check_counts_of (IommudAdoption *self, const IommudAdoptedContainer *container)
{
  const IommudContainerRecord *record = container->record;

  check_count (self, "Container", record->serial, "HWPTs", record->n_hwpts, container->n_hwpts);
  check_count (self, "Container", record->serial, "devices", record->n_devices,
               container->n_devices);
  check_count (self, "Container", record->serial, "mappings", record->n_mappings,
               container->n_mappings);
  check_count (self, "Container", record->serial, "dirty trackings", 1,
               container->tracking ? 1 : 0);
}

void
iommud_adoption_check_counts (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->contexts->len; i++)
    {
      const IommudContextRecord *record = g_ptr_array_index (self->record->contexts, i);
      const IommudAdoptedContext *context = g_hash_table_lookup (self->contexts, &record->serial);

      check_count (self, "Context", record->serial, "containers", record->n_containers,
                   context->n_containers);
    }
  for (guint i = 0; i < self->record->containers->len; i++)
    {
      const IommudContainerRecord *record = g_ptr_array_index (self->record->containers, i);

      check_counts_of (self, iommud_adoption_find_container (self, record->serial));
    }
}
