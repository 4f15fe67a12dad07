/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sparse set of page numbers: its size depends on what is in it, not on the address space. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommudPageSet IommudPageSet;

IommudPageSet *iommud_page_set_new (void);
void iommud_page_set_free (IommudPageSet *self);
void iommud_page_set_add (IommudPageSet *self, guint64 page);
void iommud_page_set_clear (IommudPageSet *self);
guint64 iommud_page_set_count (const IommudPageSet *self);
void iommud_page_set_remove_range (IommudPageSet *self, guint64 first, guint64 last);
/* The lowest run of pages of the range that are in the set. */
gboolean iommud_page_set_find_run (const IommudPageSet *self, guint64 first, guint64 last,
                                   guint64 *run_first, guint64 *run_last);

G_END_DECLS
