/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One tracker that records dirty pages: the log of a device, or a HWPT. Kernel calls: for workers
 * only.
 *
 * Trackers may record in larger pages than a reader asks for: a log in its page size, an IOMMU in
 * the huge pages of its table. Reading a part of such a page makes the tracker forget all of it, so
 * whole pages are read, and what the reader did not ask for is saved. */
#pragma once

#include "handle/binding.h"
#include "dirty/store.h"

G_BEGIN_DECLS

typedef struct
{
  IommudTrackerKind kind; /* DEVICE (a log) or IOMMU (a HWPT) */
  char *name;             /* "the log of 0000:01:00.0", "HWPT 3" */
  char *device;           /* of a log: what it is known by; else NULL */
  int cdev;               /* of a log; its device has it open */
  guint32 hwpt_id;
  guint64 page_size; /* of a log: what it records in, as it was last started; 0: it never was */
  GArray *ranges;    /* of IommudIovaRange: what a log covers; NULL if it does not run */
  guint32 stand_in;  /* of a log: a HWPT that records what its device writes while it does not run,
                        if it is switched on; 0: there is none */
  GArray *runs;      /* of a HWPT of another IOAS: what is mapped there; else NULL */
  gboolean blind;    /* it should run and does not: what it misses is not known */
} IommudTracker;

/* A read of some tracker. */
typedef struct
{
  const IommudKernelAccess *access;
  const GArray *runs; /* of IommudIovaRange: adjacent mappings, sorted */
  guint64 first;      /* what is read, both inside */
  guint64 last;
  gboolean keep;           /* HWPTs only: the pages stay dirty. A log always forgets */
  IommudDirtyBits *bits;   /* where to; NULL: all of it is saved */
  IommudDirtyStore *saved; /* for what is taken and not in @bits */
  gboolean blinded;        /* out: there was no memory for an answer, so not all was asked for */
  gboolean lost;           /* out: the kernel may have taken what is not in its answer */
} IommudTrackerRead;

IommudTracker *iommud_tracker_new_log (const char *device, int cdev);
IommudTracker *iommud_tracker_new_hwpt (guint32 hwpt_id);
void iommud_tracker_free (IommudTracker *self);

/* A log is started for @ranges, and for more if the device can; a HWPT does not use them. Without
 * ranges a log is not started: nothing is mapped, so the device cannot write. A blind log, which
 * may run, is stopped then. */
gboolean iommud_tracker_start (IommudTracker *self, const IommudKernelAccess *access,
                               const GArray *ranges, guint64 page_size, GError **error);
gboolean iommud_tracker_stop (IommudTracker *self, const IommudKernelAccess *access,
                              GError **error);
gboolean iommud_tracker_read (IommudTracker *self, IommudTrackerRead *read, GError **error);

G_END_DECLS
