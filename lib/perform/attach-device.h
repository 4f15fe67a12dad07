/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The attach logic: which HWPT a device goes to, and how every step is undone.
 *
 * A plan is filled on the main loop from the model, performed on a worker by kernel calls, and read
 * back on the main loop. Nothing in it points into the model. */
#pragma once

#include "handle/page-table.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 hwpt_id;
  IommudHwptFlags flags;
  gboolean foreign; /* made for a device of another IOMMU instance */
  gboolean refused; /* out: answered EINVAL; not to be tried for this IOMMU instance again */
} IommudAttachCandidate;

typedef struct
{
  IommudKernelAccess access;
  IommudBinding binding; /* in and out: bound on success, as before on failure; unbound if an
                            attach could not be undone */
  guint32 ioas_id;
  IommudAttachMode mode;
  IommudTrackerChoice tracker;
  IommudDirtyTrackingPolicy policy;
  IommudIovaSpace space; /* out: the container's ranges after it; NULL if they have not changed */
  GArray *orphans;       /* in and out: see iommud_page_table_free_orphans() */
  IommudTrackers *trackers; /* the container's */

  /* Candidates in the order in which to try them. If the group has a translation already, that is
   * the only candidate, regardless of its flags. */
  GArray *candidates; /* of IommudAttachCandidate */
  gboolean group_is_attached;
  guint max_foreign; /* foreign candidates to try at most */

  /* Results. */
  guint32 pt_id;         /* the HWPT, or for an mdev the IOAS, that translates now */
  gboolean allocated;    /* pt_id is a HWPT that this plan made */
  IommudHwptFlags flags; /* of that HWPT */
  gboolean log_added;    /* the device's log was started */
  gboolean hwpt_added;   /* tracking was switched on in pt_id */
  GError *error;
} IommudAttachPlan;

IommudAttachPlan *iommud_attach_plan_new (void);
void iommud_attach_plan_free (IommudAttachPlan *self);
void iommud_attach_plan_add_candidate (IommudAttachPlan *self, guint32 hwpt_id,
                                       IommudHwptFlags flags, gboolean foreign);
void iommud_attach_plan_perform (IommudAttachPlan *self);

G_END_DECLS
