/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of conformance sequences that are calls on the cdev of a VFIO device. */
#include "config.h"

#include "conformance-interpreter.h"
#include "kernel/abi.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 0x1000u

/* More ranges than any kernel takes. */
#define MOST_RANGES 4096u

#define ARGSZ(call, record) ((guint32) conformance_call_number (call, "argsz", sizeof (record)))
#define NUMBER32(call, key) ((guint32) conformance_call_number (call, key, 0))

/* DEVICE_FEATURE with the longest data that is asked for here. */
typedef struct
{
  struct iommud_abi_vfio_feature head;
  union
  {
    struct iommud_abi_vfio_dma_logging_control control;
    struct iommud_abi_vfio_dma_logging_report report;
    guint8 bytes[256];
  } data;
} Feature;

static void
verb_cdev (ConformanceCall *call)
{
  g_autofree char *path = NULL;
  const char *name = conformance_call_place (call, 0);
  const char *device = conformance_call_place (call, 1);
  int fd = -1;

  if (call->complaint != NULL
      || !conformance_call_answer (call, call->host->find_node (call->host, device, &path))
      || !conformance_call_answer (call, iommud_syscalls_open (call->host->syscalls, path, 0, &fd)))
    return;
  conformance_call_add_file (call, name, fd);
}

/* `bind CDEV IOMMUFD`, where `fd=` stands for a number in the iommufd's place. */
static void
verb_bind (ConformanceCall *call)
{
  int iommufd = conformance_call_has (call, "fd") ? (int) conformance_call_number (call, "fd", 0)
                                                  : conformance_call_file (call, 1);
  struct iommud_abi_vfio_bind record = { .argsz = ARGSZ (call, record),
                                         .flags = NUMBER32 (call, "flags"),
                                         .iommufd = iommufd };

  if (!conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_BIND_IOMMUFD,
                                &record, sizeof (record)))
    return;
  conformance_call_append (call, "id=%u", record.out_devid);
  conformance_call_keep (call, record.out_devid);
}

static void
verb_attach (ConformanceCall *call)
{
  struct iommud_abi_vfio_attach record = { .argsz = ARGSZ (call, record),
                                           .flags = NUMBER32 (call, "flags"),
                                           .pt_id = NUMBER32 (call, "pt") };

  if (!conformance_call_record (call, conformance_call_file (call, 0),
                                IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT, &record, sizeof (record)))
    return;
  conformance_call_append (call, "pt=%u", record.pt_id);
  conformance_call_keep (call, record.pt_id);
}

static void
verb_detach (ConformanceCall *call)
{
  struct iommud_abi_vfio_detach record = { .argsz = ARGSZ (call, record),
                                           .flags = NUMBER32 (call, "flags") };

  conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT,
                           &record, sizeof (record));
}

static void
verb_devinfo (ConformanceCall *call)
{
  struct iommud_abi_vfio_device_info record = { .argsz = ARGSZ (call, record) };

  if (conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_GET_INFO,
                               &record, sizeof (record)))
    conformance_call_append (call, "flags=%x regions=%u irqs=%u", record.flags, record.num_regions,
                             record.num_irqs);
}

static void
verb_regioninfo (ConformanceCall *call)
{
  struct iommud_abi_vfio_region_info record = { .argsz = ARGSZ (call, record),
                                                .index = NUMBER32 (call, "index") };

  if (conformance_call_record (call, conformance_call_file (call, 0),
                               IOMMUD_ABI_VFIO_GET_REGION_INFO, &record, sizeof (record)))
    conformance_call_append (call,
                             "flags=%x size=%" G_GINT64_MODIFIER "x offset=%" G_GINT64_MODIFIER "x",
                             record.flags, (guint64) record.size, (guint64) record.offset);
}

static void
verb_reset (ConformanceCall *call)
{
  conformance_call_ioctl (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_RESET, NULL);
}

static gboolean
is_given (ConformanceCall *call, const char *key)
{
  return conformance_call_number (call, key, 0) != 0;
}

static void
verb_feature (ConformanceCall *call)
{
  Feature record = { .head.flags = NUMBER32 (call, "nr") | NUMBER32 (call, "flags") };
  gboolean probe = is_given (call, "probe");
  guint32 length =
      (guint32) conformance_call_number (call, "len", probe ? 0 : sizeof (record.data));

  record.head.flags |= probe ? IOMMUD_ABI_VFIO_FEATURE_PROBE : 0;
  record.head.flags |= is_given (call, "get") ? IOMMUD_ABI_VFIO_FEATURE_GET : 0;
  record.head.flags |= is_given (call, "set") ? IOMMUD_ABI_VFIO_FEATURE_SET : 0;
  record.head.argsz = (guint32) conformance_call_number (
      call, "argsz", sizeof (record.head) + MIN (length, sizeof (record.data)));
  conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_FEATURE, &record,
                           sizeof (record));
}

static gboolean
call_feature (ConformanceCall *call, guint32 feature, guint32 direction, gsize length,
              Feature *record)
{
  record->head.flags = feature | direction;
  record->head.argsz =
      (guint32) conformance_call_number (call, "argsz", sizeof (record->head) + length);
  return conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_FEATURE,
                                  record, sizeof (*record));
}

