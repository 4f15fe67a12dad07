/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocating a HWPT by hand: the kernel's side. For workers. */
#include "perform/alloc-hwpt.h"

IommudAllocHwptPlan *
iommud_alloc_hwpt_plan_new (void)
{
  IommudAllocHwptPlan *self = g_new0 (IommudAllocHwptPlan, 1);

  self->binding.cdev = -1;
  self->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
iommud_alloc_hwpt_plan_free (IommudAllocHwptPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_binding_clear (&self->binding);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
allocate (IommudAllocHwptPlan *self)
{
  if (!iommud_page_table_alloc (&self->access, &self->binding, self->ioas_id, self->flags,
                                &self->hwpt_id, &self->error))
    return FALSE;
  if (iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &self->error))
    return TRUE;
  if (!iommud_page_table_free (&self->access, self->hwpt_id, NULL))
    g_array_append_val (self->orphans, self->hwpt_id);
  return FALSE;
}

static gboolean
bind_and_allocate (IommudAllocHwptPlan *self)
{
  gboolean was_bound = iommud_binding_is_bound (&self->binding);

  if (!was_bound && !iommud_binding_bind (&self->binding, &self->access, &self->error))
    return FALSE;
  if (allocate (self))
    return TRUE;
  if (!was_bound)
    iommud_binding_unbind (&self->binding, &self->access);
  return FALSE;
}

void
iommud_alloc_hwpt_plan_perform (IommudAllocHwptPlan *self)
{
  gboolean had_orphans = self->orphans->len > 0;

  iommud_page_table_free_orphans (&self->access, self->orphans, NULL);
  if (bind_and_allocate (self))
    return;
  /* A HWPT that was freed at last gives ranges back, and one that could not be freed takes some. */
  if (had_orphans || self->orphans->len > 0)
    iommud_iova_space_read (&self->space, &self->access, self->ioas_id, NULL);
}
