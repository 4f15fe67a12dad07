/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of a container that run, and the bits saved for the next read.
 *
 * This is the one thing that a worker shares with the model, because bitmaps are too large to copy:
 * the model lends it to the operation that is under way (see model/dirty-tracking.h). Functions
 * that take an IommudKernelAccess make kernel calls and are for workers. All can be called while
 * tracking is off; those that only make sense while it is on do nothing then. */
#pragma once

#include "dirty/mapped-ranges.h"
#include "dirty/tracker.h"

G_BEGIN_DECLS

typedef struct _IommudTrackers IommudTrackers;

IommudTrackers *iommud_trackers_new (void);
void iommud_trackers_free (IommudTrackers *self);

/* Everything in it except what is mapped, to be written down. */
typedef struct
{
  gboolean active;
  gboolean stopping;
  guint64 page_size;
  GPtrArray *trackers;    /* of IommudTracker, logs first; not owned */
  GArray *saved_of_logs;  /* of IommudIovaRange: see iommud_dirty_store_get_runs() */
  GArray *saved_of_hwpts; /* likewise */
} IommudTrackersState;

void iommud_trackers_get_state (const IommudTrackers *self, IommudTrackersState *state);
void iommud_trackers_state_clear (IommudTrackersState *self);
/* For new trackers that know what is mapped: brings them into the state that was written down.
 * Takes the elements of @state->trackers. */
void iommud_trackers_set_state (IommudTrackers *self, const IommudTrackersState *state);

/* Started, and not every tracker has stopped since: something may run. */
gboolean iommud_trackers_is_active (const IommudTrackers *self);
/* Trackers are being started, read and kept up to date; FALSE also after a stop that some tracker
 * refused. */
gboolean iommud_trackers_is_complete (const IommudTrackers *self);
/* What is mapped now; a reference is taken. */
void iommud_trackers_set_mapped (IommudTrackers *self, IommudMappedRanges *mapped);

/* Starts logs first, then HWPTs, all of them or none: @trackers, of IommudTracker, whose elements
 * are taken. If one that was started cannot be stopped again, tracking is active. */
gboolean iommud_trackers_start (IommudTrackers *self, const IommudKernelAccess *access,
                                guint64 page_size, GPtrArray *trackers, GError **error);
/* Stops all that can be stopped, in the order of the start; the first error is reported. */
gboolean iommud_trackers_stop (IommudTrackers *self, const IommudKernelAccess *access,
                               GError **error);
/* Joins what the chosen trackers (AUTO: all) have of @bits' range into it, and what was saved of
 * theirs. On failure everything that was taken is saved. */
gboolean iommud_trackers_read (IommudTrackers *self, const IommudKernelAccess *access,
                               IommudTrackerChoice choice, gboolean keep, IommudDirtyBits *bits,
                               GError **error);
/* The same for a part of @bits, from @first to @last. */
gboolean iommud_trackers_read_part (IommudTrackers *self, const IommudKernelAccess *access,
                                    IommudTrackerChoice choice, gboolean keep,
                                    IommudDirtyBits *bits, guint64 first, guint64 last,
                                    GError **error);
/* Joins what was saved of @bits' range into it, without asking any tracker. */
void iommud_trackers_take_saved (IommudTrackers *self, IommudDirtyBits *bits);
/* Takes back what a read took, if it was not delivered after all. */
void iommud_trackers_save (IommudTrackers *self, IommudTrackerChoice choice,
                           const IommudDirtyBits *bits);

/* For a device that is being attached: its tracker is on before its DMA is. @added
 * says whether it was not on already. A log is known by the name of its @device. */
gboolean iommud_trackers_add_log (IommudTrackers *self, const IommudKernelAccess *access,
                                  const char *device, int cdev, gboolean *added, GError **error);
gboolean iommud_trackers_add_hwpt (IommudTrackers *self, const IommudKernelAccess *access,
                                   guint32 hwpt_id, gboolean *added, GError **error);
/* The same for a HWPT of another IOAS, which devices are on for a while. @runs: what is mapped
 * there. It is never written down. */
gboolean iommud_trackers_add_guest (IommudTrackers *self, const IommudKernelAccess *access,
                                    guint32 hwpt_id, GArray *runs, GError **error);
/* For a device that left: its last bits are saved, then its tracker stops. If they cannot be read,
 * all that the device could write to counts as dirty. If the tracker is not on, nothing happens. */
void iommud_trackers_drop_log (IommudTrackers *self, const IommudKernelAccess *access,
                               const char *device);
/* The same before its file is closed, which ends its log. @keeps_writing: the device can write
 * until then; nothing records that, so all that it covers counts as dirty. */
void iommud_trackers_drop_log_before_close (IommudTrackers *self, const IommudKernelAccess *access,
                                            const char *device, gboolean keeps_writing);
void iommud_trackers_drop_hwpt (IommudTrackers *self, const IommudKernelAccess *access,
                                guint32 hwpt_id);
gboolean iommud_trackers_has_hwpt (const IommudTrackers *self, guint32 hwpt_id);
/* What the chosen trackers may have missed: all that is mapped for writing counts as dirty. */
void iommud_trackers_mark_all (IommudTrackers *self, IommudTrackerChoice choice);
/* For a range that is no longer mapped: what was saved of it is forgotten. */
void iommud_trackers_forget_range (IommudTrackers *self, guint64 first, guint64 last);
/* The kernel object is gone, and with it what it recorded. */
void iommud_trackers_forget_log (IommudTrackers *self, const char *device);
void iommud_trackers_forget_hwpt (IommudTrackers *self, guint32 hwpt_id);

/* The logs that are running: how many, and whose each is. */
guint iommud_trackers_get_n_logs (const IommudTrackers *self);
const char *iommud_trackers_get_device (const IommudTrackers *self, guint log);
/* The HWPT that the device of a log is on, if its IOMMU can record there; 0: it cannot. */
void iommud_trackers_set_stand_in (IommudTrackers *self, guint log, guint32 hwpt_id);
/* Whether all logs cover a range. */
gboolean iommud_trackers_do_cover (const IommudTrackers *self, guint64 first, guint64 last);
/* For mappings: makes every log cover a range, before it is mapped if its IOVA is known, else
 * immediately afterwards. A log that does not cover it is read and started anew. What its device
 * writes meanwhile is recorded by its stand-in; if it has none, everything that is mapped for
 * writing counts as dirty. On failure the range must not stay mapped. */
gboolean iommud_trackers_cover (IommudTrackers *self, const IommudKernelAccess *access,
                                guint64 first, guint64 last, GError **error);

G_END_DECLS
