/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a HWPT that was allocated by hand: the kernel's side. For workers. */
#include "perform/free-hwpt.h"

void
iommud_free_hwpt_plan_clear (IommudFreeHwptPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_clear_error (&self->error);
}

void
iommud_free_hwpt_plan_perform (IommudFreeHwptPlan *self)
{
  g_autoptr (GError) error = NULL;

  self->freed = iommud_page_table_free (&self->access, self->hwpt_id, &self->error);
  if (self->freed)
    iommud_trackers_forget_hwpt (self->trackers, self->hwpt_id);
  if (self->freed && !iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &error))
    g_message ("%s", error->message);
}
