/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model changes in a HWPT. */
#pragma once

#include "iommud-hwpt.h"
#include "model/record.h"

G_BEGIN_DECLS

/* The devices on it are added later. */
IommudHwpt *iommud_hwpt_new (IommudContainer *container, const IommudHwptRecord *record);
void iommud_hwpt_fill_record (IommudHwpt *self, IommudHwptRecord *record);
const char *iommud_hwpt_get_iommu (IommudHwpt *self);
void iommud_hwpt_set_freed (IommudHwpt *self);
/* It was freed, or its container was: calls on an object that is still held give NOT_FOUND from
 * here on. */
gboolean iommud_hwpt_check_alive (IommudHwpt *self, const char *what, GError **error);
void iommud_hwpt_add_device (IommudHwpt *self, IommudDevice *device);
void iommud_hwpt_remove_device (IommudHwpt *self, IommudDevice *device);
guint iommud_hwpt_get_n_devices (IommudHwpt *self);
/* Whether the IOMMU records for any of its devices other than @but (or NULL). */
gboolean iommud_hwpt_tracks_any (IommudHwpt *self, IommudDevice *but);

/* A HWPT that answered EINVAL for a device of an IOMMU instance never fits that instance. */
void iommud_hwpt_set_refused (IommudHwpt *self, const char *iommu);
gboolean iommud_hwpt_has_refused (IommudHwpt *self, const char *iommu);

G_END_DECLS
