/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations change in a container. */
#pragma once

#include "iommud-container.h"
#include "model/context.h"
#include "iommud-host.h"
#include "model/dirty-tracking.h"
#include "model/memory.h"

G_BEGIN_DECLS

struct _IommudContainerOptions
{
  GObject parent_instance;

  char *name;
  guint owner;
  IommudDirtyTrackingPolicy dirty_tracking;
  IommudAccounting accounting;
  gboolean accounting_set; /* else that of the shared context */
  gboolean huge_pages;
  IommudContainer *share_context;
  IommudLease *lease;
};

IommudContainer *iommud_container_new (IommudHost *host, IommudContext *context,
                                       const IommudContainerRecord *record,
                                       const IommudIovaSpace *space);
void iommud_container_fill_record (IommudContainer *self, IommudContainerRecord *record);
IommudHost *iommud_container_get_host (IommudContainer *self);
IommudContext *iommud_container_get_context (IommudContainer *self);
guint32 iommud_container_get_ioas_id (IommudContainer *self);

/* The lease that it was made under; NULL: none. */
IommudLease *iommud_container_get_lease (IommudContainer *self);
void iommud_container_set_lease (IommudContainer *self, IommudLease *lease);
/* Its context is shared now. */
void iommud_container_notify_shared (IommudContainer *self);

/* Freed: calls on an object that is still held give NOT_FOUND from here on. */
gboolean iommud_container_check_alive (IommudContainer *self, const char *what, GError **error);
void iommud_container_set_freed (IommudContainer *self);
/* When the host ends, or lists the container no more. */
void iommud_container_forget_host (IommudContainer *self);
/* Fails if the container has as many devices or HWPTs as it may have. */
gboolean iommud_container_check_room (IommudContainer *self, const char *what, GError **error);
/* Fails if it has as many devices as it may have and @device is none of them. */
gboolean iommud_container_check_device_room (IommudContainer *self, IommudDevice *device,
                                             const char *what, GError **error);

IommudAccounting iommud_container_get_accounting (IommudContainer *self);
/* As the kernel says. */
void iommud_container_set_accounting (IommudContainer *self, IommudAccounting accounting);
/* HWPT ids that the kernel would not free while an operation was undone: arrays of guint32. */
void iommud_container_copy_orphans (IommudContainer *self, GArray *orphans);
void iommud_container_set_orphans (IommudContainer *self, GArray *orphans);

/* How often a HWPT of one IOMMU instance has refused a device of another. */
guint iommud_container_get_n_refusals (IommudContainer *self);
void iommud_container_count_refusal (IommudContainer *self);
IommudHwpt *iommud_container_find_hwpt (IommudContainer *self, guint32 hwpt_id);

/* The device is bound, and is listed if it was not already. */
void iommud_container_add_device (IommudContainer *self, IommudDevice *device,
                                  const IommudBinding *binding);
/* Makes a HWPT whose first device is @device (or NULL), complete before it is listed. */
IommudHwpt *iommud_container_add_hwpt (IommudContainer *self, guint32 hwpt_id,
                                       IommudHwptManagement management, IommudHwptFlags flags,
                                       const char *iommu, IommudDevice *device);
/* One that was written down; its devices are attached later. */
void iommud_container_adopt_hwpt (IommudContainer *self, const IommudHwptRecord *record);
void iommud_container_remove_hwpt (IommudContainer *self, IommudHwpt *hwpt);
/* What is written down of a HWPT has changed, or it has come or gone. */
void iommud_container_note_hwpt (IommudContainer *self, IommudHwpt *hwpt);
/* Those that were noted since this was called last, of which some may be gone; owned. */
GPtrArray *iommud_container_take_changed_hwpts (IommudContainer *self);
/* Puts the device on a HWPT (NULL for an mdev), or moves it from another one. */
void iommud_container_attach (IommudContainer *self, IommudDevice *device, IommudHwpt *hwpt);
/* Binds the device and puts it on a HWPT (NULL for an mdev), or moves it from another one. */
void iommud_container_add_attached_device (IommudContainer *self, IommudDevice *device,
                                           const IommudBinding *binding, IommudHwpt *hwpt);
/* Takes the device off its HWPT; it stays bound. A HWPT that the kernel made is freed with its last
 * device. */
void iommud_container_detach (IommudContainer *self, IommudDevice *device);
/* Takes the device off its HWPT and out of the container. */
void iommud_container_remove_device (IommudContainer *self, IommudDevice *device);

/* Its trackers, which know what is mapped now if tracking is active. */
IommudTrackers *iommud_container_lend_trackers (IommudContainer *self);

G_END_DECLS
