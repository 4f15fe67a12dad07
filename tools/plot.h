/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture of how densely an I/O address space is dirty, in characters. */
#pragma once

#include "bitmap.h"

G_BEGIN_DECLS

/* Draws rows of cells, with addresses beside and below them. The more pages of a cell are dirty,
 * the darker it is. @bitmaps: IommuctlBitmaps of one page size. @ranges: what is mapped; the parts
 * of it that lie in the bitmaps are drawn. @width: columns of a line. @ascii: use only ASCII. */
char *iommuctl_plot_draw (GPtrArray *bitmaps, GArray *ranges, guint width, gboolean ascii);

G_END_DECLS
