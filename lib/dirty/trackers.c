/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of a container that run, and the bits saved for the next read. */
#include "dirty/trackers-private.h"

#include "dirty/log-ranges.h"

#include "base/ranges.h"

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

const GArray *
iommud_trackers_get_runs (const IommudTrackers *self)
{
  return iommud_mapped_ranges_get_all (self->mapped);
}

IommudDirtyStore *
iommud_trackers_get_saved (IommudTrackers *self, IommudTrackerKind kind)
{
  return kind == IOMMUD_TRACKER_KIND_DEVICE ? self->saved_of_logs : self->saved_of_hwpts;
}

GPtrArray *
iommud_trackers_get_running (IommudTrackers *self, IommudTrackerKind kind)
{
  return kind == IOMMUD_TRACKER_KIND_DEVICE ? self->logs : self->hwpts;
}

/* Trackers that do not stop stay in the array. */
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
start_kind (IommudTrackers *self, const IommudKernelAccess *access, IommudTrackerKind kind,
            GPtrArray *trackers, GError **error)
{
  g_autoptr (GArray) ranges =
      iommud_log_ranges_new (iommud_trackers_get_runs (self), self->page_size);

  for (guint i = 0; i < trackers->len; i++)
    {
      IommudTracker *tracker = g_ptr_array_index (trackers, i);

      if (tracker == NULL || tracker->kind != kind)
        continue;
      if (!iommud_tracker_start (tracker, access, ranges, self->page_size, error))
        return FALSE;
      g_ptr_array_add (iommud_trackers_get_running (self, kind), tracker);
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
  if (start_kind (self, access, IOMMUD_TRACKER_KIND_DEVICE, trackers, error)
      && start_kind (self, access, IOMMUD_TRACKER_KIND_IOMMU, trackers, error))
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
