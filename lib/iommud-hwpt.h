/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One hardware page table. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_HWPT (iommud_hwpt_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudHwpt, iommud_hwpt, IOMMUD, HWPT, GObject)

IOMMUD_PUBLIC guint64 iommud_hwpt_get_serial (IommudHwpt *self);
IOMMUD_PUBLIC guint32 iommud_hwpt_get_id (IommudHwpt *self);
IOMMUD_PUBLIC IommudContainer *iommud_hwpt_get_container (IommudHwpt *self);
IOMMUD_PUBLIC IommudHwptManagement iommud_hwpt_get_management (IommudHwpt *self);
IOMMUD_PUBLIC IommudHwptFlags iommud_hwpt_get_flags (IommudHwpt *self);
IOMMUD_PUBLIC GListModel *iommud_hwpt_get_devices (IommudHwpt *self);

IOMMUD_PUBLIC void iommud_hwpt_attach_device_async (IommudHwpt *self, IommudDevice *device,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_hwpt_attach_device_finish (IommudHwpt *self, GAsyncResult *result,
                                                         GError **error);
IOMMUD_PUBLIC gboolean iommud_hwpt_attach_device (IommudHwpt *self, IommudDevice *device,
                                                  GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_hwpt_free_async (IommudHwpt *self, GCancellable *cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_hwpt_free_finish (IommudHwpt *self, GAsyncResult *result,
                                                GError **error);
IOMMUD_PUBLIC gboolean iommud_hwpt_free (IommudHwpt *self, GCancellable *cancellable,
                                         GError **error);

G_END_DECLS
