/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that dirty bitmaps are written to. It is made, with room for all of them, before the
 * first one is read: bits that a tracker has delivered and that cannot be written are lost. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommuctlBitmapFile IommuctlBitmapFile;

/* @size: how many bytes will be written, at most. */
IommuctlBitmapFile *iommuctl_bitmap_file_new (const char *path, guint64 size, GError **error);
/* Keeps what was written. If nothing was, the path stays as it was. */
gboolean iommuctl_bitmap_file_close (IommuctlBitmapFile *self, GError **error);
void iommuctl_bitmap_file_free (IommuctlBitmapFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlBitmapFile, iommuctl_bitmap_file_free)

/* Appends. */
gboolean iommuctl_bitmap_file_write (IommuctlBitmapFile *self, GBytes *bytes, GError **error);
const char *iommuctl_bitmap_file_get_path (IommuctlBitmapFile *self);

G_END_DECLS
