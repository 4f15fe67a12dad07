/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DMA logging features. Order of checks: vfio_main.c of Linux 6.12. */
#include "config.h"

#include "sim/ioctls/device-feature.h"

#include "sim/process/bitmap.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

/* The ranges of a START fit into a page. */
#define MAX_RANGES (4096 / sizeof (struct iommud_abi_vfio_dma_logging_range))
#define OPERATIONS (IOMMUD_ABI_VFIO_FEATURE_GET | IOMMUD_ABI_VFIO_FEATURE_SET)

typedef struct
{
  IommudSimulatedFunction *function;
  guint64 address; /* of the feature's own data */
  guint32 size;    /* of that */
  guint32 flags;
} Feature;

/* If *execute is set, go on; else the result is the answer. */
static int
check_feature (const Feature *feature, guint32 supported, gsize size, gboolean *execute)
{
  *execute = FALSE;
  if ((feature->flags & OPERATIONS & ~supported) != 0)
    return EINVAL;
  if ((feature->flags & IOMMUD_ABI_VFIO_FEATURE_PROBE) != 0)
    return 0;
  if ((feature->flags & OPERATIONS) == 0 || feature->size < size)
    return EINVAL;
  *execute = TRUE;
  return 0;
}

static gboolean
meets_any (GArray *ranges, guint64 first, guint64 last)
{
  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudSimulatedRegion *range = &g_array_index (ranges, IommudSimulatedRegion, i);

      if (range->first <= last && first <= range->last)
        return TRUE;
    }
  return FALSE;
}

static int
load_range (const struct iommud_abi_vfio_dma_logging_control *control, guint32 index,
            GArray *ranges)
{
  struct iommud_abi_vfio_dma_logging_range range;
  IommudSimulatedRegion region = { 0 };
  guint64 mask = control->page_size - 1;

  if (iommud_simulated_copy_from_user (&range, control->ranges + index * sizeof range, sizeof range)
      != 0)
    return EFAULT;
  if ((range.iova & mask) != 0 || (range.length & mask) != 0)
    return EINVAL;
  if (range.length > G_MAXUINT64 - range.iova)
    return EOVERFLOW;
  /* An empty range is accepted too; at 0 it wraps and covers everything. */
  region.first = range.iova;
  region.last = range.iova + range.length - 1;
  if (meets_any (ranges, region.first, region.last))
    return EINVAL;
  g_array_append_val (ranges, region);
  return 0;
}

static int
load_ranges (const struct iommud_abi_vfio_dma_logging_control *control, GArray *ranges)
{
  int errnum = 0;

  if (control->num_ranges == 0)
    return EINVAL;
  if (control->num_ranges > MAX_RANGES)
    return E2BIG;
  for (guint32 i = 0; i < control->num_ranges && errnum == 0; i++)
    errnum = load_range (control, i, ranges);
  return errnum;
}

static int
start_log (IommudSimulatedFunction *function, GArray *ranges, guint64 *page_size)
{
  int errnum = iommud_simulated_injection_take (function->injection, IOMMUD_SIMULATED_DRIVER_LOG);

  if (errnum != 0 || function->description->logs_nothing)
    return errnum;
  return iommud_simulated_log_start (
      &function->log, ranges, function->description->max_logged_ranges,
      G_GUINT64_CONSTANT (1) << function->description->log_page_bits, page_size);
}

static int
feature_start (const Feature *feature)
{
  struct iommud_abi_vfio_dma_logging_control control;
  g_autoptr (GArray) ranges = g_array_new (FALSE, FALSE, sizeof (IommudSimulatedRegion));
  guint64 page_size;
  gboolean execute;
  int errnum = check_feature (feature, IOMMUD_ABI_VFIO_FEATURE_SET, sizeof control, &execute);

  if (!execute)
    return errnum;
  if (iommud_simulated_copy_from_user (&control, feature->address, sizeof control) != 0)
    return EFAULT;
  errnum = load_ranges (&control, ranges);
  page_size = control.page_size;
  if (errnum == 0)
    errnum = start_log (feature->function, ranges, &page_size);
  if (errnum != 0)
    return errnum;
  control.page_size = page_size;
  if (iommud_simulated_copy_to_user (feature->address, &control, sizeof control) == 0)
    return 0;
  iommud_simulated_log_stop (&feature->function->log);
  return EFAULT;
}

static int
feature_stop (const Feature *feature)
{
  gboolean execute;
  int errnum = check_feature (feature, IOMMUD_ABI_VFIO_FEATURE_SET, 0, &execute);

  if (execute)
    iommud_simulated_log_stop (&feature->function->log);
  return errnum;
}

static int
report_log (IommudSimulatedFunction *function,
            const struct iommud_abi_vfio_dma_logging_report *report)
{
  IommudSimulatedLog *log = &function->log;
  IommudSimulatedBitmap bitmap = { .address = report->bitmap,
                                   .iova = report->iova,
                                   .page_shift = (guint) __builtin_ctzll (report->page_size) };
  int errnum = iommud_simulated_injection_take (function->injection, IOMMUD_SIMULATED_DRIVER_LOG);

  if (errnum != 0 || function->description->logs_nothing)
    return errnum;
  if (!log->on)
    return EINVAL;
  if (report->length > 0)
    iommud_simulated_bitmap_report (&bitmap, log->pages, log->page_size, report->iova,
                                    report->iova + report->length - 1, FALSE);
  return 0;
}

static int
feature_report (const Feature *feature)
{
  struct iommud_abi_vfio_dma_logging_report report;
  gboolean execute;
  int errnum = check_feature (feature, IOMMUD_ABI_VFIO_FEATURE_GET, sizeof report, &execute);

  if (!execute)
    return errnum;
  if (iommud_simulated_copy_from_user (&report, feature->address, sizeof report) != 0)
    return EFAULT;
  if (report.page_size < IOMMUD_SIMULATED_PAGE_SIZE
      || (report.page_size & (report.page_size - 1)) != 0)
    return EINVAL;
  if (report.length > G_MAXUINT64 - report.iova)
    return EOVERFLOW;
  return report_log (feature->function, &report);
}

static int
run_feature (const Feature *feature)
{
  if (!feature->function->description->dma_logging)
    return ENOTTY;
  switch (feature->flags & IOMMUD_ABI_VFIO_FEATURE_MASK)
    {
    case IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START:
      return feature_start (feature);
    case IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP:
      return feature_stop (feature);
    case IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT:
      return feature_report (feature);
    default:
      return ENOTTY;
    }
}

int
iommud_simulated_device_feature (IommudSimulatedFunction *function, guint64 address)
{
  const guint32 known = IOMMUD_ABI_VFIO_FEATURE_MASK | OPERATIONS | IOMMUD_ABI_VFIO_FEATURE_PROBE;
  struct iommud_abi_vfio_feature header;
  Feature feature;

  if (iommud_simulated_copy_from_user (&header, address, sizeof header) != 0)
    return EFAULT;
  if (header.argsz < sizeof header || (header.flags & ~known) != 0)
    return EINVAL;
  if ((header.flags & IOMMUD_ABI_VFIO_FEATURE_PROBE) == 0
      && (header.flags & OPERATIONS) == OPERATIONS)
    return EINVAL;
  feature.function = function;
  feature.address = address + sizeof header;
  feature.size = header.argsz - (guint32) sizeof header;
  feature.flags = header.flags;
  return run_feature (&feature);
}
