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

/* Bits on their way into the caller's bitmap: those of WINDOW_SIZE bytes of its memory. */
#define WINDOW_SIZE 512

typedef struct
{
  guint64 address; /* a multiple of WINDOW_SIZE, so that all of it is in one page */
  guint low;       /* bytes with bits in them; low > high: none */
  guint high;
  guint8 bytes[WINDOW_SIZE];
} Window;

static void
window_move (Window *self, guint64 address)
{
  self->address = address;
  self->low = WINDOW_SIZE;
  self->high = 0;
  memset (self->bytes, 0, sizeof self->bytes);
}

/* Nobody is told of an address that cannot be written. */
static void
window_flush (Window *self)
{
  guint8 bytes[WINDOW_SIZE];
  guint64 address = self->address + self->low;
  guint length = self->high - self->low + 1;

  if (self->low > self->high || iommud_simulated_copy_from_user (bytes, address, length) != 0)
    return;
  for (guint i = 0; i < length; i++)
    bytes[i] |= self->bytes[self->low + i];
  iommud_simulated_copy_to_user (address, bytes, length);
}

/* Sets bits from @first to @last of one byte. */
static void
window_set (Window *self, guint64 address, guint first, guint last)
{
  guint64 base = address - address % WINDOW_SIZE;
  guint index = (guint) (address - base);

  if (base != self->address)
    {
      window_flush (self);
      window_move (self, base);
    }
  self->bytes[index] |= (guint8) (0xff << first & 0xff >> (7 - last));
  self->low = MIN (self->low, index);
  self->high = MAX (self->high, index);
}

static void
set_bits (const IommudSimulatedBitmap *bitmap, Window *window, guint64 first, guint64 last)
{
  guint64 bit = (first - bitmap->iova) >> bitmap->page_shift;
  guint64 last_bit = (last - bitmap->iova) >> bitmap->page_shift;

  while (bit <= last_bit)
    {
      guint64 end = MIN (last_bit, bit | 7);

      window_set (window, bitmap->address + bit / 8, bit % 8, end % 8);
      bit = end + 1;
    }
}

void
iommud_simulated_bitmap_report (const IommudSimulatedBitmap *self, IommudPageSet *pages,
                                guint64 page_size, guint64 first, guint64 last, gboolean keep)
{
  guint64 from = first / page_size;
  guint64 to = last / page_size;
  guint64 run_first;
  guint64 run_last;
  Window window;

  window_move (&window, 0);
  while (iommud_page_set_find_run (pages, from, to, &run_first, &run_last))
    {
      guint64 low = MAX (first, run_first * page_size);
      guint64 high = MIN (last, run_last * page_size + (page_size - 1));

      set_bits (self, &window, low, high);
      if (run_last == to)
        break;
      from = run_last + 1;
    }
  window_flush (&window);
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
