/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping, copying and unmapping in an IOAS. */
#include "config.h"

#include "sim/objects/ioas.h"

#include "sim/objects/slices.h"
#include "sim/process/user-memory.h"

#include <errno.h>

#define PROT_FLAGS (IOMMUD_SIMULATED_MAP_READ | IOMMUD_SIMULATED_MAP_WRITE)

static int
check_iova (const IommudSimulatedIoas *self, guint64 iova, guint64 length)
{
  if ((iova & (self->alignment - 1)) != 0)
    return EINVAL;
  if (length - 1 > G_MAXUINT64 - iova)
    return EOVERFLOW;
  if (iommud_intervals_find (&self->reserved, iova, iova + length - 1) != NULL)
    return EINVAL;
  return iommud_intervals_find (&self->areas, iova, iova + length - 1) != NULL ? EEXIST : 0;
}

static int
check_slice (const IommudSimulatedIoas *self, const IommudSimulatedSlice *slice, guint prot)
{
  if ((prot & IOMMUD_SIMULATED_MAP_WRITE) != 0
      && !iommud_simulated_pages_is_writable (slice->pages))
    return EPERM;
  return slice->start % IOMMUD_SIMULATED_PAGE_SIZE % self->alignment != 0 ? EINVAL : 0;
}

static int
insert_area (IommudSimulatedIoas *self, const IommudSimulatedSlice *slice, guint64 iova, guint prot,
             GPtrArray *inserted)
{
  int errnum = check_slice (self, slice, prot);

  if (errnum != 0)
    return errnum;
  g_ptr_array_add (inserted, iommud_simulated_ioas_add_area (self, slice, iova, prot));
  return 0;
}

static int
fill_domains (IommudSimulatedIoas *self, IommudSimulatedArea *area)
{
  int errnum = 0;

  if (self->domains.length == 0)
    return 0;
  errnum = iommud_simulated_area_pin (area);
  for (GList *l = self->domains.head; l != NULL && errnum == 0; l = l->next)
    errnum = iommud_simulated_domain_take_error (l->data, IOMMUD_SIMULATED_DRIVER_MAP);
  return errnum;
}

/* All areas are checked before the first is filled. */
static int
insert_slices (IommudSimulatedIoas *self, GArray *slices, guint64 iova, guint prot)
{
  g_autoptr (GPtrArray) inserted = g_ptr_array_new ();
  int errnum = 0;

  for (guint i = 0; i < slices->len && errnum == 0; i++)
    {
      const IommudSimulatedSlice *slice = &g_array_index (slices, IommudSimulatedSlice, i);

      errnum = insert_area (self, slice, iova, prot, inserted);
      iova += slice->length;
    }
  for (guint i = 0; i < inserted->len && errnum == 0; i++)
    errnum = fill_domains (self, inserted->pdata[i]);
  for (guint i = 0; i < inserted->len && errnum != 0; i++)
    iommud_simulated_ioas_remove_area (self, inserted->pdata[i]);
  return errnum;
}

int
iommud_simulated_ioas_map (IommudSimulatedIoas *self, GArray *slices, guint64 length, guint flags,
                           guint64 *iova)
{
  const IommudSimulatedSlice *first = &g_array_index (slices, IommudSimulatedSlice, 0);
  int errnum;

  if ((length & (self->alignment - 1)) != 0 || length == 0)
    return EINVAL;
  if ((flags & IOMMUD_SIMULATED_MAP_FIXED) != 0)
    errnum = check_iova (self, *iova, length);
  else
    errnum = iommud_simulated_ioas_choose_iova (
        self, iommud_simulated_pages_get_origin (first->pages, first->start), length, iova);
  if (errnum != 0)
    return errnum;
  return insert_slices (self, slices, *iova, flags & PROT_FLAGS);
}

int
iommud_simulated_ioas_map_user (IommudSimulatedIoas *self, guint64 address, guint64 length,
                                guint flags, IommudSimulatedAccount *account, guint64 *iova)
{
  g_autoptr (GArray) slices = iommud_simulated_slices_new ();
  gboolean writable = (flags & IOMMUD_SIMULATED_MAP_WRITE) != 0;
  int errnum = iommud_simulated_slices_add_user (slices, address, length, writable, account);

  return errnum == 0 ? iommud_simulated_ioas_map (self, slices, length, flags, iova) : errnum;
}

int
iommud_simulated_ioas_slice (IommudSimulatedIoas *self, guint64 first, guint64 length,
                             GArray *slices)
{
  IommudSimulatedArea *area;
  guint64 last = first + length - 1;
  guint64 iova = first;

  if (length == 0)
    return EINVAL;
  if (length - 1 > G_MAXUINT64 - first)
    return EOVERFLOW;
  for (area = iommud_simulated_ioas_find_area (self, first); area != NULL;
       area = iommud_simulated_ioas_next_area (self, area))
    {
      guint64 end = MIN (last, area->interval.last);

      iommud_simulated_slices_add (slices, iommud_simulated_pages_ref (area->pages),
                                   iommud_simulated_area_get_byte (area, iova), end - iova + 1);
      if (end == last)
        return 0;
      iova = end + 1;
    }
  return ENOENT;
}

static gboolean
can_cut (const IommudSimulatedIoas *self, const IommudSimulatedArea *area, guint64 iova)
{
  guint64 mask = self->alignment - 1;

  return ((iova + 1) & mask) == 0 && (iommud_simulated_area_get_byte (area, iova + 1) & mask) == 0
         && (self->domains.length == 0 || self->single_pages);
}

int
iommud_simulated_ioas_cut (IommudSimulatedIoas *self, guint64 iova)
{
  IommudSimulatedArea *area = iommud_simulated_ioas_find_area (self, iova);
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  IommudSimulatedSlice rest;
  gboolean was_pinned;
  int errnum;

  if (area == NULL || iova == area->interval.first || iova == area->interval.last)
    return 0;
  if (!can_cut (self, area, iova))
    return EINVAL;
  rest.pages = area->pages;
  rest.start = iommud_simulated_area_get_byte (area, iova + 1);
  rest.length = area->interval.last - iova;
  was_pinned = area->pinned;
  iommud_simulated_area_unpin (area);
  iommud_simulated_ioas_shorten_area (self, area, iova);
  errnum = insert_area (self, &rest, iova + 1, area->prot, parts);
  for (guint i = 0; was_pinned && i < parts->len && errnum == 0; i++)
    errnum = iommud_simulated_area_pin (parts->pdata[i]);
  return was_pinned && errnum == 0 ? iommud_simulated_area_pin (area) : errnum;
}

int
iommud_simulated_ioas_unmap_range (IommudSimulatedIoas *self, guint64 first, guint64 last,
                                   guint64 *unmapped)
{
  IommudInterval *interval;
  guint64 bytes = 0;
  int errnum = 0;

  while ((interval = iommud_intervals_find (&self->areas, first, last)) != NULL)
    {
      guint64 area_last = interval->last;

      if (interval->first < first || area_last > last)
        {
          errnum = ENOENT;
          break;
        }
      bytes += area_last - interval->first + 1;
      iommud_simulated_ioas_remove_area (self, (IommudSimulatedArea *) interval);
      if (area_last == last)
        break;
      first = area_last + 1;
    }
  if (unmapped != NULL)
    *unmapped = bytes;
  return errnum;
}
