/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dirty tracking of a container as one: all trackers start, stop and are read together. */
#pragma once

#include "iommud-container.h"

G_BEGIN_DECLS

IOMMUD_PUBLIC void iommud_container_start_dirty_tracking_async (IommudContainer *self,
                                                                guint64 page_size,
                                                                GCancellable *cancellable,
                                                                GAsyncReadyCallback callback,
                                                                gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_start_dirty_tracking_finish (IommudContainer *self,
                                                                     GAsyncResult *result,
                                                                     GError **error);
IOMMUD_PUBLIC gboolean iommud_container_start_dirty_tracking (IommudContainer *self,
                                                              guint64 page_size,
                                                              GCancellable *cancellable,
                                                              GError **error);

IOMMUD_PUBLIC void iommud_container_stop_dirty_tracking_async (IommudContainer *self,
                                                               GCancellable *cancellable,
                                                               GAsyncReadyCallback callback,
                                                               gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_stop_dirty_tracking_finish (IommudContainer *self,
                                                                    GAsyncResult *result,
                                                                    GError **error);
IOMMUD_PUBLIC gboolean iommud_container_stop_dirty_tracking (IommudContainer *self,
                                                             GCancellable *cancellable,
                                                             GError **error);

IOMMUD_PUBLIC void
iommud_container_read_dirty_bitmap_async (IommudContainer *self, guint64 iova, guint64 length,
                                          guint64 page_size, gboolean no_clear,
                                          IommudTrackerChoice tracker, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC int iommud_container_read_dirty_bitmap_finish (IommudContainer *self,
                                                             GAsyncResult *result,
                                                             guint64 *dirty_pages, GError **error);
IOMMUD_PUBLIC int iommud_container_read_dirty_bitmap (
    IommudContainer *self, guint64 iova, guint64 length, guint64 page_size, gboolean no_clear,
    IommudTrackerChoice tracker, GCancellable *cancellable, guint64 *dirty_pages, GError **error);

G_END_DECLS
