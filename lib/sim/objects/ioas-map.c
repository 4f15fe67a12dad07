/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping, copying and unmapping in an IOAS. */
#include "config.h"

#include "sim/objects/hwpt.h"
#include "sim/objects/ioas.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

#define PROT_FLAGS (IOMMUD_ABI_MAP_WRITEABLE | IOMMUD_ABI_MAP_READABLE)
#define MAP_FLAGS (IOMMUD_ABI_MAP_FIXED_IOVA | PROT_FLAGS)

/* A part of pages, on its way into an IOAS. */
typedef struct
{
  IommudSimulatedPages *pages;
  guint64 start;
  guint64 length;
} Slice;

static void
clear_slice (gpointer slice)
{
  iommud_simulated_pages_unref (((Slice *) slice)->pages);
}

static GArray *
new_slices (void)
{
  GArray *slices = g_array_new (FALSE, FALSE, sizeof (Slice));

  g_array_set_clear_func (slices, clear_slice);
  return slices;
}

static guint64
count_pages (const IommudSimulatedArea *area)
{
  return area->interval.last / IOMMUD_SIMULATED_PAGE_SIZE
         - area->interval.first / IOMMUD_SIMULATED_PAGE_SIZE + 1;
}

static void
remove_area (IommudSimulatedIoas *self, IommudSimulatedArea *area)
{
  iommud_intervals_remove (&self->areas, &area->interval);
  self->pages -= count_pages (area);
  self->full_below = MIN (self->full_below, area->interval.first);
  for (GList *l = self->dirty_hwpts.head; l != NULL; l = l->next)
    iommud_simulated_hwpt_forget_dirty (l->data, area->interval.first, area->interval.last);
  iommud_simulated_area_unpin (area);
  iommud_simulated_pages_unref (area->pages);
  g_free (area);
}

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
check_slice (const IommudSimulatedIoas *self, const Slice *slice, guint prot)
{
  if ((prot & IOMMUD_SIMULATED_PROT_WRITE) != 0
      && !iommud_simulated_pages_is_writable (slice->pages))
    return EPERM;
  return slice->start % IOMMUD_SIMULATED_PAGE_SIZE % self->alignment != 0 ? EINVAL : 0;
}

static int
insert_area (IommudSimulatedIoas *self, const Slice *slice, guint64 iova, guint prot,
             GPtrArray *inserted)
{
  IommudSimulatedArea *area;
  int errnum = check_slice (self, slice, prot);

  if (errnum != 0)
    return errnum;
  area = g_new0 (IommudSimulatedArea, 1);
  area->interval.first = iova;
  area->interval.last = iova + slice->length - 1;
  area->pages = iommud_simulated_pages_ref (slice->pages);
  area->start = slice->start;
  area->prot = prot;
  iommud_intervals_insert (&self->areas, &area->interval);
  self->pages += count_pages (area);
  g_ptr_array_add (inserted, area);
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
    errnum = iommud_simulated_hwpt_take_error (l->data, IOMMUD_SIMULATED_DRIVER_MAP);
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
      const Slice *slice = &g_array_index (slices, Slice, i);

      errnum = insert_area (self, slice, iova, prot, inserted);
      iova += slice->length;
    }
  for (guint i = 0; i < inserted->len && errnum == 0; i++)
    errnum = fill_domains (self, inserted->pdata[i]);
  for (guint i = 0; i < inserted->len && errnum != 0; i++)
    remove_area (self, inserted->pdata[i]);
  return errnum;
}

/* Maps slices one after the other, at *iova or where there is room. */
static int
map_slices (IommudSimulatedIoas *self, GArray *slices, guint64 length, guint64 *iova, guint32 flags)
{
  const Slice *first = &g_array_index (slices, Slice, 0);
  guint prot = 0;
  int errnum;

  if ((length & (self->alignment - 1)) != 0 || length == 0)
    return EINVAL;
  if ((flags & IOMMUD_ABI_MAP_FIXED_IOVA) != 0)
    errnum = check_iova (self, *iova, length);
  else
    errnum = iommud_simulated_ioas_choose_iova (
        self, iommud_simulated_pages_get_origin (first->pages, first->start), length, iova);
  if (errnum != 0)
    return errnum;
  if ((flags & IOMMUD_ABI_MAP_READABLE) != 0)
    prot |= IOMMUD_SIMULATED_PROT_READ;
  if ((flags & IOMMUD_ABI_MAP_WRITEABLE) != 0)
    prot |= IOMMUD_SIMULATED_PROT_WRITE;
  return insert_slices (self, slices, *iova, prot);
}

