/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One VFIO device. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_DEVICE (iommud_device_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudDevice, iommud_device, IOMMUD, DEVICE, GObject)

IOMMUD_PUBLIC const char *iommud_device_get_name (IommudDevice *self);
IOMMUD_PUBLIC IommudDeviceState iommud_device_get_state (IommudDevice *self);
IOMMUD_PUBLIC IommudContainer *iommud_device_get_container (IommudDevice *self);
IOMMUD_PUBLIC IommudHwpt *iommud_device_get_hwpt (IommudDevice *self);

IOMMUD_PUBLIC void iommud_device_detach_async (IommudDevice *self, GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_device_detach_finish (IommudDevice *self, GAsyncResult *result,
                                                    GError **error);
IOMMUD_PUBLIC gboolean iommud_device_detach (IommudDevice *self, GCancellable *cancellable,
                                             GError **error);

IOMMUD_PUBLIC void iommud_device_set_tracker_async (IommudDevice *self, IommudTrackerChoice tracker,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_device_set_tracker_finish (IommudDevice *self, GAsyncResult *result,
                                                         GError **error);
IOMMUD_PUBLIC gboolean iommud_device_set_tracker (IommudDevice *self, IommudTrackerChoice tracker,
                                                  GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_device_get_holders_async (IommudDevice *self, GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC GPtrArray *iommud_device_get_holders_finish (IommudDevice *self, GAsyncResult *result,
                                                           GError **error);
IOMMUD_PUBLIC GPtrArray *iommud_device_get_holders (IommudDevice *self, GCancellable *cancellable,
                                                    GError **error);

G_END_DECLS
