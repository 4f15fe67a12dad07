/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One IOAS in a context, and what hangs off it. */
#pragma once

#include "iommud-dirty-tracking.h"
#include "iommud-memory.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_CONTAINER_OPTIONS (iommud_container_options_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudContainerOptions, iommud_container_options, IOMMUD, CONTAINER_OPTIONS,
                      GObject)

IOMMUD_PUBLIC IommudContainerOptions *iommud_container_options_new (void);

#define IOMMUD_TYPE_CONTAINER (iommud_container_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudContainer, iommud_container, IOMMUD, CONTAINER, GObject)

IOMMUD_PUBLIC guint64 iommud_container_get_serial (IommudContainer *self);
IOMMUD_PUBLIC const char *iommud_container_get_name (IommudContainer *self);
IOMMUD_PUBLIC GListModel *iommud_container_get_devices (IommudContainer *self);
IOMMUD_PUBLIC GListModel *iommud_container_get_hwpts (IommudContainer *self);
IOMMUD_PUBLIC IommudMemory *iommud_container_get_memory (IommudContainer *self);
IOMMUD_PUBLIC IommudDirtyTracking *iommud_container_get_dirty_tracking (IommudContainer *self);

IOMMUD_PUBLIC void
iommud_container_attach_device_async (IommudContainer *self, IommudDevice *device,
                                      IommudAttachOptions *options, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_attach_device_finish (IommudContainer *self,
                                                              GAsyncResult *result,
                                                              IommudHwpt **hwpt, GError **error);
IOMMUD_PUBLIC gboolean iommud_container_attach_device (IommudContainer *self, IommudDevice *device,
                                                       IommudAttachOptions *options,
                                                       GCancellable *cancellable, IommudHwpt **hwpt,
                                                       GError **error);

IOMMUD_PUBLIC void iommud_container_alloc_hwpt_async (IommudContainer *self, IommudDevice *device,
                                                      IommudHwptOptions *options,
                                                      GCancellable *cancellable,
                                                      GAsyncReadyCallback callback,
                                                      gpointer user_data);
IOMMUD_PUBLIC IommudHwpt *iommud_container_alloc_hwpt_finish (IommudContainer *self,
                                                              GAsyncResult *result, GError **error);
IOMMUD_PUBLIC IommudHwpt *iommud_container_alloc_hwpt (IommudContainer *self, IommudDevice *device,
                                                       IommudHwptOptions *options,
                                                       GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_container_free_async (IommudContainer *self, gboolean force,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_free_finish (IommudContainer *self, GAsyncResult *result,
                                                     GError **error);
IOMMUD_PUBLIC gboolean iommud_container_free (IommudContainer *self, gboolean force,
                                              GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_container_refresh_async (IommudContainer *self, GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_refresh_finish (IommudContainer *self, GAsyncResult *result,
                                                        GError **error);
IOMMUD_PUBLIC gboolean iommud_container_refresh (IommudContainer *self, GCancellable *cancellable,
                                                 GError **error);

G_END_DECLS
