/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detaching and unbinding a device: DETACH first, then close the cdev, then free its HWPT if it was
 * the last device on it. Dirty pages of the device that were not read are saved on the way. */
#pragma once

#include "handle/page-table.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudBinding binding; /* in: bound; out: unbound, unless DETACH failed */
  guint32 ioas_id;
  gboolean attached;
  gboolean forced;          /* unbind even if DETACH fails: closing the cdev detaches the device */
  guint32 last_on;          /* the auto HWPT on which this device is the last one; 0: none */
  guint32 last_tracked_on;  /* the HWPT that records for this device and no other */
  gboolean unseen_after;    /* its group still translates after DETACH, and no HWPT records what it
                               writes */
  IommudTrackers *trackers; /* the container's */
  IommudIovaSpace space;    /* out; ranges NULL if they could not be read */
  GArray *orphans;          /* in and out: see iommud_page_table_free_orphans() */

  gboolean unbound; /* out: the device is unbound, whatever error says */
  gboolean freed;   /* out: last_on is gone */
  GError *error;
} IommudDetachPlan;

IommudDetachPlan *iommud_detach_plan_new (void);
void iommud_detach_plan_free (IommudDetachPlan *self);
void iommud_detach_plan_perform (IommudDetachPlan *self);

G_END_DECLS
