/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the trackers of a container, and saves what was taken and not delivered. */
#include "dirty/trackers-private.h"

#include "dirty/log-ranges.h"

/* Moves everything that a tracker has recorded into the store of its kind. */
gboolean
iommud_trackers_drain (IommudTrackers *self, const IommudKernelAccess *access,
                       IommudTracker *tracker, const GArray *runs, const IommudDirtyBits *range,
                       GError **error)
{
  IommudTrackerRead read = {
    .access = access,
    .runs = runs,
    .first = range != NULL ? range->iova : 0,
    .last = range != NULL ? iommud_dirty_bits_get_last (range) : G_MAXUINT64,
    .saved = iommud_trackers_get_saved (self, tracker->kind),
  };

  return iommud_tracker_read (tracker, &read, error);
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
  const GArray *writable = iommud_mapped_ranges_get_writable (self->mapped);

  for (guint i = 0; iommud_trackers_is_complete (self) && i < writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (writable, IommudIovaRange, i);

      iommud_dirty_store_mark (iommud_trackers_get_saved (self, kind), range->first, range->last);
    }
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
read_kind (IommudTrackers *self, const IommudKernelAccess *access, IommudTrackerKind kind,
           gboolean keep, IommudDirtyBits *bits, GError **error)
{
  GPtrArray *trackers = iommud_trackers_get_running (self, kind);

  for (guint i = 0; i < trackers->len; i++)
    {
      IommudTracker *tracker = g_ptr_array_index (trackers, i);
      IommudTrackerRead read = {
        .access = access,
        .runs = iommud_trackers_get_runs (self),
        .first = bits->iova,
        .last = iommud_dirty_bits_get_last (bits),
        .keep = keep,
        .bits = bits,
        .saved = iommud_trackers_get_saved (self, kind),
      };

      iommud_trackers_heal (self, access, tracker);
      if (keep && kind == IOMMUD_TRACKER_KIND_DEVICE)
        {
          if (!iommud_trackers_drain (self, access, tracker, iommud_trackers_get_runs (self), bits,
                                      error))
            return FALSE;
        }
      else if (!iommud_tracker_read (tracker, &read, error))
        return FALSE;
    }
  return TRUE;
}

static void
report_saved (IommudTrackers *self, IommudTrackerKind kind, gboolean keep, IommudDirtyBits *bits)
{
  IommudDirtyStore *saved = iommud_trackers_get_saved (self, kind);

  iommud_dirty_store_report (saved, bits);
  if (!keep)
    iommud_dirty_store_remove (saved, bits->iova, iommud_dirty_bits_get_last (bits));
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
iommud_trackers_read (IommudTrackers *self, const IommudKernelAccess *access,
                      IommudTrackerChoice choice, gboolean keep, IommudDirtyBits *bits,
                      GError **error)
{
  gboolean logs = chooses_logs (choice);
  gboolean hwpts = chooses_hwpts (choice);

  if ((logs && !read_kind (self, access, IOMMUD_TRACKER_KIND_DEVICE, keep, bits, error))
      || (hwpts && !read_kind (self, access, IOMMUD_TRACKER_KIND_IOMMU, keep, bits, error)))
    {
      if (!keep)
        iommud_trackers_save (self, choice, bits);
      return FALSE;
    }
  if (logs)
    report_saved (self, IOMMUD_TRACKER_KIND_DEVICE, keep, bits);
  if (hwpts)
    report_saved (self, IOMMUD_TRACKER_KIND_IOMMU, keep, bits);
  return TRUE;
}
