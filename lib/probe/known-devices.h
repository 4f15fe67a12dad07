/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VFIO devices that discovery has reported, and how to tell one from a later device of the same
 * name. */
#pragma once

#include <sys/types.h>

#include "probe/device-info.h"

G_BEGIN_DECLS

/* One VFIO device that was reported. */
typedef struct
{
  IommudDeviceInfo *info;
  char *vfio_path; /* sysfs path of the vfio-dev device */
  ino_t life;      /* inode of that path: a different inode means a different device */
  guint64 seen;    /* the last event before it was first looked at; 0 if the kernel does not say */
} IommudKnownDevice;

/* Takes @info. */
IommudKnownDevice *iommud_known_device_new (IommudDeviceInfo *info, const char *vfio_path,
                                            ino_t life, guint64 seen);
gboolean iommud_known_device_is_same (const IommudKnownDevice *self,
                                      const IommudKnownDevice *other);

typedef struct _IommudKnownDevices IommudKnownDevices;

IommudKnownDevices *iommud_known_devices_new (void);
void iommud_known_devices_free (IommudKnownDevices *self);
/* NULL if there is none. */
const IommudKnownDevice *iommud_known_devices_find (IommudKnownDevices *self,
                                                    const char *sysfs_path);
const IommudKnownDevice *iommud_known_devices_find_vfio (IommudKnownDevices *self,
                                                         const char *vfio_path);
/* Takes @device, which replaces the one that has its path. */
void iommud_known_devices_remember (IommudKnownDevices *self, IommudKnownDevice *device);
void iommud_known_devices_forget (IommudKnownDevices *self, const char *sysfs_path);
void iommud_known_devices_forget_all (IommudKnownDevices *self);
/* The sysfs paths of those that are no longer there, as new strings. */
GPtrArray *iommud_known_devices_list_vanished (IommudKnownDevices *self);

G_END_DECLS
