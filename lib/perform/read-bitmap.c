/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the dirty pages of a container into one bitmap: the kernel's side. For workers. */
#include "perform/read-bitmap.h"

void
iommud_read_bitmap_plan_clear (IommudReadBitmapPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  iommud_dirty_bitmap_clear (&self->bitmap);
  g_clear_error (&self->error);
}

/* The next read gets what was taken for this one. */
static void
take_back (IommudReadBitmapPlan *self)
{
  if (self->no_clear)
    return;
  if (self->bitmap.bits.words != NULL)
    iommud_trackers_save (self->trackers, self->tracker, &self->bitmap.bits);
  else
    iommud_trackers_mark_all (self->trackers, self->tracker);
}

void
iommud_read_bitmap_plan_perform (IommudReadBitmapPlan *self)
{
  if (!iommud_dirty_bitmap_open (&self->bitmap, self->iova, self->length, self->page_size,
                                 self->access.what, &self->error)
      || !iommud_trackers_read (self->trackers, &self->access, self->tracker, self->no_clear,
                                &self->bitmap.bits, &self->error))
    return;
  if (!iommud_dirty_bitmap_seal (&self->bitmap, &self->dirty_pages, self->access.what,
                                 &self->error))
    take_back (self);
}