static int
take_user_memory (guint64 address, guint64 length, guint32 flags, IommudSimulatedAccount *account,
                  GArray *slices)
{
  gboolean writable = (flags & IOMMUD_ABI_MAP_WRITEABLE) != 0;
  Slice slice = { .start = address % IOMMUD_SIMULATED_PAGE_SIZE, .length = length };

  if (length > G_MAXUINT64 - IOMMUD_SIMULATED_PAGE_SIZE || length == 0)
    return EINVAL;
  if (length > G_MAXUINT64 - address)
    return EOVERFLOW;
  slice.pages = iommud_simulated_pages_new (address, writable);
  iommud_simulated_pages_set_account (slice.pages, account);
  g_array_append_val (slices, slice);
  return 0;
}

int
iommud_simulated_ioas_map_user (IommudSimulatedIoas *self, guint64 address, guint64 length,
                                guint32 flags, IommudSimulatedAccount *account, guint64 *iova)
{
  g_autoptr (GArray) slices = new_slices ();
  int errnum = take_user_memory (address, length, flags, account, slices);

  return errnum == 0 ? map_slices (self, slices, length, iova, flags) : errnum;
}

int
iommud_simulated_ioas_map (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_map *record = command->record;
  IommudSimulatedIoas *self;
  guint64 iova = record->iova;
  int errnum;

  if ((record->flags & ~(guint32) MAP_FLAGS) != 0 || record->reserved != 0)
    return EOPNOTSUPP;
  if (record->iova == G_MAXUINT64 || record->length == G_MAXUINT64)
    return EOVERFLOW;
  if ((record->flags & PROT_FLAGS) == 0)
    return EINVAL;
  errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_map_user (self, record->user_va, record->length, record->flags,
                                             command->account, &iova);
  if (errnum != 0)
    return errnum;
  record->iova = iova;
  return iommud_simulated_command_respond (command);
}

static int
take_file (const struct iommud_abi_ioas_map_file *record, IommudSimulatedAccount *account,
           GArray *slices)
{
  gboolean writable = (record->flags & IOMMUD_ABI_MAP_WRITEABLE) != 0;
  Slice slice = { .start = record->start % IOMMUD_SIMULATED_PAGE_SIZE, .length = record->length };
  IommudSimulatedPages *pages =
      iommud_simulated_pages_new_of_file (record->fd, record->start, record->length, writable);

  if (pages == NULL)
    return EBADF;
  iommud_simulated_pages_set_account (pages, account);
  slice.pages = pages;
  g_array_append_val (slices, slice);
  if (record->length != 0 && record->length - 1 > G_MAXUINT64 - record->start)
    return EOVERFLOW;
  if (record->length > G_MAXUINT64 - IOMMUD_SIMULATED_PAGE_SIZE || record->length == 0)
    return EINVAL;
  return 0;
}

int
iommud_simulated_ioas_map_file (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_map_file *record = command->record;
  g_autoptr (GArray) slices = new_slices ();
  IommudSimulatedIoas *self;
  guint64 iova = record->iova;
  int errnum;

  if ((record->flags & ~(guint32) MAP_FLAGS) != 0)
    return EOPNOTSUPP;
  if (record->iova == G_MAXUINT64 || record->length == G_MAXUINT64)
    return EOVERFLOW;
  if ((record->flags & PROT_FLAGS) == 0)
    return EINVAL;
  errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);
  if (errnum == 0)
    errnum = take_file (record, command->account, slices);
  if (errnum == 0)
    errnum = map_slices (self, slices, record->length, &iova, record->flags);
  if (errnum != 0)
    return errnum;
  record->iova = iova;
  return iommud_simulated_command_respond (command);
}

