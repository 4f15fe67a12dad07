/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of a container that run, and the bits saved for the next read. */
#include "dirty/trackers.h"

#include "base/ranges.h"

/* Mappings below and above it are logged as two ranges: guests leave a hole there. */
#define FOUR_GIB (G_GUINT64_CONSTANT (1) << 32)

struct _IommudTracking
{
  gboolean active;
  gboolean stopping; /* some tracker would not stop */
  guint64 page_size; /* that logs are asked for */
  GPtrArray *logs;   /* of IommudTracker */
  GPtrArray *hwpts;
  IommudMappedRanges *mapped;
  /* Apart, so that a read of one kind does not deliver, and then forget, the other's. */
  IommudDirtyStore *saved_of_logs;
  IommudDirtyStore *saved_of_hwpts;
};

static GPtrArray *
new_trackers (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_tracker_free);
}

IommudTrackers *
iommud_trackers_new (void)
{
  IommudTrackers *self = g_new0 (IommudTrackers, 1);

  self->page_size = IOMMUD_DIRTY_PAGE_SIZE;
  self->logs = new_trackers ();
  self->hwpts = new_trackers ();
  self->mapped = iommud_mapped_ranges_new (iommud_ranges_new (), iommud_ranges_new ());
  self->saved_of_logs = iommud_dirty_store_new ();
  self->saved_of_hwpts = iommud_dirty_store_new ();
  return self;
}

void
iommud_trackers_free (IommudTrackers *self)
{
  g_ptr_array_unref (self->logs);
  g_ptr_array_unref (self->hwpts);
  iommud_mapped_ranges_unref (self->mapped);
  iommud_dirty_store_free (self->saved_of_logs);
  iommud_dirty_store_free (self->saved_of_hwpts);
  g_free (self);
}

gboolean
iommud_trackers_is_active (const IommudTrackers *self)
{
  return self->active && (!self->stopping || self->logs->len + self->hwpts->len > 0);
}

gboolean
iommud_trackers_is_complete (const IommudTrackers *self)
{
  return self->active && !self->stopping;
}

void
iommud_trackers_set_mapped (IommudTrackers *self, IommudMappedRanges *mapped)
{
  iommud_mapped_ranges_ref (mapped);
  iommud_mapped_ranges_unref (self->mapped);
  self->mapped = mapped;
}

static const GArray *
get_runs (const IommudTrackers *self)
{
  return iommud_mapped_ranges_get_all (self->mapped);
}

static IommudDirtyStore *
get_saved (IommudTrackers *self, IommudTrackerChoice kind)
{
  return kind == IOMMUD_TRACKER_CHOICE_DEVICE ? self->saved_of_logs : self->saved_of_hwpts;
}

static GPtrArray *
get_trackers (IommudTrackers *self, IommudTrackerChoice kind)
{
  return kind == IOMMUD_TRACKER_CHOICE_DEVICE ? self->logs : self->hwpts;
}

/* The hull of @ranges from @first to @last, in whole pages. */
static void
add_hull (GArray *hulls, const GArray *ranges, guint64 first, guint64 last, guint64 page_size)
{
  IommudIovaRange hull = { .first = G_MAXUINT64 };
  gboolean found = FALSE;

  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      if (range->last < first || range->first > last)
        continue;
      hull.first = MIN (hull.first, MAX (range->first, first));
      hull.last = MAX (hull.last, MIN (range->last, last));
      found = TRUE;
    }
  if (!found)
    return;
  hull.first &= ~(page_size - 1);
  hull.last |= page_size - 1;
  g_array_append_val (hulls, hull);
}

static GArray *
get_log_ranges (const IommudTrackers *self, const GArray *ranges)
{
  GArray *hulls = iommud_ranges_new ();

  add_hull (hulls, ranges, 0, FOUR_GIB - 1, self->page_size);
  add_hull (hulls, ranges, FOUR_GIB, G_MAXUINT64, self->page_size);
  return hulls;
}

