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

/* A log whose ranges could not be widened continues to run with those that it had. */
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
    iommud_trackers_mark_kind (self, log->kind);
  if (log->ranges != NULL)
    {
      if (!iommud_tracker_stop (log, access, error))
        return FALSE;
      iommud_trackers_mark_kind (self, log->kind);
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

      if (!iommud_log_ranges_cover (log->ranges, first, last)
          && !widen (self, access, log, first, last, error))
        return FALSE;
    }
  return TRUE;
}
