/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of devices that come and leave while tracking is active. */
#include "dirty/trackers-private.h"

#include "dirty/log-ranges.h"

static gboolean
find (GPtrArray *trackers, const char *device, guint32 hwpt_id, guint *index)
{
  for (guint i = 0; i < trackers->len; i++)
    {
      const IommudTracker *tracker = g_ptr_array_index (trackers, i);

      if (g_strcmp0 (tracker->device, device) != 0 || tracker->hwpt_id != hwpt_id)
        continue;
      *index = i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
find_log (const IommudTrackers *self, const char *device, guint *index)
{
  return find (self->logs, device, 0, index);
}

static gboolean
find_hwpt (const IommudTrackers *self, guint32 hwpt_id, guint *index)
{
  return find (self->hwpts, NULL, hwpt_id, index);
}

static gboolean
has_log (const IommudTrackers *self, const char *device)
{
  guint index;

  return find_log (self, device, &index);
}

gboolean
iommud_trackers_has_hwpt (const IommudTrackers *self, guint32 hwpt_id)
{
  guint index;

  return find_hwpt (self, hwpt_id, &index);
}

guint
iommud_trackers_get_n_logs (const IommudTrackers *self)
{
  return self->logs->len;
}

const char *
iommud_trackers_get_device (const IommudTrackers *self, guint log)
{
  return ((const IommudTracker *) g_ptr_array_index (self->logs, log))->device;
}

void
iommud_trackers_set_stand_in (IommudTrackers *self, guint log, guint32 hwpt_id)
{
  ((IommudTracker *) g_ptr_array_index (self->logs, log))->stand_in = hwpt_id;
}

/* Takes the tracker. */
static gboolean
add (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *tracker,
     gboolean *added, GError **error)
{
  g_autoptr (GArray) ranges =
      iommud_log_ranges_new (iommud_trackers_get_runs (self), self->page_size);

  *added = iommud_tracker_start (tracker, access, ranges, self->page_size, error);
  if (*added)
    g_ptr_array_add (iommud_trackers_get_running (self, tracker->kind), tracker);
  else
    iommud_tracker_free (tracker);
  return *added;
}

gboolean
iommud_trackers_add_log (IommudTrackers *self, const IommudKernelAccess *access, const char *device,
                         int cdev, gboolean *added, GError **error)
{
  *added = FALSE;
  return !iommud_trackers_is_complete (self) || has_log (self, device)
         || add (self, access, iommud_tracker_new_log (device, cdev), added, error);
}

/* One that is on stays as it is: switching it on again would forget what it has recorded. */
gboolean
iommud_trackers_add_hwpt (IommudTrackers *self, const IommudKernelAccess *access, guint32 hwpt_id,
                          gboolean *added, GError **error)
{
  *added = FALSE;
  return !iommud_trackers_is_complete (self) || iommud_trackers_has_hwpt (self, hwpt_id)
         || add (self, access, iommud_tracker_new_hwpt (hwpt_id), added, error);
}

gboolean
iommud_trackers_add_guest (IommudTrackers *self, const IommudKernelAccess *access, guint32 hwpt_id,
                           GArray *runs, GError **error)
{
  IommudTracker *tracker;
  gboolean added;

  if (!iommud_trackers_is_complete (self) || iommud_trackers_has_hwpt (self, hwpt_id))
    return TRUE;
  tracker = iommud_tracker_new_hwpt (hwpt_id);
  tracker->runs = g_array_ref (runs);
  return add (self, access, tracker, &added, error);
}

static void
drain_or_mark (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *tracker)
{
  g_autoptr (GError) error = NULL;

  if (!iommud_trackers_is_complete (self))
    return;
  iommud_trackers_heal (self, access, tracker);
  if (iommud_trackers_drain (self, access, tracker, NULL, &error))
    return;
  g_message ("%s; all that it covers counts as dirty", error->message);
  iommud_trackers_mark_kind (self, tracker->kind);
}

/* A tracker that does not stop continues to run, and is read with the others. */
static void
drop (IommudTrackers *self, const IommudKernelAccess *access, GPtrArray *trackers, guint index)
{
  IommudTracker *tracker = g_ptr_array_index (trackers, index);
  g_autoptr (GError) error = NULL;

  drain_or_mark (self, access, tracker);
  if (iommud_tracker_stop (tracker, access, &error))
    g_ptr_array_remove_index (trackers, index);
  else
    g_message ("%s", error->message);
}

void
iommud_trackers_drop_log (IommudTrackers *self, const IommudKernelAccess *access,
                          const char *device)
{
  guint index;

  if (find_log (self, device, &index))
    drop (self, access, self->logs, index);
}

void
iommud_trackers_drop_log_before_close (IommudTrackers *self, const IommudKernelAccess *access,
                                       const char *device, gboolean keeps_writing)
{
  gboolean was_logging = has_log (self, device);

  iommud_trackers_drop_log (self, access, device);
  if (was_logging && keeps_writing)
    iommud_trackers_mark_kind (self, IOMMUD_TRACKER_KIND_DEVICE);
}

void
iommud_trackers_drop_hwpt (IommudTrackers *self, const IommudKernelAccess *access, guint32 hwpt_id)
{
  guint index;

  if (find_hwpt (self, hwpt_id, &index))
    drop (self, access, self->hwpts, index);
}

void
iommud_trackers_forget_log (IommudTrackers *self, const char *device)
{
  guint index;

  if (find_log (self, device, &index))
    g_ptr_array_remove_index (self->logs, index);
}

void
iommud_trackers_forget_hwpt (IommudTrackers *self, guint32 hwpt_id)
{
  guint index;

  if (find_hwpt (self, hwpt_id, &index))
    g_ptr_array_remove_index (self->hwpts, index);
}
