/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Letting a device go: DETACH first, then close the cdev, then free the HWPT it was the last one
 * on. What it dirtied and nobody has read is saved on the way. */
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
  gboolean forced; /* the device leaves even where DETACH fails: closing the cdev detaches it */
  guint32 last_on; /* the auto HWPT that this device is the last one on; 0: none */
  guint32 last_tracked_on;  /* the HWPT that has no other device that its IOMMU records for */
  gboolean unseen_after;    /* its group goes on translating, and no HWPT records what it writes */
  IommudTrackers *trackers; /* the container's */
  IommudIovaSpace space;    /* out; ranges NULL where they could not be read */
  GArray *orphans;          /* in and out: see iommud_page_table_free_orphans() */

  gboolean released; /* out: the device is let go, whatever error says */
  gboolean freed;    /* out: last_on is gone */
  GError *error;
} IommudDetachPlan;

IommudDetachPlan *iommud_detach_plan_new (void);
void iommud_detach_plan_free (IommudDetachPlan *self);
void iommud_detach_plan_perform (IommudDetachPlan *self);

G_END_DECLS
