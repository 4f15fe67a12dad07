/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations change in a container. */
#pragma once

#include "iommud-container.h"
#include "model/context.h"
#include "iommud-host.h"
#include "memory/mapping-table.h"
#include "handle/page-table.h"
#include "dirty/trackers.h"

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
};

IommudContainer *iommud_container_new (IommudHost *host, IommudContext *context, guint64 serial,
                                       const IommudContainerOptions *options, guint32 ioas_id,
                                       const IommudIovaSpace *space);
IommudHost *iommud_container_get_host (IommudContainer *self);
IommudContext *iommud_container_get_context (IommudContainer *self);
guint32 iommud_container_get_ioas_id (IommudContainer *self);
IommudDirtyTrackingPolicy iommud_container_get_policy (IommudContainer *self);

/* Freed: whoever still holds the object gets NOT_FOUND from here on. */
gboolean iommud_container_check_alive (IommudContainer *self, const char *what, GError **error);
/* The device is nobody's, or this container's already. */
gboolean iommud_container_check_may_hold (IommudContainer *self, IommudDevice *device,
                                          const char *what, GError **error);
/* Claims a device for an operation of this container; where that cannot be, @task ends with the
 * error. */
gboolean iommud_container_claim_device (IommudContainer *self, IommudDevice *device,
                                        const char *what, GTask *task);
void iommud_container_set_freed (IommudContainer *self);

/* Fills the part of a plan that says where kernel calls go. @what is taken. @device, or NULL, is
 * the one that the calls are about: errors name who holds its group. */
void iommud_container_fill_call (IommudContainer *self, IommudKernelAccess *access, char *what,
                                 IommudDevice *device);

IommudAccounting iommud_container_get_accounting (IommudContainer *self);
/* HWPT ids that the kernel would not free while an operation was undone: arrays of guint32. */
void iommud_container_copy_orphans (IommudContainer *self, GArray *orphans);
void iommud_container_set_orphans (IommudContainer *self, GArray *orphans);

/* A space without ranges leaves the container's as they are. */
void iommud_container_set_space (IommudContainer *self, const IommudIovaSpace *space);
/* How often a HWPT of one IOMMU instance has refused a device of another. */
guint iommud_container_get_n_refusals (IommudContainer *self);
void iommud_container_count_refusal (IommudContainer *self);
const IommudIovaSpace *iommud_container_get_space (IommudContainer *self);
IommudHwpt *iommud_container_find_hwpt (IommudContainer *self, guint32 hwpt_id);

/* The device is bound, and listed, or was already. */
void iommud_container_add_device (IommudContainer *self, IommudDevice *device,
                                  const IommudBinding *binding);
/* Makes a HWPT whose first device is @device (or NULL), complete before it is listed. */
IommudHwpt *iommud_container_add_hwpt (IommudContainer *self, guint32 hwpt_id,
                                       IommudHwptManagement management, IommudHwptFlags flags,
                                       const char *iommu, IommudDevice *device);
void iommud_container_remove_hwpt (IommudContainer *self, IommudHwpt *hwpt);
/* Puts the device on a HWPT (NULL for an mdev), or from one to another. */
void iommud_container_attach (IommudContainer *self, IommudDevice *device, IommudHwpt *hwpt);
/* Takes the device off its HWPT; it stays bound. A HWPT of the kernel's goes with its last device.
 */
void iommud_container_detach (IommudContainer *self, IommudDevice *device);
/* Takes the device off its HWPT and out of the container. */
void iommud_container_remove_device (IommudContainer *self, IommudDevice *device);

/* What runs of its trackers: for the operation that is under way, see there. */
IommudTrackers *iommud_container_get_trackers (IommudContainer *self);
/* The same, for a plan: where tracking is active, it knows what is mapped now. */
IommudTrackers *iommud_container_prepare_trackers (IommudContainer *self);
void iommud_container_update_mapped (IommudContainer *self);
/* Refuses where tracking is not active. */
gboolean iommud_container_check_tracking (IommudContainer *self, const char *what, GError **error);
/* For a publish: the property follows. */
void iommud_container_update_tracking (IommudContainer *self);

/* What is mapped now. To be changed by the functions below alone, save for its files. */
IommudMappingTable *iommud_container_get_mappings (IommudContainer *self);
void iommud_container_add_mapping (IommudContainer *self, const IommudMapping *mapping);
/* See iommud_mapping_table_resize(). */
void iommud_container_resize_mapping (IommudContainer *self, guint64 iova, guint64 length);
/* An operation that changes mappings holds them from its first turn to its last, so that those of
 * one container never come between each other's turns. */
void iommud_container_hold_mappings (IommudContainer *self, gconstpointer operation);
void iommud_container_release_mappings (IommudContainer *self, gconstpointer operation);
gboolean iommud_container_mappings_are_held (IommudContainer *self, gconstpointer by_other_than);
/* The IOVAs that the kernel may choose from, an array of IommudIovaRange. */
void iommud_container_set_allowed (IommudContainer *self, GArray *ranges);

G_END_DECLS
