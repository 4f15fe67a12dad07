/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bitmap on its way to its reader: if it does not arrive, its pages are saved for the next read.
 */
#pragma once

#include "dirty/bitmap.h"
#include "model/container.h"

G_BEGIN_DECLS

typedef struct
{
  IommudContainer *container;
  IommudTrackerChoice tracker;
  gboolean keep;            /* the pages stayed dirty: there is nothing to give back */
  IommudDirtyBitmap bitmap; /* sealed; no file: it is not made yet, or has arrived */
  guint64 dirty_pages;
  guint64 bytes; /* how much was unmapped with it */
  IommudJournal
      *journal;   /* which knows of it by the number, if it is still the host's; not owned */
  guint64 number; /* 0: no journal does */
} IommudDelivery;

IommudDelivery *iommud_delivery_new (IommudContainer *container, IommudTrackerChoice tracker,
                                     gboolean keep);
/* For publish: takes a sealed bitmap. */
void iommud_delivery_set (IommudDelivery *self, IommudDirtyBitmap *bitmap, guint64 dirty_pages);
/* For finish: the file, which the caller owns. */
int iommud_delivery_take (IommudDelivery *self);
/* For a task's data. If the bitmap was not taken, this queues the operation that saves its pages
 * before all others that have not begun. */
void iommud_delivery_free (gpointer self);

G_END_DECLS
