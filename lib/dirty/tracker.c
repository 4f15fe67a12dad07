/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One tracker that records dirty pages: the log of a device, or a HWPT. */
#include "dirty/tracker.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "dirty/log-ranges.h"

#define POPULATE "populating the bitmap"

/* The largest page that an IOMMU is assumed to use. VT-d and SMMUv3 have no larger one; AMD's first
 * kind of table can, if memory is contiguous for more than that in one mapping. */
#define LARGEST_IOMMU_PAGE (G_GUINT64_CONSTANT (1) << 30)

IommudTracker *
iommud_tracker_new_log (const char *device, int cdev)
{
  IommudTracker *self = g_new0 (IommudTracker, 1);

  self->kind = IOMMUD_TRACKER_KIND_DEVICE;
  self->name = g_strdup_printf ("the log of %s", device);
  self->device = g_strdup (device);
  self->cdev = cdev;
  return self;
}

IommudTracker *
iommud_tracker_new_hwpt (guint32 hwpt_id)
{
  IommudTracker *self = g_new0 (IommudTracker, 1);

  self->kind = IOMMUD_TRACKER_KIND_IOMMU;
  self->name = g_strdup_printf ("HWPT %u", hwpt_id);
  self->cdev = -1;
  self->hwpt_id = hwpt_id;
  return self;
}

void
iommud_tracker_free (IommudTracker *self)
{
  g_clear_pointer (&self->ranges, g_array_unref);
  g_clear_pointer (&self->runs, g_array_unref);
  g_free (self->name);
  g_free (self->device);
  g_free (self);
}

static gboolean
is_log (const IommudTracker *self)
{
  return self->kind == IOMMUD_TRACKER_KIND_DEVICE;
}

static void
set_error (const IommudTracker *self, const IommudKernelAccess *access, const char *log_call,
           const char *hwpt_call, int errnum, GError **error)
{
  g_autofree char *step =
      g_strdup_printf ("%s of %s", is_log (self) ? log_call : hwpt_call, self->name);
  const char *cause = NULL;
  int code = -1;

  if (errnum == EFAULT)
    {
      code = IOMMUD_ERROR_NO_MEMORY;
      cause = "there was no memory for all of its answer";
    }
  else if (errnum == ENOMEM)
    cause = "the kernel or the device is out of memory for it";
  else if (errnum == ENODEV)
    cause = "the device is going away";
  iommud_error_set_from_errno (error, code, access->what, step, errnum, cause);
}

static int
start_log_of (IommudTracker *self, const IommudKernelAccess *access, GArray *ranges,
              guint64 page_size)
{
  int errnum = iommud_vfio_start_dma_logging (access->syscalls, self->cdev, ranges, &page_size);

  if (errnum != 0)
    return errnum;
  self->ranges = g_array_ref (ranges);
  self->page_size = MAX (page_size, IOMMUD_DIRTY_PAGE_SIZE);
  return 0;
}

/* Whether the device may accept fewer or smaller ranges. */
static gboolean
wants_less (int errnum)
{
  return errnum == EINVAL || errnum == E2BIG || errnum == EOPNOTSUPP || errnum == ENOMEM
         || errnum == ENOSPC;
}

/* With room, so that the log need not be started again for what is mapped later. If the device
 * refuses that, without; and some devices can log only one range. */
static int
start_log_once (IommudTracker *self, const IommudKernelAccess *access, const GArray *ranges,
                guint64 page_size)
{
  g_autoptr (GArray) roomy = iommud_log_ranges_new_roomy (ranges);
  g_autoptr (GArray) exact = g_array_copy ((GArray *) ranges);
  g_autoptr (GArray) joined = iommud_log_ranges_new_joined (ranges);
  int errnum = start_log_of (self, access, roomy, page_size);

  if (wants_less (errnum))
    errnum = start_log_of (self, access, exact, page_size);
  if (wants_less (errnum) && ranges->len > 1)
    errnum = start_log_of (self, access, joined, page_size);
  return errnum;
}

/* The log may be running although that is not known, because its record was lost. Then it starts
 * anew. */
static int
start_log (IommudTracker *self, const IommudKernelAccess *access, const GArray *ranges,
           guint64 page_size)
{
  int errnum = start_log_once (self, access, ranges, page_size);

  if (errnum != EINVAL || self->ranges != NULL
      || iommud_vfio_stop_dma_logging (access->syscalls, self->cdev) != 0)
    return errnum;
  return start_log_once (self, access, ranges, page_size) == 0 ? 0 : errnum;
}

gboolean
iommud_tracker_start (IommudTracker *self, const IommudKernelAccess *access, const GArray *ranges,
                      guint64 page_size, GError **error)
{
  int errnum;

  if (is_log (self) && ranges->len == 0)
    return !self->blind || iommud_tracker_stop (self, access, error);
  if (is_log (self))
    errnum = start_log (self, access, ranges, page_size);
  else
    errnum =
        iommud_iommufd_set_dirty_tracking (access->syscalls, access->iommufd, self->hwpt_id, TRUE);
  if (errnum == 0)
    return TRUE;
  set_error (self, access, "DMA_LOGGING_START", "IOMMU_HWPT_SET_DIRTY_TRACKING", errnum, error);
  return FALSE;
}

