/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device bound to a context, as the kernel sees it: open cdev, device id, trackers.
 *
 * Everything here makes kernel calls and so runs on a worker, never on the main loop. */
#pragma once

#include "iommud-types.h"
#include "kernel/iommufd.h"
#include "kernel/vfio.h"
#include "probe/probe.h"

G_BEGIN_DECLS

/* Where kernel calls go, and what they are for ("attach 0000:01:00.0 to container \"a\""). */
typedef struct
{
  const IommudSyscalls *syscalls;
  IommudProbe *probe;
  int iommufd;
  char *what;
  char
      *group_holder; /* "0000:01:00.1 in container b": it has the device's group as well; or NULL */
} IommudKernelAccess;

typedef struct
{
  IommudDeviceInfo *info;
  int cdev;          /* -1: not bound */
  guint32 device_id; /* 0: not bound */
  guint64 iommu_capabilities;
  guint32 iommu_type;      /* IOMMU_HW_INFO_TYPE_* */
  guint32 max_pasid_width; /* bits; 0: no PASIDs */
  gboolean dma_logging;
  IommudTrackerChoice tracker; /* what its attach asked for */
} IommudBinding;

void iommud_kernel_access_clear (IommudKernelAccess *self);
void iommud_binding_copy (IommudBinding *self, const IommudBinding *source);
/* Forgets the file; does not close it. */
void iommud_binding_clear (IommudBinding *self);

gboolean iommud_binding_is_bound (const IommudBinding *self);
gboolean iommud_binding_iommu_can_track (const IommudBinding *self);
/* What records the pages that the device dirties, on a HWPT with dirty tracking or on one without.
 * The device's own log sees smaller pages and costs the IOMMU nothing. */
IommudTrackerKind iommud_binding_get_tracker (const IommudBinding *self, gboolean hwpt_tracks);
/* Why the chosen tracker cannot record for the device on any HWPT, given the container's policy;
 * NULL if it can. */
const char *iommud_binding_explain_lacking_tracker (const IommudBinding *self,
                                                    IommudDirtyTrackingPolicy policy,
                                                    IommudTrackerChoice tracker);

/* Opens the cdev, and nothing but this device's. It is not bound yet. */
gboolean iommud_binding_open (IommudBinding *self, const IommudKernelAccess *access,
                              GError **error);
/* Opens the cdev, binds it and asks for its trackers. On failure it is unbound, as before. */
gboolean iommud_binding_bind (IommudBinding *self, const IommudKernelAccess *access,
                              GError **error);
/* Closes the cdev, which is the kernel's only way to unbind; a device still attached is detached.
 */
void iommud_binding_unbind (IommudBinding *self, const IommudKernelAccess *access);
/* One VFIO_DEVICE_ATTACH_IOMMUFD_PT: returns 0 or a positive errno, and sets no GError. */
int iommud_binding_try_attach (IommudBinding *self, const IommudKernelAccess *access,
                               guint32 *pt_id);
/* Turns the errno of a failed attach into an error. */
void iommud_binding_set_attach_error (IommudBinding *self, const IommudKernelAccess *access,
                                      int errnum, GError **error);
gboolean iommud_binding_detach (IommudBinding *self, const IommudKernelAccess *access,
                                GError **error);
/* Whether other devices share the device's IOMMU group, and so its translation. */
gboolean iommud_binding_shares_group (const IommudBinding *self, const IommudKernelAccess *access);

G_END_DECLS
