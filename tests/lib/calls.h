/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the library as tests like to write them: on a container, with options as arguments. */
#pragma once

#include <iommud.h>

#include "memory/mapping-table.h"

G_BEGIN_DECLS

gboolean call_attach_device (IommudContainer *container, IommudDevice *device,
                             IommudAttachMode mode, IommudTrackerChoice tracker,
                             GCancellable *cancellable, IommudHwpt **hwpt, GError **error);
void call_attach_device_async (IommudContainer *container, IommudDevice *device,
                               IommudAttachMode mode, IommudTrackerChoice tracker,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
IommudHwpt *call_alloc_hwpt (IommudContainer *container, IommudDevice *device,
                             IommudHwptFlags flags, GCancellable *cancellable, GError **error);

gboolean call_map_file (IommudContainer *container, int file, guint64 offset, guint64 length,
                        guint64 iova, IommudMapFlags flags, GCancellable *cancellable,
                        guint64 *mapped_iova, GError **error);
void call_map_file_async (IommudContainer *container, int file, guint64 offset, guint64 length,
                          guint64 iova, IommudMapFlags flags, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data);
gboolean call_copy_mapping (IommudContainer *container, IommudContainer *source,
                            guint64 source_iova, guint64 length, guint64 iova, IommudMapFlags flags,
                            GCancellable *cancellable, guint64 *mapped_iova, GError **error);
/* With a dirty bitmap unless @page_size is 0. */
gboolean call_unmap (IommudContainer *container, guint64 iova, guint64 length, guint64 page_size,
                     GCancellable *cancellable, guint64 *bytes, int *bitmap, guint64 *dirty_pages,
                     GError **error);
gboolean call_unmap_all (IommudContainer *container, GCancellable *cancellable, guint64 *bytes,
                         GError **error);
gboolean call_set_allowed_iovas (IommudContainer *container, GVariant *ranges,
                                 GCancellable *cancellable, GError **error);

gboolean call_start_dirty_tracking (IommudContainer *container, guint64 page_size,
                                    GCancellable *cancellable, GError **error);
gboolean call_stop_dirty_tracking (IommudContainer *container, GCancellable *cancellable,
                                   GError **error);
int call_read_dirty_bitmap (IommudContainer *container, guint64 iova, guint64 length,
                            guint64 page_size, gboolean no_clear, IommudTrackerChoice tracker,
                            GCancellable *cancellable, guint64 *dirty_pages, GError **error);

G_END_DECLS