/* A blind log may be running if its record was lost; stopping a log that does not run changes
 * nothing. */
gboolean
iommud_tracker_stop (IommudTracker *self, const IommudKernelAccess *access, GError **error)
{
  int errnum = 0;

  if (!is_log (self))
    errnum =
        iommud_iommufd_set_dirty_tracking (access->syscalls, access->iommufd, self->hwpt_id, FALSE);
  else if (self->ranges != NULL || self->blind)
    errnum = iommud_vfio_stop_dma_logging (access->syscalls, self->cdev);
  if (errnum == 0)
    {
      g_clear_pointer (&self->ranges, g_array_unref);
      return TRUE;
    }
  set_error (self, access, "DMA_LOGGING_STOP", "IOMMU_HWPT_SET_DIRTY_TRACKING", errnum, error);
  return FALSE;
}

/* The unit that can only be read as a whole. */
static guint64
get_grain (const IommudTracker *self)
{
  return is_log (self) ? self->page_size : LARGEST_IOMMU_PAGE;
}

/* Linux 6.19 to 7.3 clear bits that they have no memory for in the bitmap, and do not say so. So
 * the memory is there before they are asked, or they are not asked. */
static gboolean
prepare_memory (IommudTrackerRead *read, guint64 first, guint64 last, guint64 page_size,
                const guint64 *words)
{
  gsize size = iommud_dirty_bits_get_size ((last - first) / page_size + 1);
  int errnum = iommud_syscalls_populate (read->access->syscalls, words, size);

  if (errnum != 0)
    read->blinded = TRUE;
  return errnum == 0;
}

/* After an error of a log, or for want of memory, what the kernel took may be lost. */
static void
note_error (const IommudTracker *self, IommudTrackerRead *read, int errnum)
{
  if (errnum != 0 && (is_log (self) || (!read->keep && (errnum == ENOMEM || errnum == EFAULT))))
    read->lost = TRUE;
}

static int
call_kernel (IommudTracker *self, const IommudTrackerRead *read, guint64 first, guint64 last,
             guint64 page_size, guint64 *words)
{
  const IommudKernelAccess *access = read->access;

  if (is_log (self))
    return iommud_vfio_report_dma_logging (access->syscalls, self->cdev, first, last - first + 1,
                                           page_size, words);
  return iommud_iommufd_get_dirty_bitmap (access->syscalls, access->iommufd, self->hwpt_id,
                                          read->keep, first, last - first + 1, page_size, words);
}

static int
ask (IommudTracker *self, IommudTrackerRead *read, guint64 first, guint64 last, guint64 page_size,
     guint64 *words)
{
  int errnum = ENOMEM;

  if (!prepare_memory (read, first, last, page_size, words))
    return errnum;
  errnum = call_kernel (self, read, first, last, page_size, words);
  note_error (self, read, errnum);
  return errnum;
}

static guint64
round_down (guint64 address, guint64 unit)
{
  return address & ~(unit - 1);
}

/* The last address of the unit that @address is in. */
static guint64
round_up_last (guint64 address, guint64 unit)
{
  return address | (unit - 1);
}

/* How far the kernel can write straight into the reader's bitmap, beginning at @first: only whole
 * grains and whole pages of the bitmap, and only from the start of a word on. FALSE if it
 * cannot. */
static gboolean
find_direct (const IommudTracker *self, const IommudTrackerRead *read, const IommudIovaRange *run,
             guint64 first, guint64 *last)
{
  const IommudDirtyBits *bits = read->bits;
  guint64 grain = get_grain (self);
  guint64 unit;

  if (bits == NULL || bits->page_size < IOMMUD_DIRTY_PAGE_SIZE
      || bits->iova % (guint64) getpagesize () != 0 || (first != run->first && first % grain != 0)
      || first % bits->page_size != 0 || (first - bits->iova) / bits->page_size % 64 != 0)
    return FALSE;
  *last = MIN (read->last, run->last);
  unit = *last == run->last ? bits->page_size : MAX (grain, bits->page_size);
  if (round_up_last (*last, unit) == *last)
    return TRUE;
  unit = MAX (grain, bits->page_size);
  if (round_down (*last, unit) <= first)
    return FALSE;
  *last = round_down (*last, unit) - 1;
  return TRUE;
}

static void
save (const IommudTracker *self, const IommudTrackerRead *read, const IommudDirtyBits *taken,
      guint64 first, guint64 last)
{
  if (first <= last && (is_log (self) || !read->keep))
    iommud_dirty_store_add (read->saved, taken, first, last);
}

