/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the trackers of a container: the kernel's side. For workers. */
#include "perform/start-dirty-tracking.h"

void
iommud_start_dirty_tracking_plan_clear (IommudStartDirtyTrackingPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  g_clear_pointer (&self->wanted, g_ptr_array_unref);
  g_clear_error (&self->error);
}

void
iommud_start_dirty_tracking_plan_perform (IommudStartDirtyTrackingPlan *self)
{
  iommud_trackers_start (self->trackers, &self->access, self->page_size, self->wanted,
                         &self->error);
}
