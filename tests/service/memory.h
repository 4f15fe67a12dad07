/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that callers have mapped, and the bitmaps that they get. */
#pragma once

#include <gio/gunixfdlist.h>

#include "bed.h"

G_BEGIN_DECLS

#define PAGE G_GUINT64_CONSTANT (4096)
#define GIBIBYTE (G_GUINT64_CONSTANT (1) << 30)

guint memory_count_files (void);
int memory_new (guint64 size);
GVariant *memory_map_arguments (gint32 handle, guint64 offset, guint64 length, guint64 iova,
                                const char *options);
GVariant *memory_range_arguments (guint64 iova, guint64 length, const char *options);
GVariant *memory_read_arguments (guint64 iova, guint64 length, guint64 page_size,
                                 const char *options);
GVariant *memory_call (Bed *bed, const char *container, const char *method, GVariant *arguments,
                       int file, int *returned_file, GError **error);
guint64 memory_map (Bed *bed, const char *container, int file, guint64 offset, guint64 length,
                    guint64 iova, const char *options);
void memory_map_fails (Bed *bed, const char *container, int file, GVariant *arguments, int code,
                       const char *pattern);
guint64 memory_unmap (Bed *bed, const char *container, guint64 iova, guint64 length);

/* The words of a bitmap that was sent, and how many; the file is closed. */
GArray *memory_read_bitmap (int file);
GArray *memory_read_dirty (Bed *bed, const char *container, guint64 iova, guint64 length,
                           guint64 page_size, const char *options, guint64 *n_dirty);
void memory_write (Bed *bed, const char *device, guint64 iova, guint64 length);

G_END_DECLS
