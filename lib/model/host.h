/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rest of the model asks of its host. */
#pragma once

#include "backend/backend.h"
#include "model/context.h"
#include "iommud-host.h"
#include "handle/mapped-file.h"

G_BEGIN_DECLS

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

/* A device of @device's IOMMU group that is attached in @container; NULL where there is none. */
IommudDevice *iommud_host_find_attached_sibling (IommudHost *self, IommudDevice *device,
                                                 IommudContainer *container);
/* One that is bound in another container than @container. */
IommudDevice *iommud_host_find_sibling_elsewhere (IommudHost *self, IommudDevice *device,
                                                  IommudContainer *container);
/* A device that is gone is unclaimed now: let it go, if it is held, and take it out. */
void iommud_host_finish_removal (IommudHost *self, IommudDevice *device);
/* What the kernel was found to offer, taken; NULL where there is no iommufd to ask. */
void iommud_host_take_features (IommudHost *self, char **features);

G_END_DECLS
