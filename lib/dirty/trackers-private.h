/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the trackers of a container consist of, for the files that start, read and change them. */
#pragma once

#include "dirty/trackers.h"

G_BEGIN_DECLS

struct _IommudTrackers
{
  gboolean active;
  gboolean stopping; /* some tracker did not stop */
  guint64 page_size; /* what logs are asked to record in */
  GPtrArray *logs;   /* of IommudTracker */
  GPtrArray *hwpts;
  IommudMappedRanges *mapped;
  /* Separate, so that a read of one kind does not deliver, and then forget, what the other
   * recorded. */
  IommudDirtyStore *saved_of_logs;
  IommudDirtyStore *saved_of_hwpts;
};

/* Of IommudIovaRange: what is mapped now, adjacent mappings joined. */
const GArray *iommud_trackers_get_runs (const IommudTrackers *self);
/* The trackers of a kind, and the bits that were saved from them. */
GPtrArray *iommud_trackers_get_running (IommudTrackers *self, IommudTrackerKind kind);
IommudDirtyStore *iommud_trackers_get_saved (IommudTrackers *self, IommudTrackerKind kind);

/* Marks what trackers of a kind may have missed: everything that is mapped for writing counts as
 * dirty. */
void iommud_trackers_mark_kind (IommudTrackers *self, IommudTrackerKind kind);
/* Saves everything that a tracker has recorded, or only what lies in @range. */
gboolean iommud_trackers_drain (IommudTrackers *self, const IommudKernelAccess *access,
                                IommudTracker *tracker, const IommudIovaRange *range,
                                GError **error);
/* Starts a tracker that should run and does not. */
void iommud_trackers_heal (IommudTrackers *self, const IommudKernelAccess *access,
                           IommudTracker *tracker);

G_END_DECLS
