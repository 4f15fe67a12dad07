/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model changes in a device. */
#pragma once

#include "handle/binding.h"
#include "model/dirty-tracking.h"
#include "iommud-device.h"
#include "iommud-host.h"

G_BEGIN_DECLS

IommudDevice *iommud_device_new (IommudHost *host, IommudDeviceInfo *info);
IommudHost *iommud_device_get_host (IommudDevice *self);
/* When the host ends, or lists the device no more. */
void iommud_device_forget_host (IommudDevice *self);
IommudDeviceInfo *iommud_device_get_info (IommudDevice *self);
void iommud_device_set_info (IommudDevice *self, IommudDeviceInfo *info);
const IommudBinding *iommud_device_get_binding (IommudDevice *self);
gboolean iommud_device_is_attached (IommudDevice *self);
/* What can record the pages that the device dirties, on the HWPT that it is on or on one that its
 * container would give it. */
IommudTrackerKind iommud_device_get_tracker (IommudDevice *self);
/* How the device counts for a container with that policy. */
void iommud_device_get_coverage (IommudDevice *self, IommudDirtyTrackingPolicy policy,
                                 IommudDeviceCoverage *coverage);

gboolean iommud_device_check_present (IommudDevice *self, const char *what, GError **error);

/* One operation at a time: a second one gets BUSY. @what, for the error: "attach a to b". */
gboolean iommud_device_claim (IommudDevice *self, const char *what, GError **error);
/* Also claims a device that is gone, so that it can be detached. FALSE if it is claimed already. */
gboolean iommud_device_claim_gone (IommudDevice *self);
void iommud_device_end_claim (IommudDevice *self);

/* Called once a device that is gone is no longer claimed: it can leave the model then. */
void iommud_device_set_gone_handler (IommudDevice *self, void (*handler) (IommudDevice *self));
/* It has left the machine; it stays in the model until it is detached. */
void iommud_device_set_gone (IommudDevice *self);
gboolean iommud_device_is_gone (IommudDevice *self);
/* A device that appeared in this one's place before this one had left the model. */
void iommud_device_set_successor (IommudDevice *self, IommudDeviceInfo *info);
IommudDeviceInfo *iommud_device_get_successor (IommudDevice *self);

/* NULL container: unbound. */
void iommud_device_set_bound (IommudDevice *self, IommudContainer *container,
                              const IommudBinding *binding);
void iommud_device_put_tracker (IommudDevice *self, IommudTrackerChoice tracker);
/* The lease that it belongs to, because it was handed out or is bound to a container of the lease;
 * NULL: none. @handed_out: its lease's client has got a file of it. */
void iommud_device_set_lease (IommudDevice *self, IommudLease *lease, gboolean handed_out);
IommudLease *iommud_device_get_lease (IommudDevice *self);
gboolean iommud_device_is_handed_out (IommudDevice *self);
/* Until an operation has given it to a lease, or has failed to: no other can have it or a sibling
 * meanwhile. NULL: none. */
void iommud_device_set_wanted_by (IommudDevice *self, IommudLease *lease);
/* The lease that it belongs to or is about to; NULL: none. */
IommudLease *iommud_device_get_future_lease (IommudDevice *self);
gboolean iommud_device_is_claimed (IommudDevice *self);

/* @hwpt is NULL for an mdev, which attaches to the IOAS. */
void iommud_device_set_attached (IommudDevice *self, gboolean attached, IommudHwpt *hwpt);

G_END_DECLS
