/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations change in the dirty tracking of a container. */
#pragma once

#include "dirty/trackers.h"
#include "iommud-dirty-tracking.h"

G_BEGIN_DECLS

/* How a device counts for the coverage of its container. */
typedef struct
{
  gboolean attached;
  gboolean covered; /* attached, and some tracker records what it dirties */
  char *blocker;    /* why it is not covered; NULL if it is, or is not attached */
} IommudDeviceCoverage;

/* @devices: those of the container; blockers are listed in their order. */
IommudDirtyTracking *iommud_dirty_tracking_new (IommudContainer *container,
                                                IommudDirtyTrackingPolicy policy,
                                                GListModel *devices);
IommudDirtyTrackingPolicy iommud_dirty_tracking_get_policy (IommudDirtyTracking *self);
IommudDirtyTrackingCoverage iommud_dirty_tracking_get_coverage (IommudDirtyTracking *self);

/* Says how @device, an object of the list, counts from now on. @coverage is taken. */
void iommud_dirty_tracking_set_device (IommudDirtyTracking *self, gpointer device,
                                       IommudDeviceCoverage *coverage);

/* The trackers, lent to the operation that is under way, for its worker: from the end of its plan
 * until its publish returns them. Operations of a context never overlap, so only one can have them;
 * that is asserted. @mapped (or NULL) is what is mapped now. */
IommudTrackers *iommud_dirty_tracking_lend (IommudDirtyTracking *self, IommudMappedRanges *mapped);
void iommud_dirty_tracking_return (IommudDirtyTracking *self);
/* For plans, which only look at the trackers. They must not be lent at that time. */
const IommudTrackers *iommud_dirty_tracking_peek (IommudDirtyTracking *self);
/* Fails if tracking is not active. */
gboolean iommud_dirty_tracking_check_active (IommudDirtyTracking *self, const char *what,
                                             GError **error);

G_END_DECLS