/* The words `iova:length` after the file; `num=` makes that many of its own once they are used up.
 */
static GArray *
read_log_ranges (ConformanceCall *call)
{
  GArray *ranges = g_array_new (FALSE, TRUE, sizeof (struct iommud_abi_vfio_dma_logging_range));
  guint64 count = MIN (conformance_call_number (call, "num", 0), MOST_RANGES);

  for (guint i = 1; i < call->words->places->len; i++)
    {
      g_auto (GStrv) parts = g_strsplit (conformance_call_place (call, i), ":", 2);
      guint64 iova = 0, length = 0;

      if (g_strv_length (parts) != 2)
        conformance_call_complain (call, "'%s' is no range", conformance_call_place (call, i));
      else if (conformance_call_evaluate (call, parts[0], &iova)
               && conformance_call_evaluate (call, parts[1], &length))
        {
          struct iommud_abi_vfio_dma_logging_range range = { .iova = iova, .length = length };

          g_array_append_val (ranges, range);
        }
    }
  for (guint i = ranges->len; i < count; i++)
    {
      struct iommud_abi_vfio_dma_logging_range range = { .iova = i * 0x10000, .length = PAGE };

      g_array_append_val (ranges, range);
    }
  return ranges;
}

static void
verb_log_start (ConformanceCall *call)
{
  g_autoptr (GArray) ranges = read_log_ranges (call);
  Feature record = { .data.control = {
                         .page_size = conformance_call_number (call, "pg", PAGE),
                         .num_ranges = (guint32) conformance_call_number (call, "num", ranges->len),
                         .reserved = NUMBER32 (call, "reserved"),
                         .ranges = conformance_call_pointer (call, ranges->data) } };

  if (call_feature (call, IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START, IOMMUD_ABI_VFIO_FEATURE_SET,
                    sizeof (record.data.control), &record))
    conformance_call_append (call, "pg=%" G_GINT64_MODIFIER "x",
                             (guint64) record.data.control.page_size);
}

static void
verb_log_stop (ConformanceCall *call)
{
  Feature record = { 0 };

  call_feature (call, IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP, IOMMUD_ABI_VFIO_FEATURE_SET, 0,
                &record);
}

static void
verb_log_report (ConformanceCall *call)
{
  g_autofree guint64 *bitmap = conformance_call_make_bitmap (call);
  Feature record = { .data.report = { .iova = conformance_call_number (call, "iova", 0),
                                      .length = conformance_call_number (call, "len", PAGE),
                                      .page_size = conformance_call_number (call, "pg", PAGE),
                                      .bitmap = conformance_call_pointer (call, bitmap) } };

  if (call_feature (call, IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT, IOMMUD_ABI_VFIO_FEATURE_GET,
                    sizeof (record.data.report), &record))
    conformance_call_append (call, "bits=%" G_GINT64_MODIFIER "x", bitmap[0]);
}

static void
verb_mmap (ConformanceCall *call)
{
  const IommudSyscalls *syscalls = call->host->syscalls;
  gsize length = (gsize) conformance_call_number (call, "len", PAGE);
  off_t offset = (off_t) conformance_call_number (call, "offset", 0);
  int fd = conformance_call_file (call, 0);
  void *memory;

  if (call->complaint != NULL)
    return;
  memory = syscalls->mmap (syscalls, NULL, length, PROT_READ, MAP_SHARED, fd, offset);
  conformance_call_answer (call, memory == MAP_FAILED ? errno : 0);
  if (memory != MAP_FAILED)
    munmap (memory, length);
}

static void
verb_pread (ConformanceCall *call)
{
  gint64 value = 0;
  int fd = conformance_call_file (call, 0);

  if (call->complaint == NULL
      && conformance_call_answer (call, call->host->register_read (call->host, fd, &value)))
    conformance_call_append (call, "%" G_GINT64_FORMAT, value);
}

static void
verb_regdma (ConformanceCall *call)
{
  gint64 result = 0;
  int fd = conformance_call_file (call, 0);
  guint64 iova = conformance_call_number (call, "iova", 0);
  guint64 length = conformance_call_number (call, "len", 8);
  guint8 value = (guint8) conformance_call_number (call, "byte", 0);

  if (call->complaint == NULL
      && conformance_call_answer (
          call, call->host->register_dma (call->host, fd, iova, length, value, &result)))
    conformance_call_append (call, "result=%" G_GINT64_FORMAT, result);
}

const ConformanceVerb conformance_vfio_verbs[] = {
  { "attach", verb_attach, FALSE },
  { "bind", verb_bind, FALSE },
  { "cdev", verb_cdev, FALSE },
  { "detach", verb_detach, FALSE },
  { "devinfo", verb_devinfo, FALSE },
  { "feature", verb_feature, FALSE },
  { "log_report", verb_log_report, FALSE },
  { "log_start", verb_log_start, FALSE },
  { "log_stop", verb_log_stop, FALSE },
  { "mmap", verb_mmap, FALSE },
  { "pread", verb_pread, FALSE },
  { "regdma", verb_regdma, FALSE },
  { "regioninfo", verb_regioninfo, FALSE },
  { "reset", verb_reset, FALSE },
  { NULL, NULL, FALSE },
};
