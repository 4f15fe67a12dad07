/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving an attached device another tracker: the kernel's side. For workers. */
#include "perform/set-tracker.h"

void
iommud_set_tracker_plan_clear (IommudSetTrackerPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_binding_clear (&self->binding);
  g_clear_error (&self->error);
}

static gboolean
start_new (IommudSetTrackerPlan *self)
{
  gboolean added;

  if (self->after == IOMMUD_TRACKER_KIND_DEVICE)
    return iommud_trackers_add_log (self->trackers, &self->access, self->binding.info->name,
                                    self->binding.cdev, &added, &self->error);
  return self->after != IOMMUD_TRACKER_KIND_IOMMU
         || iommud_trackers_add_hwpt (self->trackers, &self->access, self->hwpt_id, &added,
                                      &self->error);
}

/* One that does not stop records on, and is read with the others. */
static void
drop_old (IommudSetTrackerPlan *self)
{
  if (self->before == IOMMUD_TRACKER_KIND_DEVICE)
    iommud_trackers_drop_log (self->trackers, &self->access, self->binding.info->name);
  else if (self->before == IOMMUD_TRACKER_KIND_IOMMU && self->last_on_hwpt)
    iommud_trackers_drop_hwpt (self->trackers, &self->access, self->hwpt_id);
}

/* The new one records before the old one is read for the last time: no write is missed. */
void
iommud_set_tracker_plan_perform (IommudSetTrackerPlan *self)
{
  if (self->before != self->after && start_new (self))
    drop_old (self);
}
