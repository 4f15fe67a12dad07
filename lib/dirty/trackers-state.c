/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of a container as they are written down, and made again. */
#include "dirty/trackers-private.h"

static void
append_trackers (GPtrArray *all, const GPtrArray *trackers)
{
  for (guint i = 0; i < trackers->len; i++)
    if (((const IommudTracker *) g_ptr_array_index (trackers, i))->runs == NULL)
      g_ptr_array_add (all, g_ptr_array_index (trackers, i));
}

void
iommud_trackers_get_state (const IommudTrackers *self, IommudTrackersState *state)
{
  state->active = self->active;
  state->stopping = self->stopping;
  state->page_size = self->page_size;
  state->trackers = g_ptr_array_new ();
  append_trackers (state->trackers, self->logs);
  append_trackers (state->trackers, self->hwpts);
  state->saved_of_logs = iommud_dirty_store_get_runs (self->saved_of_logs);
  state->saved_of_hwpts = iommud_dirty_store_get_runs (self->saved_of_hwpts);
}

void
iommud_trackers_state_clear (IommudTrackersState *self)
{
  g_clear_pointer (&self->trackers, g_ptr_array_unref);
  g_clear_pointer (&self->saved_of_logs, g_array_unref);
  g_clear_pointer (&self->saved_of_hwpts, g_array_unref);
}

void
iommud_trackers_set_state (IommudTrackers *self, const IommudTrackersState *state)
{
  self->active = state->active;
  self->stopping = state->stopping;
  self->page_size = state->page_size;
  for (guint i = 0; i < state->trackers->len; i++)
    {
      IommudTracker *tracker = g_ptr_array_index (state->trackers, i);

      g_ptr_array_add (iommud_trackers_get_running (self, tracker->kind), tracker);
    }
  /* Not only what is mapped: a failed unmap leaves the dirty pages of its range to be read. */
  iommud_dirty_store_mark_runs (self->saved_of_logs, state->saved_of_logs);
  iommud_dirty_store_mark_runs (self->saved_of_hwpts, state->saved_of_hwpts);
}
