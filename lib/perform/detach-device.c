/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detaching and unbinding a device: DETACH first, then close the cdev, then free its HWPT if it was
 * the last device on it. */
#include "perform/detach-device.h"

#include "perform/unbind.h"

IommudDetachPlan *
iommud_detach_plan_new (void)
{
  IommudDetachPlan *self = g_new0 (IommudDetachPlan, 1);

  self->binding.cdev = -1;
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_detach_plan_free (IommudDetachPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_binding_clear (&self->binding);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

/* Closing the cdev detaches a device whose DETACH failed; only then can the HWPT be freed. */
static void
detach_and_unbind (IommudDetachPlan *self)
{
  gboolean detached =
      !self->attached || iommud_binding_detach (&self->binding, &self->access, &self->error);

  if (!detached)
    {
      if (!self->forced)
        return;
      g_message ("%s; closing the device instead", self->error->message);
      g_clear_error (&self->error);
    }
  iommud_trackers_drop_log_before_close (self->trackers, &self->access, self->binding.info->name,
                                         !detached || self->unseen_after);
  iommud_unbind_and_forget_log (&self->binding, &self->access, self->trackers);
  self->unbound = TRUE;
}

static void
free_hwpt (IommudDetachPlan *self)
{
  if (self->last_tracked_on != 0)
    iommud_trackers_drop_hwpt (self->trackers, &self->access, self->last_tracked_on);
  if (self->last_on == 0)
    return;
  self->freed = iommud_page_table_free (&self->access, self->last_on, &self->error);
  if (self->freed)
    iommud_trackers_forget_hwpt (self->trackers, self->last_on);
}

void
iommud_detach_plan_perform (IommudDetachPlan *self)
{
  g_autoptr (GError) error = NULL;

  detach_and_unbind (self);
  if (!self->unbound)
    return;
  free_hwpt (self);
  iommud_page_table_free_orphans (&self->access, self->orphans, NULL);
  /* The device has left the container in any case: the old ranges are too narrow, but not wrong. */
  if (!iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &error))
    g_message ("%s", error->message);
}
