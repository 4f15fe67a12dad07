/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping the trackers of a container: the kernel's side. For workers. */
#pragma once

#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudTrackers *trackers; /* the container's */
  GError *error;
} IommudStopDirtyTrackingPlan;

void iommud_stop_dirty_tracking_plan_clear (IommudStopDirtyTrackingPlan *self);
void iommud_stop_dirty_tracking_plan_perform (IommudStopDirtyTrackingPlan *self);

G_END_DECLS