/* Those that do not stop stay where they are. */
static void
stop_all (GPtrArray *trackers, const IommudKernelAccess *access, GError **error)
{
  for (guint i = 0; i < trackers->len;)
    {
      g_autoptr (GError) stop_error = NULL;

      if (iommud_tracker_stop (g_ptr_array_index (trackers, i), access, &stop_error))
        {
          g_ptr_array_remove_index (trackers, i);
          continue;
        }
      g_message ("%s", stop_error->message);
      if (*error == NULL)
        *error = g_steal_pointer (&stop_error);
      i++;
    }
}

static void
undo_all (GPtrArray *trackers, const IommudKernelAccess *access, GError **error)
{
  for (guint i = trackers->len; i > 0; i--)
    {
      IommudTracker *tracker = g_ptr_array_index (trackers, i - 1);

      if (iommud_tracker_stop (tracker, access, *error == NULL ? error : NULL))
        g_ptr_array_remove_index (trackers, i - 1);
    }
}

static void
undo_start (IommudTrackers *self, const IommudKernelAccess *access, GError **error)
{
  g_autoptr (GError) undo_error = NULL;

  undo_all (self->hwpts, access, &undo_error);
  undo_all (self->logs, access, &undo_error);
  if (undo_error == NULL)
    return;
  self->active = TRUE;
  self->stopping = TRUE;
  g_prefix_error (error, "Some trackers could not be stopped again (%s): stop dirty tracking. ",
                  undo_error->message);
}

static gboolean
start_kind (IommudTrackers *self, const IommudKernelAccess *access, IommudTrackerChoice kind,
            GPtrArray *trackers, GError **error)
{
  g_autoptr (GArray) ranges = get_log_ranges (self, get_runs (self));

  for (guint i = 0; i < trackers->len; i++)
    {
      IommudTracker *tracker = g_ptr_array_index (trackers, i);

      if (tracker == NULL || tracker->kind != kind)
        continue;
      if (!iommud_tracker_start (tracker, access, ranges, self->page_size, error))
        return FALSE;
      g_ptr_array_add (get_trackers (self, kind), tracker);
      trackers->pdata[i] = NULL;
    }
  return TRUE;
}

gboolean
iommud_trackers_start (IommudTrackers *self, const IommudKernelAccess *access, guint64 page_size,
                       GPtrArray *trackers, GError **error)
{
  self->page_size = page_size;
  iommud_dirty_store_clear (self->saved_of_logs);
  iommud_dirty_store_clear (self->saved_of_hwpts);
  if (start_kind (self, access, IOMMUD_TRACKER_CHOICE_DEVICE, trackers, error)
      && start_kind (self, access, IOMMUD_TRACKER_CHOICE_IOMMU, trackers, error))
    {
      self->active = TRUE;
      self->stopping = FALSE;
      return TRUE;
    }
  undo_start (self, access, error);
  return FALSE;
}

gboolean
iommud_trackers_stop (IommudTrackers *self, const IommudKernelAccess *access, GError **error)
{
  GError *first = NULL;

  stop_all (self->logs, access, &first);
  stop_all (self->hwpts, access, &first);
  self->stopping = first != NULL;
  self->active = first != NULL;
  if (first == NULL)
    {
      iommud_dirty_store_clear (self->saved_of_logs);
      iommud_dirty_store_clear (self->saved_of_hwpts);
      return TRUE;
    }
  g_propagate_error (error, first);
  return FALSE;
}

/* All that a tracker has, into the store of its kind. */
static gboolean
drain (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *tracker,
       const GArray *runs, const IommudDirtyBits *range, GError **error)
{
  IommudTrackerRead read = {
    .access = access,
    .runs = runs,
    .first = range != NULL ? range->iova : 0,
    .last = range != NULL ? iommud_dirty_bits_get_last (range) : G_MAXUINT64,
    .saved = get_saved (self, tracker->kind),
  };

  return iommud_tracker_read (tracker, &read, error);
}

