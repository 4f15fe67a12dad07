/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which ranges the logs of devices cover. */
#include "dirty/trackers-private.h"

#include "base/ranges.h"
#include "dirty/log-ranges.h"

/* The ranges of the log stay: an unfinished mapping may be in them. */
static GArray *
get_wider_ranges (const IommudTrackers *self, const IommudTracker *log, guint64 first, guint64 last)
{
  IommudIovaRange range = { .first = first, .last = last };
  const GArray *runs = iommud_trackers_get_runs (self);
  g_autoptr (GArray) all = iommud_ranges_new ();

  g_array_append_vals (all, runs->data, runs->len);
  g_array_append_val (all, range);
  if (log->ranges != NULL)
    g_array_append_vals (all, log->ranges->data, log->ranges->len);
  return iommud_log_ranges_new (all, self->page_size);
}

/* A log whose ranges could not be widened continues to run with those that it had. One that did not
 * run stays as it is: if it is blind, it misses what devices write to what is mapped already. */
static void
start_again (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *log,
             const GArray *ranges)
{
  g_autoptr (GError) error = NULL;

  if (ranges->len == 0)
    return;
  log->blind = !iommud_tracker_start (log, access, ranges, self->page_size, &error);
  if (log->blind)
    g_message ("%s; until it can be started, all that it covers counts as dirty", error->message);
}

/* A HWPT that stands in for a log while that is started again. */
typedef struct
{
  IommudTracker *hwpt; /* NULL: there is none */
  gboolean was_on;
} StandIn;

static void
begin_stand_in (IommudTrackers *self, const IommudKernelAccess *access, const IommudTracker *log,
                StandIn *stand_in)
{
  g_autoptr (GError) error = NULL;

  *stand_in = (StandIn){ .was_on = iommud_trackers_has_hwpt (self, log->stand_in) };
  if (log->stand_in == 0)
    return;
  stand_in->hwpt = iommud_tracker_new_hwpt (log->stand_in);
  if (stand_in->was_on || iommud_tracker_start (stand_in->hwpt, access, NULL, 0, &error))
    return;
  g_message ("%s", error->message);
  g_clear_pointer (&stand_in->hwpt, iommud_tracker_free);
}

/* A HWPT that was on records for other devices too, whose pages must stay among those of HWPTs. */
static gboolean
take_from_stand_in (IommudTrackers *self, const IommudKernelAccess *access, StandIn *stand_in)
{
  IommudDirtyStore *taken = iommud_dirty_store_new ();
  IommudTrackerRead read = {
    .access = access,
    .runs = iommud_trackers_get_runs (self),
    .last = G_MAXUINT64,
    .saved = taken,
  };
  gboolean success = iommud_tracker_read (stand_in->hwpt, &read, NULL);
  g_autoptr (GArray) runs = iommud_dirty_store_get_runs (taken);

  iommud_dirty_store_mark_runs (self->saved_of_logs, runs);
  if (stand_in->was_on)
    iommud_dirty_store_mark_runs (self->saved_of_hwpts, runs);
  if (read.lost && stand_in->was_on)
    iommud_trackers_mark_kind (self, IOMMUD_TRACKER_KIND_IOMMU);
  iommud_dirty_store_free (taken);
  return success;
}

/* If it does not stop, it is read with the other HWPTs, and stopped with them. */
static void
end_stand_in (IommudTrackers *self, const IommudKernelAccess *access, StandIn *stand_in,
              gboolean needed)
{
  g_autoptr (GError) error = NULL;

  if (needed && (stand_in->hwpt == NULL || !take_from_stand_in (self, access, stand_in)))
    iommud_trackers_mark_kind (self, IOMMUD_TRACKER_KIND_DEVICE);
  if (stand_in->hwpt == NULL)
    return;
  if (stand_in->was_on || iommud_tracker_stop (stand_in->hwpt, access, &error))
    {
      iommud_tracker_free (stand_in->hwpt);
      return;
    }
  g_message ("%s", error->message);
  g_ptr_array_add (self->hwpts, stand_in->hwpt);
}

/* What cannot be read counts as dirty as a whole. */
static gboolean
read_and_stop (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *log,
               GError **error)
{
  g_autoptr (GError) own = NULL;

  if (!iommud_trackers_drain (self, access, log, NULL, &own))
    {
      g_message ("%s; all that it covers counts as dirty", own->message);
      iommud_trackers_mark_kind (self, log->kind);
    }
  return iommud_tracker_stop (log, access, error);
}

static gboolean
start_wider (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *log,
             guint64 first, guint64 last, GError **error)
{
  g_autoptr (GArray) old = log->ranges != NULL ? g_array_copy (log->ranges) : iommud_ranges_new ();
  g_autoptr (GArray) wider = get_wider_ranges (self, log, first, last);

  if (log->ranges != NULL && !read_and_stop (self, access, log, error))
    return FALSE;
  if (iommud_tracker_start (log, access, wider, self->page_size, error))
    {
      log->blind = FALSE;
      return TRUE;
    }
  start_again (self, access, log, old);
  return FALSE;
}

static gboolean
widen (IommudTrackers *self, const IommudKernelAccess *access, IommudTracker *log, guint64 first,
       guint64 last, GError **error)
{
  gboolean was_running = log->ranges != NULL;
  StandIn stand_in = { 0 };
  gboolean success;

  if (log->blind)
    iommud_trackers_mark_kind (self, log->kind);
  if (was_running)
    begin_stand_in (self, access, log, &stand_in);
  success = start_wider (self, access, log, first, last, error);
  end_stand_in (self, access, &stand_in, was_running);
  return success;
}

gboolean
iommud_trackers_do_cover (const IommudTrackers *self, guint64 first, guint64 last)
{
  for (guint i = 0; iommud_trackers_is_complete (self) && i < self->logs->len; i++)
    if (!iommud_log_ranges_cover (((IommudTracker *) g_ptr_array_index (self->logs, i))->ranges,
                                  first, last))
      return FALSE;
  return TRUE;
}

gboolean
iommud_trackers_cover (IommudTrackers *self, const IommudKernelAccess *access, guint64 first,
                       guint64 last, GError **error)
{
  for (guint i = 0; iommud_trackers_is_complete (self) && i < self->logs->len; i++)
    {
      IommudTracker *log = g_ptr_array_index (self->logs, i);

      if (!iommud_log_ranges_cover (log->ranges, first, last)
          && !widen (self, access, log, first, last, error))
        return FALSE;
    }
  return TRUE;
}
