/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping the trackers of a container: the kernel's side. For workers. */
#include "perform/stop-dirty-tracking.h"

void
iommud_stop_dirty_tracking_plan_clear (IommudStopDirtyTrackingPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  g_clear_error (&self->error);
}

void
iommud_stop_dirty_tracking_plan_perform (IommudStopDirtyTrackingPlan *self)
{
  iommud_trackers_stop (self->trackers, &self->access, &self->error);
}
