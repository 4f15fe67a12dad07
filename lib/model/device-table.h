/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of a host: a list, in which each can be found by any of its names or by its IOMMU
 * group. */
#pragma once

#include "model/device.h"

G_BEGIN_DECLS

typedef struct _IommudDeviceTable IommudDeviceTable;

IommudDeviceTable *iommud_device_table_new (void);
void iommud_device_table_free (IommudDeviceTable *self);

/* Of IommudDevice. */
GListModel *iommud_device_table_get_list (IommudDeviceTable *self);
/* FALSE, after a warning, if there is a device of that name. */
gboolean iommud_device_table_add (IommudDeviceTable *self, IommudDevice *device);
void iommud_device_table_change (IommudDeviceTable *self, IommudDevice *device,
                                 IommudDeviceInfo *info);
void iommud_device_table_remove (IommudDeviceTable *self, IommudDevice *device);

/* By bus address, UUID in either case, vfioN or sysfs path; NULL if there is none. */
IommudDevice *iommud_device_table_find (IommudDeviceTable *self, const char *name);
IommudDevice *iommud_device_table_find_at (IommudDeviceTable *self, const char *sysfs_path);

/* A device of @device's IOMMU group that is attached in @container; NULL if there is none. */
IommudDevice *iommud_device_table_find_attached_sibling (IommudDeviceTable *self,
                                                         IommudDevice *device,
                                                         IommudContainer *container);
/* A device of that group that is bound to a container other than @container. */
IommudDevice *iommud_device_table_find_sibling_elsewhere (IommudDeviceTable *self,
                                                          IommudDevice *device,
                                                          IommudContainer *container);

/* Adds the leases that have ended, and have the device or one of its group, to an array of them in
 * which they are not yet. */
void iommud_device_table_add_ended_leases (IommudDeviceTable *self, IommudDevice *device,
                                           GPtrArray *leases);

/* A device of that group that belongs to another lease than @lease (NULL: to any). */
IommudDevice *iommud_device_table_find_leased_sibling (IommudDeviceTable *self,
                                                       IommudDevice *device, IommudLease *lease);
/* A device of that group for which @device cannot go to @lease: it belongs to something else, or an
 * operation is about to decide what it belongs to. */
IommudDevice *iommud_device_table_find_sibling_in_the_way (IommudDeviceTable *self,
                                                           IommudDevice *device,
                                                           IommudLease *lease);

G_END_DECLS
