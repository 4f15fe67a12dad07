/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open files under names, on their way from one life of a host to the next. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

typedef struct _IommudDescriptors IommudDescriptors;

#define IOMMUD_TYPE_DESCRIPTORS (iommud_descriptors_get_type ())
IOMMUD_PUBLIC GType iommud_descriptors_get_type (void);

IOMMUD_PUBLIC IommudDescriptors *iommud_descriptors_new (void);
IOMMUD_PUBLIC IommudDescriptors *iommud_descriptors_ref (IommudDescriptors *self);
IOMMUD_PUBLIC void iommud_descriptors_unref (IommudDescriptors *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudDescriptors, iommud_descriptors_unref)

IOMMUD_PUBLIC gboolean iommud_descriptors_add (IommudDescriptors *self, const char *name, int fd,
                                               GError **error);
IOMMUD_PUBLIC char *iommud_descriptors_name_device (const char *device);
IOMMUD_PUBLIC char *iommud_descriptors_name_lease (guint64 serial);
IOMMUD_PUBLIC char **iommud_descriptors_dup_names (IommudDescriptors *self);
IOMMUD_PUBLIC int iommud_descriptors_peek (IommudDescriptors *self, const char *name);
IOMMUD_PUBLIC int iommud_descriptors_steal (IommudDescriptors *self, const char *name);

G_END_DECLS