static void
mark_all (IommudTrackers *self, IommudTrackerChoice kind)
{
  const GArray *writable = iommud_mapped_ranges_get_writable (self->mapped);

  for (guint i = 0; iommud_trackers_is_complete (self) && i < writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (writable, IommudIovaRange, i);

      iommud_dirty_store_mark (get_saved (self, kind), range->first, range->last);
    }
}

void
iommud_trackers_mark_all (IommudTrackers *self, IommudTrackerChoice kind)
{
  if (kind != IOMMUD_TRACKER_CHOICE_IOMMU)
    mark_all (self, IOMMUD_TRACKER_CHOICE_DEVICE);
  if (kind != IOMMUD_TRACKER_CHOICE_DEVICE)
    mark_all (self, IOMMUD_TRACKER_CHOICE_IOMMU);
}

void
iommud_trackers_forget_range (IommudTrackers *self, guint64 first, guint64 last)
{
  iommud_dirty_store_remove (self->saved_of_logs, first, last);
  iommud_dirty_store_remove (self->saved_of_hwpts, first, last);
}

/* One that runs again has missed what was written before: that all counts as dirty. */
static void
heal (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *tracker)
{
  g_autoptr (GArray) ranges = NULL;

  if (!tracker->blind)
    return;
  ranges = get_log_ranges (self, get_runs (self));
  tracker->blind = !iommud_tracker_start (tracker, access, ranges, self->page_size, NULL);
  iommud_trackers_mark_all (self, tracker->kind);
}

/* A log always forgets, so one whose pages shall stay dirty is saved before it is reported. */
static gboolean
read_kind (IommudTrackers *self, const IommudKernelAccess *access, IommudTrackerChoice kind,
           gboolean keep, IommudDirtyBits *bits, GError **error)
{
  GPtrArray *trackers = get_trackers (self, kind);

  for (guint i = 0; i < trackers->len; i++)
    {
      IommudTracker *tracker = g_ptr_array_index (trackers, i);
      IommudTrackerRead read = {
        .access = access,
        .runs = get_runs (self),
        .first = bits->iova,
        .last = iommud_dirty_bits_get_last (bits),
        .keep = keep,
        .bits = bits,
        .saved = get_saved (self, kind),
      };

      heal (self, access, tracker);
      if (keep && kind == IOMMUD_TRACKER_CHOICE_DEVICE)
        {
          if (!drain (self, access, tracker, get_runs (self), bits, error))
            return FALSE;
        }
      else if (!iommud_tracker_read (tracker, &read, error))
        return FALSE;
    }
  return TRUE;
}

static void
report_saved (IommudTrackers *self, IommudTrackerChoice kind, gboolean keep, IommudDirtyBits *bits)
{
  IommudDirtyStore *saved = get_saved (self, kind);

  iommud_dirty_store_report (saved, bits);
  if (!keep)
    iommud_dirty_store_remove (saved, bits->iova, iommud_dirty_bits_get_last (bits));
}

void
iommud_trackers_save (IommudTrackers *self, IommudTrackerChoice kind, const IommudDirtyBits *bits)
{
  guint64 last = iommud_dirty_bits_get_last (bits);

  if (kind != IOMMUD_TRACKER_CHOICE_IOMMU)
    iommud_dirty_store_add (self->saved_of_logs, bits, bits->iova, last);
  if (kind != IOMMUD_TRACKER_CHOICE_DEVICE)
    iommud_dirty_store_add (self->saved_of_hwpts, bits, bits->iova, last);
}

