/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reading of dirty pages: of one range, or of everything that is mapped in a container. */
#pragma once

#include "bitmap-file.h"
#include "command.h"

G_BEGIN_DECLS

typedef struct
{
  IommuctlRequest *request;
  IommudDBusDirtyTracking *tracking;
  char *container;
  char *container_name;
  guint64 page_size;
  GArray *mapped;           /* the mapped parts of the ranges, as far as they are known */
  GArray *ranges;           /* to be read, with a call for each */
  GArray *counts;           /* guint64: the dirty pages of each range that has been read */
  GPtrArray *bitmaps;       /* kept for a picture only */
  IommuctlBitmapFile *file; /* of --output, or NULL */
} IommuctlReading;

/* Finds out what to read, and makes room for it. */
gboolean iommuctl_reading_prepare (IommuctlReading *self, IommuctlRequest *request, GError **error);
/* Reads one range after the other. If it fails, some may have been read. */
gboolean iommuctl_reading_run (IommuctlReading *self, GError **error);
void iommuctl_reading_clear (IommuctlReading *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (IommuctlReading, iommuctl_reading_clear)

G_END_DECLS
