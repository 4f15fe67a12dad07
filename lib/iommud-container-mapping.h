/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DMA mappings of a container: memory of files, at I/O virtual addresses of its IOAS. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

IOMMUD_PUBLIC void iommud_container_map_file_async (IommudContainer *self, int file, guint64 offset,
                                                    guint64 length, guint64 iova,
                                                    IommudMapFlags flags, GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_map_file_finish (IommudContainer *self,
                                                         GAsyncResult *result, guint64 *iova,
                                                         GError **error);
IOMMUD_PUBLIC gboolean iommud_container_map_file (IommudContainer *self, int file, guint64 offset,
                                                  guint64 length, guint64 iova,
                                                  IommudMapFlags flags, GCancellable *cancellable,
                                                  guint64 *mapped_iova, GError **error);

IOMMUD_PUBLIC void
iommud_container_copy_mapping_async (IommudContainer *self, IommudContainer *source,
                                     guint64 source_iova, guint64 length, guint64 iova,
                                     IommudMapFlags flags, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_copy_mapping_finish (IommudContainer *self,
                                                             GAsyncResult *result, guint64 *iova,
                                                             GError **error);
IOMMUD_PUBLIC gboolean iommud_container_copy_mapping (IommudContainer *self,
                                                      IommudContainer *source, guint64 source_iova,
                                                      guint64 length, guint64 iova,
                                                      IommudMapFlags flags,
                                                      GCancellable *cancellable,
                                                      guint64 *mapped_iova, GError **error);

IOMMUD_PUBLIC void iommud_container_unmap_async (IommudContainer *self, guint64 iova,
                                                 guint64 length, guint64 dirty_page_size,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_unmap_finish (IommudContainer *self, GAsyncResult *result,
                                                      guint64 *bytes, int *dirty_bitmap,
                                                      guint64 *dirty_pages, GError **error);
IOMMUD_PUBLIC gboolean iommud_container_unmap (IommudContainer *self, guint64 iova, guint64 length,
                                               guint64 dirty_page_size, GCancellable *cancellable,
                                               guint64 *bytes, int *dirty_bitmap,
                                               guint64 *dirty_pages, GError **error);

IOMMUD_PUBLIC void iommud_container_unmap_all_async (IommudContainer *self,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_unmap_all_finish (IommudContainer *self,
                                                          GAsyncResult *result, guint64 *bytes,
                                                          GError **error);
IOMMUD_PUBLIC gboolean iommud_container_unmap_all (IommudContainer *self, GCancellable *cancellable,
                                                   guint64 *bytes, GError **error);

IOMMUD_PUBLIC void iommud_container_set_allowed_iovas_async (IommudContainer *self,
                                                             GVariant *ranges,
                                                             GCancellable *cancellable,
                                                             GAsyncReadyCallback callback,
                                                             gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_container_set_allowed_iovas_finish (IommudContainer *self,
                                                                  GAsyncResult *result,
                                                                  GError **error);
IOMMUD_PUBLIC gboolean iommud_container_set_allowed_iovas (IommudContainer *self, GVariant *ranges,
                                                           GCancellable *cancellable,
                                                           GError **error);

G_END_DECLS
