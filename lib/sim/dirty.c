/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SET_DIRTY_TRACKING and GET_DIRTY_BITMAP, with what Linux 6.12 loses: what the walk over the range
 * came upon is never told. */
#include "config.h"

#include "sim/dirty.h"
#include "sim/hwpt.h"
#include "sim/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>
#include <string.h>

static int
set_bits (guint64 byte_address, guint8 mask)
{
  guint8 byte;

  if (iommud_simulated_copy_from_user (&byte, byte_address, 1) != 0)
    return EFAULT;
  byte |= mask;
  return iommud_simulated_copy_to_user (byte_address, &byte, 1);
}

static int
fill_bytes (guint64 address, guint64 length)
{
  guint8 ones[512];
  int errnum = 0;

  memset (ones, 0xff, sizeof ones);
  while (length > 0 && errnum == 0)
    {
      gsize chunk = (gsize) MIN (length, sizeof ones);

      errnum = iommud_simulated_copy_to_user (address, ones, chunk);
      address += chunk;
      length -= chunk;
    }
  return errnum;
}

int
iommud_simulated_bitmap_set (const IommudSimulatedBitmap *self, guint64 first, guint64 last)
{
  guint64 first_bit = (first - self->iova) >> self->page_shift;
  guint64 last_bit = (last - self->iova) >> self->page_shift;
  guint64 first_byte = first_bit / 8;
  guint64 last_byte = last_bit / 8;
  guint8 first_mask = (guint8) (0xff << first_bit % 8);
  guint8 last_mask = (guint8) (0xff >> (7 - last_bit % 8));

  if (first_byte == last_byte)
    return set_bits (self->address + first_byte, first_mask & last_mask);
  if (set_bits (self->address + first_byte, first_mask) != 0
      || fill_bytes (self->address + first_byte + 1, last_byte - first_byte - 1) != 0)
    return EFAULT;
  return set_bits (self->address + last_byte, last_mask);
}

void
iommud_simulated_bitmap_report (const IommudSimulatedBitmap *self, IommudPageSet *pages,
                                guint64 page_size, guint64 first, guint64 last, gboolean keep)
{
  guint64 from = first / page_size;
  guint64 to = last / page_size;
  guint64 run_first;
  guint64 run_last;

  while (iommud_page_set_find_run (pages, from, to, &run_first, &run_last))
    {
      guint64 low = MAX (first, run_first * page_size);
      guint64 high = MIN (last, run_last * page_size + (page_size - 1));

      iommud_simulated_bitmap_set (self, low, high);
      if (run_last == to)
        break;
      from = run_last + 1;
    }
  if (!keep)
    iommud_page_set_remove_range (pages, first / page_size, to);
}

static IommudSimulatedHwpt *
get_hwpt (IommudSimulatedCommand *command, guint32 id)
{
  return (IommudSimulatedHwpt *) iommud_simulated_context_get (command->context, id,
                                                               IOMMUD_SIMULATED_HWPT_PAGING);
}

/* The driver fails as it was told to for some device behind the HWPT. */
static int
take_error (const IommudSimulatedHwpt *hwpt)
{
  int errnum = 0;

  for (GList *l = hwpt->groups.head; l != NULL && errnum == 0; l = l->next)
    {
      const IommudSimulatedGroup *group = l->data;

      for (guint i = 0; i < group->members->len && errnum == 0; i++)
        errnum = iommud_simulated_function_take_error (group->members->pdata[i],
                                                       IOMMUD_SIMULATED_DRIVER_DIRTY);
    }
  return errnum;
}

int
iommud_simulated_set_dirty_tracking (IommudSimulatedCommand *command)
{
  const struct iommud_abi_hwpt_set_dirty_tracking *record = command->record;
  gboolean enable = (record->flags & IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE) != 0;
  IommudSimulatedHwpt *hwpt;
  int errnum;

  if ((record->flags & ~(guint32) IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE) != 0)
    return EOPNOTSUPP;
  hwpt = get_hwpt (command, record->hwpt_id);
  if (hwpt == NULL)
    return ENOENT;
  if (hwpt->dirty == NULL)
    return EOPNOTSUPP;
  errnum = take_error (hwpt);
  if (errnum != 0)
    return errnum;
  if (enable)
    iommud_page_set_clear (hwpt->dirty);
  hwpt->tracking = enable;
  return 0;
}

static int
check_range (const struct iommud_abi_hwpt_get_dirty_bitmap *record, guint64 alignment)
{
  guint64 end;

  if (record->length == 0)
    return EINVAL;
  if (record->length - 1 > G_MAXUINT64 - record->iova)
    return EOVERFLOW;
  end = record->iova + record->length;
  if ((record->iova & (alignment - 1)) != 0 || (end & (alignment - 1)) != 0)
    return EINVAL;
  /* Which page sizes are powers of two nobody asks. */
  if (record->page_size == 0 || (record->iova & (record->page_size - 1)) != 0
      || (end & (record->page_size - 1)) != 0)
    return EINVAL;
  return 0;
}

/* Up to the first hole. */
static void
report (IommudSimulatedHwpt *hwpt, const struct iommud_abi_hwpt_get_dirty_bitmap *record)
{
  IommudSimulatedBitmap bitmap = { .address = record->data,
                                   .iova = record->iova,
                                   .page_shift = (guint) __builtin_ctzll (record->page_size) };
  gboolean keep = (record->flags & IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) != 0;
  guint64 last = record->iova + record->length - 1;
  guint64 iova = record->iova;
  IommudSimulatedArea *area;

  for (area = iommud_simulated_ioas_find_area (hwpt->ioas, iova); area != NULL;
       area = iommud_simulated_ioas_next_area (hwpt->ioas, area))
    {
      guint64 end = MIN (last, area->interval.last);

      iommud_simulated_bitmap_report (&bitmap, hwpt->dirty, IOMMUD_SIMULATED_PAGE_SIZE, iova, end,
                                      keep);
      if (end == last)
        return;
      iova = end + 1;
    }
}

int
iommud_simulated_get_dirty_bitmap (IommudSimulatedCommand *command)
{
  const struct iommud_abi_hwpt_get_dirty_bitmap *record = command->record;
  IommudSimulatedHwpt *hwpt;
  int errnum;

  if ((record->flags & ~(guint32) IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) != 0
      || record->reserved != 0)
    return EOPNOTSUPP;
  hwpt = get_hwpt (command, record->hwpt_id);
  if (hwpt == NULL)
    return ENOENT;
  errnum = check_range (record, hwpt->ioas->alignment);
  if (errnum != 0)
    return errnum;
  if (hwpt->dirty == NULL)
    return EOPNOTSUPP;
  if (hwpt->tracking && take_error (hwpt) == 0)
    report (hwpt, record);
  return 0;
}
