/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving an attached device another tracker: the kernel's side. For workers. */
#pragma once

#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudBinding binding;    /* asks for the new tracker */
  IommudTrackerKind before; /* what records for the device now */
  IommudTrackerKind after;
  guint32 hwpt_id;          /* that it is on; 0: none that we know */
  gboolean last_on_hwpt;    /* no other device needs the HWPT to record */
  IommudTrackers *trackers; /* the container's */
  GError *error;            /* out: nothing has changed */
} IommudSetTrackerPlan;

void iommud_set_tracker_plan_clear (IommudSetTrackerPlan *self);
void iommud_set_tracker_plan_perform (IommudSetTrackerPlan *self);

G_END_DECLS
