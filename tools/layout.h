/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts in columns that fit a width. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommuctlLayout IommuctlLayout;

/* @ascii: "~" stands for what was cut, instead of "…". */
IommuctlLayout *iommuctl_layout_new (guint n_columns, gboolean ascii);
void iommuctl_layout_free (IommuctlLayout *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlLayout, iommuctl_layout_free)

/* This column is cut before those that are not marked. */
void iommuctl_layout_mark (IommuctlLayout *self, guint column);
/* Lines that are to come belong, in a tree, to the last line that is less deep by one. */
void iommuctl_layout_set_depth (IommuctlLayout *self, guint depth);
/* Cells are added from left to right, and line after line; the first line holds the titles. */
void iommuctl_layout_take (IommuctlLayout *self, char *text);
/* All lines, without blanks at their ends. What is too wide is cut, UUIDs in the middle. */
char *iommuctl_layout_print (IommuctlLayout *self, guint width);

G_END_DECLS
