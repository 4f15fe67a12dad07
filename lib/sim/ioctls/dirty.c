/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SET_DIRTY_TRACKING and GET_DIRTY_BITMAP, with defects of Linux: in 6.12 errors of the walk over
 * the range are lost, and from 6.19 on bits for which there is no memory in the caller's bitmap. */
#include "config.h"

#include "sim/ioctls/dirty.h"

#include "sim/objects/hwpt.h"
#include "sim/process/bitmap.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

static IommudSimulatedHwpt *
get_hwpt (IommudSimulatedCommand *command, guint32 id)
{
  return (IommudSimulatedHwpt *) iommud_simulated_context_get (command->context, id,
                                                               IOMMUD_SIMULATED_HWPT_PAGING);
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
  if (hwpt->domain.dirty == NULL)
    return EOPNOTSUPP;
  errnum = iommud_simulated_domain_take_error (&hwpt->domain, IOMMUD_SIMULATED_DRIVER_DIRTY);
  if (errnum != 0)
    return errnum;
  if (enable)
    iommud_page_set_clear (hwpt->domain.dirty);
  hwpt->domain.tracking = enable;
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
  /* Linux does not check that the page size is a power of two. */
  if (record->page_size == 0 || (record->iova & (record->page_size - 1)) != 0
      || (end & (record->page_size - 1)) != 0)
    return EINVAL;
  return 0;
}

/* Reports up to the first hole, or to where the driver fails. */
static void
report (IommudSimulatedHwpt *hwpt, const struct iommud_abi_hwpt_get_dirty_bitmap *record,
        IommudSimulatedBitmap *bitmap)
{
  gboolean keep = (record->flags & IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP_NO_CLEAR) != 0;
  guint64 last = record->iova + record->length - 1;
  guint64 iova = record->iova;
  IommudSimulatedArea *area;

  for (area = iommud_simulated_ioas_find_area (hwpt->ioas, iova); area != NULL;
       area = iommud_simulated_ioas_next_area (hwpt->ioas, area))
    {
      guint64 end = MIN (last, area->interval.last);

      if (iommud_simulated_domain_take_error (&hwpt->domain, IOMMUD_SIMULATED_DRIVER_DIRTY) != 0)
        return;
      iommud_simulated_bitmap_report (bitmap, hwpt->domain.dirty, IOMMUD_SIMULATED_PAGE_SIZE, iova,
                                      end, keep);
      if (end == last)
        return;
      iova = end + 1;
    }
}

/* Since 6.19 memory is taken for the caller's bitmap a piece at a time, while bits are cleared;
 * before that, for all of it in advance. */
static int
report_by_version (IommudSimulatedCommand *command, IommudSimulatedHwpt *hwpt)
{
  const struct iommud_abi_hwpt_get_dirty_bitmap *record = command->record;
  IommudSimulatedBitmap bitmap = { .address = record->data,
                                   .iova = record->iova,
                                   .page_shift = (guint) __builtin_ctzll (record->page_size),
                                   .only_present =
                                       command->version >= IOMMUD_SIMULATED_LINUX_6_19 };

  report (hwpt, record, &bitmap);
  return bitmap.lost && command->version >= IOMMUD_SIMULATED_LINUX_7_4 ? EFAULT : 0;
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
  if (hwpt->domain.dirty == NULL)
    return EOPNOTSUPP;
  return hwpt->domain.tracking ? report_by_version (command, hwpt) : 0;
}
