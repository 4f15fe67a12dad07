/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the trackers of a container, and saves what was taken and not delivered. */
#include "dirty/trackers-private.h"

#include "dirty/log-ranges.h"

static void
mark_part (IommudTrackers *self, IommudTrackerKind kind, guint64 first, guint64 last)
{
  const GArray *writable = iommud_mapped_ranges_get_writable (self->mapped);

  for (guint i = 0; iommud_trackers_is_complete (self) && i < writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (writable, IommudIovaRange, i);

      if (range->first <= last && range->last >= first)
        iommud_dirty_store_mark (iommud_trackers_get_saved (self, kind), MAX (range->first, first),
                                 MIN (range->last, last));
    }
}

/* If there was no memory for an answer, the read succeeds, and all of its range counts as dirty. */
static gboolean
read_or_mark (IommudTrackers *self, IommudTracker *tracker, IommudTrackerRead *read, GError **error)
{
  g_autoptr (GError) own = NULL;

  if (iommud_tracker_read (tracker, read, &own))
    return TRUE;
  if (read->lost)
    iommud_trackers_mark_kind (self, tracker->kind);
  if (!read->blinded)
    {
      g_propagate_error (error, g_steal_pointer (&own));
      return FALSE;
    }
  g_message ("%s; all of the range counts as dirty", own->message);
  mark_part (self, tracker->kind, read->first, read->last);
  return TRUE;
}

/* Moves everything that a tracker has recorded into the store of its kind. */
gboolean
iommud_trackers_drain (IommudTrackers *self, const IommudKernelAccess *access,
                       IommudTracker *tracker, const IommudIovaRange *range, GError **error)
{
  IommudTrackerRead read = {
    .access = access,
    .runs = iommud_trackers_get_runs (self),
    .first = range != NULL ? range->first : 0,
    .last = range != NULL ? range->last : G_MAXUINT64,
    .saved = iommud_trackers_get_saved (self, tracker->kind),
  };

  return read_or_mark (self, tracker, &read, error);
}

/* Whether @choice means the logs of devices, and whether it means the HWPTs. */
static gboolean
chooses_logs (IommudTrackerChoice choice)
{
  return choice != IOMMUD_TRACKER_CHOICE_IOMMU;
}

static gboolean
chooses_hwpts (IommudTrackerChoice choice)
{
  return choice != IOMMUD_TRACKER_CHOICE_DEVICE;
}

void
iommud_trackers_mark_kind (IommudTrackers *self, IommudTrackerKind kind)
{
  mark_part (self, kind, 0, G_MAXUINT64);
}

void
iommud_trackers_mark_all (IommudTrackers *self, IommudTrackerChoice choice)
{
  if (chooses_logs (choice))
    iommud_trackers_mark_kind (self, IOMMUD_TRACKER_KIND_DEVICE);
  if (chooses_hwpts (choice))
    iommud_trackers_mark_kind (self, IOMMUD_TRACKER_KIND_IOMMU);
}

void
iommud_trackers_forget_range (IommudTrackers *self, guint64 first, guint64 last)
{
  iommud_dirty_store_remove (self->saved_of_logs, first, last);
  iommud_dirty_store_remove (self->saved_of_hwpts, first, last);
}

/* A tracker that runs again has missed what was written before, so everything counts as dirty. */
void
iommud_trackers_heal (IommudTrackers *self, const IommudKernelAccess *access,
                      IommudTracker *tracker)
{
  g_autoptr (GArray) ranges = NULL;

  if (!tracker->blind)
    return;
  ranges = iommud_log_ranges_new (iommud_trackers_get_runs (self), self->page_size);
  tracker->blind = !iommud_tracker_start (tracker, access, ranges, self->page_size, NULL);
  iommud_trackers_mark_kind (self, tracker->kind);
}

/* A log always forgets what is read, so if the pages are to stay dirty, they are saved first and
 * reported from there. */
static gboolean
read_tracker (IommudTrackers *self, IommudTracker *tracker, const IommudTrackerRead *template,
              GError **error)
{
  const IommudIovaRange range = { .first = template->first, .last = template->last };
  IommudTrackerRead read = *template;

  iommud_trackers_heal (self, read.access, tracker);
  if (read.keep && tracker->kind == IOMMUD_TRACKER_KIND_DEVICE)
    return iommud_trackers_drain (self, read.access, tracker, &range, error);
  read.runs = iommud_trackers_get_runs (self);
  read.saved = iommud_trackers_get_saved (self, tracker->kind);
  return read_or_mark (self, tracker, &read, error);
}

static gboolean
read_kind (IommudTrackers *self, IommudTrackerKind kind, const IommudTrackerRead *read,
           GError **error)
{
  GPtrArray *trackers = iommud_trackers_get_running (self, kind);

  for (guint i = 0; i < trackers->len; i++)
    if (!read_tracker (self, g_ptr_array_index (trackers, i), read, error))
      return FALSE;
  return TRUE;
}

static void
report_saved (IommudTrackers *self, IommudTrackerKind kind, const IommudTrackerRead *read)
{
  IommudDirtyStore *saved = iommud_trackers_get_saved (self, kind);

  iommud_dirty_store_report (saved, read->bits, read->first, read->last);
  if (!read->keep)
    iommud_dirty_store_remove (saved, read->first, read->last);
}

void
iommud_trackers_take_saved (IommudTrackers *self, IommudDirtyBits *bits)
{
  const IommudTrackerRead read = { .first = bits->iova,
                                   .last = iommud_dirty_bits_get_last (bits),
                                   .bits = bits };

  report_saved (self, IOMMUD_TRACKER_KIND_DEVICE, &read);
  report_saved (self, IOMMUD_TRACKER_KIND_IOMMU, &read);
}

void
iommud_trackers_save (IommudTrackers *self, IommudTrackerChoice choice, const IommudDirtyBits *bits)
{
  guint64 last = iommud_dirty_bits_get_last (bits);

  if (chooses_logs (choice))
    iommud_dirty_store_add (self->saved_of_logs, bits, bits->iova, last);
  if (chooses_hwpts (choice))
    iommud_dirty_store_add (self->saved_of_hwpts, bits, bits->iova, last);
}

gboolean
iommud_trackers_read_part (IommudTrackers *self, const IommudKernelAccess *access,
                           IommudTrackerChoice choice, gboolean keep, IommudDirtyBits *bits,
                           guint64 first, guint64 last, GError **error)
{
  const IommudTrackerRead read = {
    .access = access,
    .first = first,
    .last = last,
    .keep = keep,
    .bits = bits,
  };
  gboolean logs = chooses_logs (choice);
  gboolean hwpts = chooses_hwpts (choice);

  if ((logs && !read_kind (self, IOMMUD_TRACKER_KIND_DEVICE, &read, error))
      || (hwpts && !read_kind (self, IOMMUD_TRACKER_KIND_IOMMU, &read, error)))
    {
      if (!keep)
        iommud_trackers_save (self, choice, bits);
      return FALSE;
    }
  if (logs)
    report_saved (self, IOMMUD_TRACKER_KIND_DEVICE, &read);
  if (hwpts)
    report_saved (self, IOMMUD_TRACKER_KIND_IOMMU, &read);
  return TRUE;
}

gboolean
iommud_trackers_read (IommudTrackers *self, const IommudKernelAccess *access,
                      IommudTrackerChoice choice, gboolean keep, IommudDirtyBits *bits,
                      GError **error)
{
  return iommud_trackers_read_part (self, access, choice, keep, bits, bits->iova,
                                    iommud_dirty_bits_get_last (bits), error);
}
