/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the dirty pages of a container into one bitmap: the kernel's side. For workers. */
#pragma once

#include "dirty/bitmap.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudTrackers *trackers; /* the container's */
  guint64 iova;
  guint64 length;
  guint64 page_size;
  gboolean no_clear;
  IommudTrackerChoice tracker;

  IommudDirtyBitmap bitmap; /* out, sealed, unless there is an error */
  guint64 dirty_pages;      /* out */
  GError *error;
} IommudReadBitmapPlan;

void iommud_read_bitmap_plan_clear (IommudReadBitmapPlan *self);
void iommud_read_bitmap_plan_perform (IommudReadBitmapPlan *self);

G_END_DECLS
