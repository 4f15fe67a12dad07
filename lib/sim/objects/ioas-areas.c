/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped in an IOAS: the areas, and the pins of their pages. */
#include "config.h"

#include "sim/objects/ioas.h"

#include "sim/process/user-memory.h"

IommudSimulatedArea *
iommud_simulated_ioas_find_area (IommudSimulatedIoas *self, guint64 iova)
{
  return (IommudSimulatedArea *) iommud_intervals_find (&self->areas, iova, iova);
}

IommudSimulatedArea *
iommud_simulated_ioas_next_area (IommudSimulatedIoas *self, const IommudSimulatedArea *area)
{
  if (area->interval.last == G_MAXUINT64)
    return NULL;
  return iommud_simulated_ioas_find_area (self, area->interval.last + 1);
}

guint64
iommud_simulated_area_get_byte (const IommudSimulatedArea *self, guint64 iova)
{
  return self->start + (iova - self->interval.first);
}

static guint64
get_length (const IommudSimulatedArea *area)
{
  return area->interval.last - area->interval.first + 1;
}

int
iommud_simulated_area_pin (IommudSimulatedArea *self)
{
  int errnum = 0;

  if (!self->pinned)
    errnum = iommud_simulated_pages_pin (self->pages, self->start, get_length (self));
  self->pinned = self->pinned || errnum == 0;
  return errnum;
}

void
iommud_simulated_area_unpin (IommudSimulatedArea *self)
{
  if (self->pinned)
    iommud_simulated_pages_unpin (self->pages, self->start, get_length (self));
  self->pinned = FALSE;
}

static guint64
count_pages (const IommudSimulatedArea *area)
{
  return area->interval.last / IOMMUD_SIMULATED_PAGE_SIZE
         - area->interval.first / IOMMUD_SIMULATED_PAGE_SIZE + 1;
}

static void
list_area (IommudSimulatedIoas *self, IommudSimulatedArea *area)
{
  iommud_intervals_insert (&self->areas, &area->interval);
  self->pages += count_pages (area);
}

static void
unlist_area (IommudSimulatedIoas *self, IommudSimulatedArea *area)
{
  iommud_intervals_remove (&self->areas, &area->interval);
  self->pages -= count_pages (area);
}

IommudSimulatedArea *
iommud_simulated_ioas_add_area (IommudSimulatedIoas *self, const IommudSimulatedSlice *slice,
                                guint64 iova, guint prot)
{
  IommudSimulatedArea *area = g_new0 (IommudSimulatedArea, 1);

  area->interval.first = iova;
  area->interval.last = iova + slice->length - 1;
  area->pages = iommud_simulated_pages_ref (slice->pages);
  area->start = slice->start;
  area->prot = prot;
  list_area (self, area);
  return area;
}

void
iommud_simulated_ioas_shorten_area (IommudSimulatedIoas *self, IommudSimulatedArea *area,
                                    guint64 last)
{
  unlist_area (self, area);
  area->interval.last = last;
  list_area (self, area);
}

void
iommud_simulated_ioas_remove_area (IommudSimulatedIoas *self, IommudSimulatedArea *area)
{
  unlist_area (self, area);
  self->full_below = MIN (self->full_below, area->interval.first);
  for (GList *l = self->dirty_domains.head; l != NULL; l = l->next)
    iommud_simulated_domain_forget_dirty (l->data, area->interval.first, area->interval.last);
  iommud_simulated_area_unpin (area);
  iommud_simulated_pages_unref (area->pages);
  g_free (area);
}
