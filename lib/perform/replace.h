/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching a device to one given HWPT; if it is attached already, this replaces its HWPT.
 *
 * Linux 6.12 keeps the translation if a replace fails. But if both HWPTs belong to one IOAS, the
 * kernel drops the device's reserved regions from it: mappings into the device's MSI window then
 * succeed. So the ranges are compared after every replace, and DETACH and ATTACH repair what was
 * lost. */
#pragma once

#include "handle/page-table.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudBinding binding; /* in and out: bound on success, as before on failure; unbound if an
                            attach could not be undone */
  IommudDirtyTrackingPolicy policy;
  guint32 ioas_id;
  guint32 hwpt_id;
  IommudHwptFlags flags;    /* of hwpt_id */
  guint32 old_hwpt_id;      /* 0: not attached */
  gboolean old_is_last;     /* old_hwpt_id is an auto HWPT with no other device */
  gboolean old_is_kernels;  /* the kernel made old_hwpt_id, and frees it with its last device */
  guint32 last_tracked_on;  /* the HWPT that records for this device and no other */
  IommudTrackers *trackers; /* the container's */
  gboolean log_added;       /* the device's log was started */
  gboolean hwpt_added;      /* tracking was switched on in hwpt_id */
  IommudIovaSpace before;   /* out: the ranges before it */
  IommudIovaSpace space;    /* out: the ranges after it; NULL if they could not be read */
  GArray *orphans;          /* in and out: see iommud_page_table_free_orphans() */

  gboolean attached;  /* out: the device is on hwpt_id, even if error is set */
  gboolean detached;  /* out: it is on neither, because a repair failed half-way */
  gboolean old_freed; /* out: the old HWPT was freed */
  guint32 kept_id;    /* out: the HWPT that a repair put the device on; 0 without one */
  GError *error;
} IommudReplacePlan;

IommudReplacePlan *iommud_replace_plan_new (void);
void iommud_replace_plan_free (IommudReplacePlan *self);
void iommud_replace_plan_perform (IommudReplacePlan *self);

G_END_DECLS
