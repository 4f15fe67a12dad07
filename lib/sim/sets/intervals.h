/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A set of intervals that may overlap: a balanced tree that finds those meeting a range in O(log
 * n).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Part of a record of the owner's. It holds first and last; neither may change while it is in a
 * tree. */
typedef struct _IommudInterval IommudInterval;
struct _IommudInterval
{
  guint64 first;
  guint64 last;
  guint64 highest; /* last address of all below this node */
  guint32 priority;
  IommudInterval *left;
  IommudInterval *right;
};

/* All zero when empty. */
typedef struct
{
  IommudInterval *root;
  guint32 seed;
} IommudIntervals;

void iommud_intervals_insert (IommudIntervals *self, IommudInterval *interval);
void iommud_intervals_remove (IommudIntervals *self, IommudInterval *interval);
/* Empties the set with g_free(): the records begin with their intervals. */
void iommud_intervals_free_all (IommudIntervals *self);
/* The one of lowest first address among those that meet the range; NULL for none. */
IommudInterval *iommud_intervals_find (const IommudIntervals *self, guint64 first, guint64 last);
/* The one after @interval among them. */
IommudInterval *iommud_intervals_next (const IommudIntervals *self, const IommudInterval *interval,
                                       guint64 first, guint64 last);
/* The first stretch of first..last that no interval covers. */
gboolean iommud_intervals_find_hole (const IommudIntervals *self, guint64 first, guint64 last,
                                     guint64 *hole_first, guint64 *hole_last);

G_END_DECLS
