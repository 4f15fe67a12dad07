/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting a device go: DETACH first, then free the HWPT it was the last one on, then close the
 * cdev. */
#include "iommud-detach.h"

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
  iommud_kernel_call_clear (&self->call);
  iommud_binding_clear (&self->binding);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

/* Closing the cdev detaches a device whose DETACH failed; only then is the HWPT free to go. */
static void
leave (IommudDetachPlan *self)
{
  if (self->attached && !iommud_binding_detach (&self->binding, &self->call, &self->error))
    {
      if (!self->forced)
        return;
      g_message ("%s; closing the device instead", self->error->message);
      g_clear_error (&self->error);
      iommud_binding_unbind (&self->binding, &self->call);
    }
  self->released = TRUE;
}

void
iommud_detach_plan_perform (IommudDetachPlan *self)
{
  g_autoptr (GError) error = NULL;

  leave (self);
  if (!self->released)
    return;
  if (self->last_on != 0)
    self->freed = iommud_page_table_free (&self->call, self->last_on, &self->error);
  iommud_binding_unbind (&self->binding, &self->call);
  iommud_page_table_free_orphans (&self->call, self->orphans);
  /* The device is gone from the container all the same: old ranges are too narrow, not wrong. */
  if (!iommud_iova_space_read (&self->space, &self->call, self->ioas_id, &error))
    g_message ("%s", error->message);
}