gboolean
iommud_trackers_read (IommudTrackers *self, const IommudKernelAccess *access,
                      IommudTrackerChoice kind, gboolean keep, IommudDirtyBits *bits,
                      GError **error)
{
  gboolean logs = kind != IOMMUD_TRACKER_CHOICE_IOMMU;
  gboolean hwpts = kind != IOMMUD_TRACKER_CHOICE_DEVICE;

  if ((logs && !read_kind (self, access, IOMMUD_TRACKER_CHOICE_DEVICE, keep, bits, error))
      || (hwpts && !read_kind (self, access, IOMMUD_TRACKER_CHOICE_IOMMU, keep, bits, error)))
    {
      if (!keep)
        iommud_trackers_save (self, kind, bits);
      return FALSE;
    }
  if (logs)
    report_saved (self, IOMMUD_TRACKER_CHOICE_DEVICE, keep, bits);
  if (hwpts)
    report_saved (self, IOMMUD_TRACKER_CHOICE_IOMMU, keep, bits);
  return TRUE;
}

static gboolean
find (GPtrArray *trackers, int cdev, guint32 hwpt_id, guint *index)
{
  for (guint i = 0; i < trackers->len; i++)
    {
      const IommudTracker *tracker = g_ptr_array_index (trackers, i);

      if (tracker->cdev != cdev || tracker->hwpt_id != hwpt_id)
        continue;
      *index = i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
find_log (const IommudTrackers *self, int cdev, guint *index)
{
  return find (self->logs, cdev, 0, index);
}

static gboolean
find_hwpt (const IommudTrackers *self, guint32 hwpt_id, guint *index)
{
  return find (self->hwpts, -1, hwpt_id, index);
}

gboolean
iommud_trackers_has_log (const IommudTrackers *self, int cdev)
{
  guint index;

  return find_log (self, cdev, &index);
}

gboolean
iommud_trackers_has_hwpt (const IommudTrackers *self, guint32 hwpt_id)
{
  guint index;

  return find_hwpt (self, hwpt_id, &index);
}

/* Takes the tracker. */
static gboolean
add (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *tracker,
     gboolean *added, GError **error)
{
  g_autoptr (GArray) ranges = get_log_ranges (self, get_runs (self));

  *added = iommud_tracker_start (tracker, access, ranges, self->page_size, error);
  if (*added)
    g_ptr_array_add (get_trackers (self, tracker->kind), tracker);
  else
    iommud_tracker_free (tracker);
  return *added;
}

gboolean
iommud_trackers_add_log (IommudTrackers *self, const IommudKernelAccess *access, const char *device,
                         int cdev, gboolean *added, GError **error)
{
  *added = FALSE;
  return !iommud_trackers_is_complete (self) || iommud_trackers_has_log (self, cdev)
         || add (self, access, iommud_tracker_new_log (device, cdev), added, error);
}

/* One that is on is left alone: to switch it on again would forget what it has. */
gboolean
iommud_trackers_add_hwpt (IommudTrackers *self, const IommudKernelAccess *access, guint32 hwpt_id,
                          gboolean *added, GError **error)
{
  *added = FALSE;
  return !iommud_trackers_is_complete (self) || iommud_trackers_has_hwpt (self, hwpt_id)
         || add (self, access, iommud_tracker_new_hwpt (hwpt_id), added, error);
}

static void
drain_or_mark (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *tracker,
               const GArray *runs)
{
  g_autoptr (GError) error = NULL;

  if (!iommud_trackers_is_complete (self))
    return;
  heal (self, access, tracker);
  if (drain (self, access, tracker, runs, NULL, &error))
    return;
  g_message ("%s; all that it covers counts as dirty", error->message);
  iommud_trackers_mark_all (self, tracker->kind);
}

/* One that does not stop goes on, and is read with the others. */
static void
drop (IommudTrackers *self, const IommudKernelAccess *access, GPtrArray *trackers, guint index,
      const GArray *runs)
{
  IommudTracker *tracker = g_ptr_array_index (trackers, index);
  g_autoptr (GError) error = NULL;

  drain_or_mark (self, access, tracker, runs);
  if (iommud_tracker_stop (tracker, access, &error))
    g_ptr_array_remove_index (trackers, index);
  else
    g_message ("%s", error->message);
}

void
iommud_trackers_drop_log (IommudTrackers *self, const IommudKernelAccess *access, int cdev)
{
  guint index;

  if (find_log (self, cdev, &index))
    drop (self, access, self->logs, index, get_runs (self));
}

void
iommud_trackers_leave_log (IommudTrackers *self, const IommudKernelAccess *access, int cdev,
                           gboolean writes_on)
{
  gboolean has_log = iommud_trackers_has_log (self, cdev);

  iommud_trackers_drop_log (self, access, cdev);
  if (has_log && writes_on)
    iommud_trackers_mark_all (self, IOMMUD_TRACKER_CHOICE_DEVICE);
}

void
iommud_trackers_drop_hwpt (IommudTrackers *self, const IommudKernelAccess *access, guint32 hwpt_id)
{
  iommud_trackers_drop_hwpt_of (self, access, hwpt_id, get_runs (self));
}

void
iommud_trackers_drop_hwpt_of (IommudTrackers *self, const IommudKernelAccess *access,
                              guint32 hwpt_id, const GArray *runs)
{
  guint index;

  if (find_hwpt (self, hwpt_id, &index))
    drop (self, access, self->hwpts, index, runs);
}

void
iommud_trackers_forget_log (IommudTrackers *self, int cdev)
{
  guint index;

  if (find_log (self, cdev, &index))
    g_ptr_array_remove_index (self->logs, index);
}

void
iommud_trackers_forget_hwpt (IommudTrackers *self, guint32 hwpt_id)
{
  guint index;

  if (find_hwpt (self, hwpt_id, &index))
    g_ptr_array_remove_index (self->hwpts, index);
}

static gboolean
covers (const GArray *ranges, guint64 first, guint64 last)
{
  for (guint i = 0; ranges != NULL && i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      if (range->first <= first && first <= range->last)
        {
          if (range->last >= last)
            return TRUE;
          first = range->last + 1;
        }
    }
  return FALSE;
}

/* The log's own ranges stay in: a mapping that is half made may be of them. */
static GArray *
get_wider_ranges (const IommudTrackers *self, const IommudTracker *log, guint64 first, guint64 last)
{
  IommudIovaRange range = { .first = first, .last = last };
  const GArray *runs = get_runs (self);
  g_autoptr (GArray) all = iommud_ranges_new ();

  g_array_append_vals (all, runs->data, runs->len);
  g_array_append_val (all, range);
  if (log->ranges != NULL)
    g_array_append_vals (all, log->ranges->data, log->ranges->len);
  return get_log_ranges (self, all);
}

/* A log whose ranges could not be widened runs on with those that it had. */
static void
start_again (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *log,
             const GArray *ranges)
{
  g_autoptr (GError) error = NULL;

  log->blind = !iommud_tracker_start (log, access, ranges, self->page_size, &error);
  if (log->blind)
    g_message ("%s; until it can be started, all that it covers counts as dirty", error->message);
}

static gboolean
widen (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *log, guint64 first,
       guint64 last, GError **error)
{
  g_autoptr (GArray) old = log->ranges != NULL ? g_array_copy (log->ranges) : iommud_ranges_new ();
  g_autoptr (GArray) wider = get_wider_ranges (self, log, first, last);

  if (log->blind)
    iommud_trackers_mark_all (self, log->kind);
  if (log->ranges != NULL)
    {
      if (!iommud_tracker_stop (log, access, error))
        return FALSE;
      iommud_trackers_mark_all (self, log->kind);
    }
  if (iommud_tracker_start (log, access, wider, self->page_size, error))
    {
      log->blind = FALSE;
      return TRUE;
    }
  start_again (self, access, log, old);
  return FALSE;
}

gboolean
iommud_trackers_cover (IommudTrackers *self, const IommudKernelAccess *access, guint64 first,
                       guint64 last, GError **error)
{
  for (guint i = 0; iommud_trackers_is_complete (self) && i < self->logs->len; i++)
    {
      IommudTracker *log = g_ptr_array_index (self->logs, i);

      if (!covers (log->ranges, first, last) && !widen (self, access, log, first, last, error))
        return FALSE;
    }
  return TRUE;
}
