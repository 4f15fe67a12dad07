/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rest of the model asks of its host. */
#pragma once

#include "backend/backend.h"
#include "model/context.h"
#include "iommud-host.h"
#include "handle/mapped-file.h"

G_BEGIN_DECLS

/* Without devices, and without following any. */
IommudHost *iommud_host_new_empty (IommudBackend *backend, GError **error);
GMainContext *iommud_host_get_main_context (IommudHost *self);
IommudContext *iommud_host_new_context (IommudHost *self);
/* What clients' files take of this process. */
IommudMappedFiles *iommud_host_get_mapped_files (IommudHost *self);
/* Serials are counted for the host's whole life and never given twice. */
guint64 iommud_host_next_container_serial (IommudHost *self);

/* A name is taken from when its container's creation begins, so that two of them cannot race. */
gboolean iommud_host_reserve_name (IommudHost *self, const char *name);
void iommud_host_release_name (IommudHost *self, const char *name);
void iommud_host_add_container (IommudHost *self, IommudContainer *container);
void iommud_host_remove_container (IommudHost *self, IommudContainer *container);

/* FALSE, after a complaint, if there is a device of that name. */
gboolean iommud_host_add_device (IommudHost *self, IommudDevice *device);
void iommud_host_change_device (IommudHost *self, IommudDevice *device, IommudDeviceInfo *info);
void iommud_host_remove_device (IommudHost *self, IommudDevice *device);
/* NULL if there is none. */
IommudDevice *iommud_host_find_device_at (IommudHost *self, const char *sysfs_path);
/* A device of @device's IOMMU group that is attached in @container; NULL where there is none. */
IommudDevice *iommud_host_find_attached_sibling (IommudHost *self, IommudDevice *device,
                                                 IommudContainer *container);
/* One that is bound in another container than @container. */
IommudDevice *iommud_host_find_sibling_elsewhere (IommudHost *self, IommudDevice *device,
                                                  IommudContainer *container);
/* What the kernel was found to offer, taken; NULL where there is no iommufd to ask. */
void iommud_host_take_features (IommudHost *self, char **features);

G_END_DECLS
