/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of addresses: sorted arrays of IommudIovaRange in which no two ranges meet or touch. */
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
/* Joins the ranges that are nearest to each other (of equal gaps, those at the highest addresses
 * are closed first), until only @max (at least 1) are left. Addresses are only added, never
 * lost. */
void iommud_ranges_join (GArray *self, guint max);
/* The index of the first range that ends at @address or behind it; the number of ranges if none
 * does. O(log n). */
guint iommud_ranges_find (const GArray *self, guint64 address);
/* First and last of each, as a(tt); NULL: none. */
GVariant *iommud_ranges_to_variant (const GArray *self);

G_END_DECLS
