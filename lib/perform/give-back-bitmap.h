/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saving the dirty pages of a bitmap that did not reach its reader. For workers. */
#pragma once

#include "dirty/bitmap.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudTrackers *trackers; /* the container's */
  IommudTrackerChoice tracker;
  IommudDirtyBitmap bitmap; /* sealed, not mapped */
} IommudGiveBackBitmapPlan;

void iommud_give_back_bitmap_plan_clear (IommudGiveBackBitmapPlan *self);
void iommud_give_back_bitmap_plan_perform (IommudGiveBackBitmapPlan *self);

G_END_DECLS
