/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a HWPT that was allocated by hand: the kernel's side. For workers. */
#pragma once

#include "dirty/trackers.h"
#include "handle/page-table.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  guint32 ioas_id;
  guint32 hwpt_id;
  IommudTrackers *trackers; /* the container's */

  gboolean freed;        /* out */
  IommudIovaSpace space; /* out; ranges NULL if they could not be read */
  GError *error;
} IommudFreeHwptPlan;

void iommud_free_hwpt_plan_clear (IommudFreeHwptPlan *self);
void iommud_free_hwpt_plan_perform (IommudFreeHwptPlan *self);

G_END_DECLS
