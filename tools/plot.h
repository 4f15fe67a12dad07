/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of how densely an I/O address space is dirty, in characters. */
#pragma once

#include "bitmap.h"

G_BEGIN_DECLS

/* Draws rows of cells, each as dark as many of its pages are dirty, with the addresses beside and
 * below. @bitmaps: of IommuctlBitmap, of one page size; what of @ranges, which are mapped, lies in
 * them is drawn. @width: columns of a line. @ascii: draw with nothing else. */
char *iommuctl_plot_draw (GPtrArray *bitmaps, GArray *ranges, guint width, gboolean ascii);

G_END_DECLS