/* ENOENT: the range is not mapped from end to end. */
static int
slice_range (IommudSimulatedIoas *self, guint64 first, guint64 length, GArray *slices)
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
      Slice slice = { .pages = iommud_simulated_pages_ref (area->pages),
                      .start = iommud_simulated_area_get_byte (area, iova),
                      .length = end - iova + 1 };

      g_array_append_val (slices, slice);
      if (end == last)
        return 0;
      iova = end + 1;
    }
  return ENOENT;
}

int
iommud_simulated_ioas_copy (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_copy *record = command->record;
  g_autoptr (GArray) slices = new_slices ();
  IommudSimulatedIoas *source;
  IommudSimulatedIoas *target;
  guint64 iova = record->dst_iova;
  int errnum;

  if ((record->flags & ~(guint32) MAP_FLAGS) != 0)
    return EOPNOTSUPP;
  if (record->length == G_MAXUINT64 || record->src_iova == G_MAXUINT64
      || record->dst_iova == G_MAXUINT64)
    return EOVERFLOW;
  if ((record->flags & PROT_FLAGS) == 0)
    return EINVAL;
  errnum = iommud_simulated_ioas_get (command->context, record->src_ioas_id, &source);
  if (errnum == 0)
    errnum = slice_range (source, record->src_iova, record->length, slices);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_get (command->context, record->dst_ioas_id, &target);
  if (errnum == 0)
    errnum = map_slices (target, slices, record->length, &iova, record->flags);
  if (errnum != 0)
    return errnum;
  record->dst_iova = iova;
  return iommud_simulated_command_respond (command);
}

int
iommud_simulated_ioas_cut (IommudSimulatedIoas *self, guint64 iova)
{
  IommudSimulatedArea *area = iommud_simulated_ioas_find_area (self, iova);
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  guint64 mask = self->alignment - 1;
  gboolean was_pinned;
  Slice slice;
  int errnum;

  if (area == NULL || iova == area->interval.first || iova == area->interval.last)
    return 0;
  slice = (Slice){ .pages = area->pages,
                   .start = iommud_simulated_area_get_byte (area, iova + 1),
                   .length = area->interval.last - iova };
  if (((iova + 1) & mask) != 0 || (slice.start & mask) != 0)
    return EINVAL;
  if (self->domains.length > 0 && !self->single_pages)
    return EINVAL;
  was_pinned = area->pinned;
  iommud_simulated_area_unpin (area);
  iommud_intervals_remove (&self->areas, &area->interval);
  self->pages -= count_pages (area);
  area->interval.last = iova;
  iommud_intervals_insert (&self->areas, &area->interval);
  self->pages += count_pages (area);
  errnum = insert_area (self, &slice, iova + 1, area->prot, parts);
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
      remove_area (self, (IommudSimulatedArea *) interval);
      if (area_last == last)
        break;
      first = area_last + 1;
    }
  if (unmapped != NULL)
    *unmapped = bytes;
  return errnum;
}

static int
unmap (IommudSimulatedIoas *self, guint64 iova, guint64 length, guint64 *unmapped)
{
  int errnum;

  if (iova == 0 && length == G_MAXUINT64)
    return iommud_simulated_ioas_unmap_range (self, 0, G_MAXUINT64, unmapped);
  if (iova == G_MAXUINT64 || length == G_MAXUINT64)
    return EOVERFLOW;
  if (length == 0)
    return EINVAL;
  if (length - 1 > G_MAXUINT64 - iova)
    return EOVERFLOW;
  errnum = iommud_simulated_ioas_unmap_range (self, iova, iova + length - 1, unmapped);
  return errnum == 0 && *unmapped == 0 ? ENOENT : errnum;
}

int
iommud_simulated_ioas_unmap (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_unmap *record = command->record;
  IommudSimulatedIoas *self;
  guint64 unmapped = 0;
  int errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);

  if (errnum == 0)
    errnum = unmap (self, record->iova, record->length, &unmapped);
  if (errnum != 0)
    return errnum;
  record->length = unmapped;
  return iommud_simulated_command_respond (command);
}
