/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the trackers of a container: the kernel's side. For workers. */
#pragma once

#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudTrackers *trackers; /* the container's */
  guint64 page_size;
  GPtrArray *wanted; /* of IommudTracker; those that were started are NULL */
  GError *error;
} IommudStartDirtyTrackingPlan;

void iommud_start_dirty_tracking_plan_clear (IommudStartDirtyTrackingPlan *self);
void iommud_start_dirty_tracking_plan_perform (IommudStartDirtyTrackingPlan *self);

G_END_DECLS
