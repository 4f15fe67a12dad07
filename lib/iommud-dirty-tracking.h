/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dirty tracking of a container: all its trackers start, stop and are read together. */
#pragma once

#include "iommud-options.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_DIRTY_TRACKING (iommud_dirty_tracking_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudDirtyTracking, iommud_dirty_tracking, IOMMUD, DIRTY_TRACKING, GObject)

IOMMUD_PUBLIC IommudContainer *iommud_dirty_tracking_get_container (IommudDirtyTracking *self);

IOMMUD_PUBLIC void iommud_dirty_tracking_start_async (IommudDirtyTracking *self, guint64 page_size,
                                                      GCancellable *cancellable,
                                                      GAsyncReadyCallback callback,
                                                      gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_dirty_tracking_start_finish (IommudDirtyTracking *self,
                                                           GAsyncResult *result, GError **error);
IOMMUD_PUBLIC gboolean iommud_dirty_tracking_start (IommudDirtyTracking *self, guint64 page_size,
                                                    GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_dirty_tracking_stop_async (IommudDirtyTracking *self,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_dirty_tracking_stop_finish (IommudDirtyTracking *self,
                                                          GAsyncResult *result, GError **error);
IOMMUD_PUBLIC gboolean iommud_dirty_tracking_stop (IommudDirtyTracking *self,
                                                   GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_dirty_tracking_read_bitmap_async (IommudDirtyTracking *self, guint64 iova,
                                                            guint64 length, guint64 page_size,
                                                            IommudReadOptions *options,
                                                            GCancellable *cancellable,
                                                            GAsyncReadyCallback callback,
                                                            gpointer user_data);
IOMMUD_PUBLIC int iommud_dirty_tracking_read_bitmap_finish (IommudDirtyTracking *self,
                                                            GAsyncResult *result,
                                                            guint64 *dirty_pages, GError **error);
IOMMUD_PUBLIC int iommud_dirty_tracking_read_bitmap (IommudDirtyTracking *self, guint64 iova,
                                                     guint64 length, guint64 page_size,
                                                     IommudReadOptions *options,
                                                     GCancellable *cancellable,
                                                     guint64 *dirty_pages, GError **error);

IOMMUD_PUBLIC void iommud_dirty_tracking_unmap_and_read_bitmap_async (
    IommudDirtyTracking *self, guint64 iova, guint64 length, guint64 page_size,
    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_dirty_tracking_unmap_and_read_bitmap_finish (
    IommudDirtyTracking *self, GAsyncResult *result, guint64 *bytes, int *bitmap,
    guint64 *dirty_pages, GError **error);
IOMMUD_PUBLIC gboolean iommud_dirty_tracking_unmap_and_read_bitmap (
    IommudDirtyTracking *self, guint64 iova, guint64 length, guint64 page_size,
    GCancellable *cancellable, guint64 *bytes, int *bitmap, guint64 *dirty_pages, GError **error);

IOMMUD_PUBLIC void iommud_dirty_tracking_give_back_bitmap (IommudDirtyTracking *self,
                                                           GAsyncResult *result, int bitmap);

G_END_DECLS
