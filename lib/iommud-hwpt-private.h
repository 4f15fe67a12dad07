/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model changes in a HWPT. */
#pragma once

#include "iommud-hwpt.h"

G_BEGIN_DECLS

IommudHwpt *iommud_hwpt_new (IommudContainer *container, guint64 serial, guint32 hwpt_id,
                             IommudHwptManagement management, IommudHwptFlags flags,
                             const char *iommu);
const char *iommud_hwpt_get_iommu (IommudHwpt *self);
/* Cleared when the HWPT is freed: whoever still holds the object then gets NOT_FOUND. */
void iommud_hwpt_set_freed (IommudHwpt *self);
void iommud_hwpt_add_device (IommudHwpt *self, IommudDevice *device);
void iommud_hwpt_remove_device (IommudHwpt *self, IommudDevice *device);
guint iommud_hwpt_get_n_devices (IommudHwpt *self);
/* How many of its devices the IOMMU records for. */
guint iommud_hwpt_get_n_tracked (IommudHwpt *self);

/* A HWPT that answered EINVAL for a device of an IOMMU instance never fits that instance. */
void iommud_hwpt_set_refused (IommudHwpt *self, const char *iommu);
gboolean iommud_hwpt_has_refused (IommudHwpt *self, const char *iommu);

G_END_DECLS
