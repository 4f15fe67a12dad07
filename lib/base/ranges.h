/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of addresses: arrays of IommudIovaRange, sorted, of which no two meet or touch. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* I/O virtual addresses; both ends are inside. */
typedef struct
{
  guint64 first;
  guint64 last;
} IommudIovaRange;

GArray *iommud_ranges_new (void);
/* First and last are inside. */
void iommud_ranges_add (GArray *self, guint64 first, guint64 last);
void iommud_ranges_remove (GArray *self, guint64 first, guint64 last);
/* Joins those that are nearest to each other, at the far end first, until there are @max (at least
 * 1): it has more addresses then, and all that it had. */
void iommud_ranges_join (GArray *self, guint max);
/* The index of the first range that ends at @address or behind it; their number if none does. O(log
 * n). */
guint iommud_ranges_find (const GArray *self, guint64 address);
/* First and last of each, as a(tt); NULL: none. */
GVariant *iommud_ranges_to_variant (const GArray *self);

G_END_DECLS
