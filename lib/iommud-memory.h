/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of a container: files mapped at I/O virtual addresses of its IOAS. */
#pragma once

#include "iommud-options.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_MEMORY (iommud_memory_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudMemory, iommud_memory, IOMMUD, MEMORY, GObject)

IOMMUD_PUBLIC IommudContainer *iommud_memory_get_container (IommudMemory *self);

IOMMUD_PUBLIC void iommud_memory_map_file_async (IommudMemory *self, int file, guint64 offset,
                                                 guint64 length, guint64 iova,
                                                 IommudMapOptions *options,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_memory_map_file_finish (IommudMemory *self, GAsyncResult *result,
                                                      guint64 *mapped_iova, GError **error);
IOMMUD_PUBLIC gboolean iommud_memory_map_file (IommudMemory *self, int file, guint64 offset,
                                               guint64 length, guint64 iova,
                                               IommudMapOptions *options, GCancellable *cancellable,
                                               guint64 *mapped_iova, GError **error);

IOMMUD_PUBLIC void iommud_memory_copy_mapping_async (IommudMemory *self, IommudMemory *source,
                                                     guint64 source_iova, guint64 length,
                                                     guint64 iova, IommudMapOptions *options,
                                                     GCancellable *cancellable,
                                                     GAsyncReadyCallback callback,
                                                     gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_memory_copy_mapping_finish (IommudMemory *self, GAsyncResult *result,
                                                          guint64 *mapped_iova, GError **error);
IOMMUD_PUBLIC gboolean iommud_memory_copy_mapping (IommudMemory *self, IommudMemory *source,
                                                   guint64 source_iova, guint64 length,
                                                   guint64 iova, IommudMapOptions *options,
                                                   GCancellable *cancellable, guint64 *mapped_iova,
                                                   GError **error);

IOMMUD_PUBLIC void iommud_memory_unmap_async (IommudMemory *self, guint64 iova, guint64 length,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_memory_unmap_finish (IommudMemory *self, GAsyncResult *result,
                                                   guint64 *bytes, GError **error);
IOMMUD_PUBLIC gboolean iommud_memory_unmap (IommudMemory *self, guint64 iova, guint64 length,
                                            GCancellable *cancellable, guint64 *bytes,
                                            GError **error);

IOMMUD_PUBLIC void iommud_memory_unmap_all_async (IommudMemory *self, GCancellable *cancellable,
                                                  GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_memory_unmap_all_finish (IommudMemory *self, GAsyncResult *result,
                                                       guint64 *bytes, GError **error);
IOMMUD_PUBLIC gboolean iommud_memory_unmap_all (IommudMemory *self, GCancellable *cancellable,
                                                guint64 *bytes, GError **error);

IOMMUD_PUBLIC void iommud_memory_set_allowed_iovas_async (IommudMemory *self, GVariant *ranges,
                                                          GCancellable *cancellable,
                                                          GAsyncReadyCallback callback,
                                                          gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_memory_set_allowed_iovas_finish (IommudMemory *self,
                                                               GAsyncResult *result,
                                                               GError **error);
IOMMUD_PUBLIC gboolean iommud_memory_set_allowed_iovas (IommudMemory *self, GVariant *ranges,
                                                        GCancellable *cancellable, GError **error);

G_END_DECLS