/* Gives the reader what it asked for, and saves the rest. */
static void
distribute (const IommudTracker *self, const IommudTrackerRead *read, const IommudDirtyBits *taken)
{
  guint64 first = taken->iova;
  guint64 last = iommud_dirty_bits_get_last (taken);

  if (read->bits == NULL)
    {
      save (self, read, taken, first, last);
      return;
    }
  iommud_dirty_bits_merge (read->bits, taken, read->first, read->last);
  if (first < read->first)
    save (self, read, taken, first, MIN (last, read->first - 1));
  if (last > read->last)
    save (self, read, taken, MAX (first, read->last + 1), last);
  /* If the reader asks for pages smaller than those that are tracked, this saves the other parts of
   * the pages at the ends. */
  if (read->first % IOMMUD_DIRTY_PAGE_SIZE != 0)
    save (self, read, taken, round_down (read->first, IOMMUD_DIRTY_PAGE_SIZE), read->first);
  if ((read->last + 1) % IOMMUD_DIRTY_PAGE_SIZE != 0)
    save (self, read, taken, read->last, round_up_last (read->last, IOMMUD_DIRTY_PAGE_SIZE));
}

/* Reads one block by way of a temporary bitmap. @last: in, what is asked for; out, how far it
 * went. */
static int
read_block (IommudTracker *self, IommudTrackerRead *read, const IommudIovaRange *run, guint64 first,
            guint64 *last)
{
  guint64 grain = get_grain (self);
  guint64 from = MAX (round_down (first, grain), run->first);
  guint64 to = MIN (round_up_last (first, MAX (grain, LARGEST_IOMMU_PAGE)), *last);
  IommudDirtyBits taken = { .page_size = IOMMUD_DIRTY_PAGE_SIZE };
  g_autofree guint64 *words = NULL;
  int errnum;

  to = MIN (round_up_last (to, grain), run->last);
  taken.iova = from;
  taken.n_bits = (to - from + 1) / IOMMUD_DIRTY_PAGE_SIZE;
  words = g_malloc0 (iommud_dirty_bits_get_size (taken.n_bits));
  taken.words = words;
  errnum = ask (self, read, from, to, IOMMUD_DIRTY_PAGE_SIZE, words);
  if (errnum == 0)
    distribute (self, read, &taken);
  *last = to;
  return errnum;
}

static int
read_run (IommudTracker *self, IommudTrackerRead *read, const IommudIovaRange *run)
{
  guint64 end = MIN (read->last, run->last);
  guint64 first = MAX (read->first, run->first);

  while (first <= end)
    {
      guint64 last = end;
      int errnum;

      if (find_direct (self, read, run, first, &last))
        errnum = ask (self, read, first, last, read->bits->page_size,
                      read->bits->words + (first - read->bits->iova) / read->bits->page_size / 64);
      else
        {
          last = end;
          errnum = read_block (self, read, run, first, &last);
        }
      if (errnum != 0)
        return errnum;
      if (last >= end)
        return 0;
      first = last + 1;
    }
  return 0;
}

/* Reads the runs that lie in one range of a log, in whole pages of the log. */
static void
add_logged_runs (GArray *extents, const IommudTracker *self, const IommudIovaRange *range,
                 const GArray *runs)
{
  for (guint i = 0; i < runs->len; i++)
    {
      const IommudIovaRange *run = &g_array_index (runs, IommudIovaRange, i);
      IommudIovaRange extent = {
        .first = MAX (round_down (run->first, self->page_size), range->first),
        .last = MIN (round_up_last (run->last, self->page_size), range->last),
      };
      IommudIovaRange *before =
          extents->len > 0 ? &g_array_index (extents, IommudIovaRange, extents->len - 1) : NULL;

      if (extent.first > extent.last)
        continue;
      if (before != NULL && before->last >= extent.first)
        before->last = MAX (before->last, extent.last);
      else
        g_array_append_val (extents, extent);
    }
}

static GArray *
get_extents (const IommudTracker *self, const GArray *runs)
{
  GArray *extents;

  if (!is_log (self))
    return g_array_ref (self->runs != NULL ? self->runs : (GArray *) runs);
  extents = g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
  for (guint i = 0; self->ranges != NULL && i < self->ranges->len; i++)
    add_logged_runs (extents, self, &g_array_index (self->ranges, IommudIovaRange, i), runs);
  return extents;
}

gboolean
iommud_tracker_read (IommudTracker *self, IommudTrackerRead *read, GError **error)
{
  g_autoptr (GArray) extents = get_extents (self, read->runs);

  for (guint i = 0; i < extents->len; i++)
    {
      const IommudIovaRange *extent = &g_array_index (extents, IommudIovaRange, i);
      int errnum;

      if (extent->last < read->first || extent->first > read->last)
        continue;
      errnum = read_run (self, read, extent);
      if (errnum == 0)
        continue;
      if (read->blinded)
        set_error (self, read->access, POPULATE, POPULATE, errnum, error);
      else
        set_error (self, read->access, "DMA_LOGGING_REPORT", "IOMMU_HWPT_GET_DIRTY_BITMAP", errnum,
                   error);
      return FALSE;
    }
  return TRUE;
}
