/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of a container that run, and the bits saved for the next read.
 *
 * Belongs to the operation of the container's context that is under way, and to no other: its plan
 * and publish touch it on the main loop, its perform on the worker. Functions that take a kernel
 * call are for workers. What does nothing while tracking is off needs no question before. */
#pragma once

#include "iommud-tracker.h"

G_BEGIN_DECLS

typedef struct _IommudTracking IommudTracking;

IommudTracking *iommud_tracking_new (void);
void iommud_tracking_free (IommudTracking *self);

/* Started, and not every tracker has stopped since: something may run. */
gboolean iommud_tracking_is_active (const IommudTracking *self);
/* Trackers are being started, read and kept up to date; FALSE also where a stop was begun and some
 * tracker would not. */
gboolean iommud_tracking_is_complete (const IommudTracking *self);
/* For plans: what is mapped (IommudIovaRange; adjacent mappings are one), and what of it is mapped
 * for writing. Both are taken. */
void iommud_tracking_set_mapped (IommudTracking *self, GArray *runs, GArray *writable);

/* Starts logs first, then HWPTs, all of them or none: @trackers, of IommudTrackerState, whose
 * elements are taken. Should one that was started resist the undo, tracking is active. */
gboolean iommud_tracking_start (IommudTracking *self, const IommudKernelCall *call,
                                guint64 page_size, GPtrArray *trackers, GError **error);
/* Stops all that can be stopped, in the order of the start; the first error is reported. */
gboolean iommud_tracking_stop (IommudTracking *self, const IommudKernelCall *call, GError **error);
/* Joins what the trackers of @kind (AUTO: all) have of @bits' range into it, and what was saved of
 * theirs. On failure everything that was taken is saved. */
gboolean iommud_tracking_read (IommudTracking *self, const IommudKernelCall *call,
                               IommudTracker kind, gboolean keep, IommudDirtyBits *bits,
                               GError **error);
/* Takes back a read that was not delivered after all. */
void iommud_tracking_save (IommudTracking *self, IommudTracker kind, const IommudDirtyBits *bits);

/* For a device that comes: its tracker is on before its DMA is. @device: its name; @added says
 * whether it was not on already. */
gboolean iommud_tracking_add_log (IommudTracking *self, const IommudKernelCall *call,
                                  const char *device, int cdev, gboolean *added, GError **error);
gboolean iommud_tracking_add_hwpt (IommudTracking *self, const IommudKernelCall *call,
                                   guint32 hwpt_id, gboolean *added, GError **error);
/* For a device that left: its last bits are saved, then its tracker stops. Where they cannot be
 * read, all that it could write to counts as dirty. Where it is not on, nothing happens. */
void iommud_tracking_drop_log (IommudTracking *self, const IommudKernelCall *call, int cdev);
/* The same before its file is closed, with which a log goes. @writes_on: the device can write until
 * then, which nobody records, so that all it covers counts as dirty. */
void iommud_tracking_leave_log (IommudTracking *self, const IommudKernelCall *call, int cdev,
                                gboolean writes_on);
void iommud_tracking_drop_hwpt (IommudTracking *self, const IommudKernelCall *call,
                                guint32 hwpt_id);
/* The same of a HWPT of another IOAS, with what is mapped there. */
void iommud_tracking_drop_hwpt_of (IommudTracking *self, const IommudKernelCall *call,
                                   guint32 hwpt_id, const GArray *runs);
gboolean iommud_tracking_has_log (const IommudTracking *self, int cdev);
gboolean iommud_tracking_has_hwpt (const IommudTracking *self, guint32 hwpt_id);
/* What trackers of @kind may have missed: all that is mapped for writing counts as dirty. */
void iommud_tracking_mark_all (IommudTracking *self, IommudTracker kind);
/* What is saved of a range that is not mapped any more goes with the mapping. */
void iommud_tracking_forget_range (IommudTracking *self, guint64 first, guint64 last);
/* The kernel object is gone, and with it what it recorded. */
void iommud_tracking_forget_log (IommudTracking *self, int cdev);
void iommud_tracking_forget_hwpt (IommudTracking *self, guint32 hwpt_id);

/* For mappings: makes every log cover a range, before it is mapped where that can be, and else at
 * once after it was. A log that does not is started anew; what it misses meanwhile counts as dirty.
 * On failure the range must not stay mapped. */
gboolean iommud_tracking_cover (IommudTracking *self, const IommudKernelCall *call, guint64 first,
                                guint64 last, GError **error);

G_END_DECLS
