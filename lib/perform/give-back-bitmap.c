/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saving the dirty pages of a bitmap that did not reach its reader. For workers. */
#include "perform/give-back-bitmap.h"

void
iommud_give_back_bitmap_plan_clear (IommudGiveBackBitmapPlan *self)
{
  iommud_dirty_bitmap_clear (&self->bitmap);
}

/* If the bitmap cannot be looked at, everything that is mapped for writing counts as dirty. */
void
iommud_give_back_bitmap_plan_perform (IommudGiveBackBitmapPlan *self)
{
  if (iommud_dirty_bitmap_look (&self->bitmap))
    iommud_trackers_save (self->trackers, self->tracker, &self->bitmap.bits);
  else
    iommud_trackers_mark_all (self->trackers, self->tracker);
}
