/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of a VFIO cdev. */
#pragma once

#include "sim/process/files.h"
#include "sim/machine/function.h"

G_BEGIN_DECLS

/* Which operation a request is, as faults know it. */
int iommud_simulated_cdev_get_operation (unsigned long request);
/* The operation that a feature in the record at @address is besides; only for DEVICE_FEATURE. */
int iommud_simulated_cdev_get_feature_operation (unsigned long request, guint64 address);
/* 0 or a negative errno. */
int iommud_simulated_cdev_ioctl (IommudSimulatedFiles *files, IommudSimulatedFile *file,
                                 unsigned long request, guint64 address);
/* The last close: if the file has bound its device, it unbinds it. */
void iommud_simulated_cdev_release (IommudSimulatedFile *file);

/* Whether the file has bound its device, so that it may be used. */
gboolean iommud_simulated_cdev_is_bound (const IommudSimulatedFile *file);
/* The size of a region of the device, and its offset in the file. */
guint64 iommud_simulated_region_get_size (const IommudSimulatedFunction *function, guint32 index);
guint64 iommud_simulated_region_get_offset (guint32 index);

G_END_DECLS
