/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verbs of conformance sequences that are ioctls of an iommufd. */
#include "config.h"

#include "conformance-interpreter.h"
#include "kernel/abi.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define PAGE 0x1000u

/* No record of a raw ioctl and no list of ranges of a sequence needs more. */
#define LARGEST_RECORD (1u << 20)

/* Each ioctl has a `size` and most have a `reserved` that must be zero. */
#define SIZE(call, record) ((guint32) conformance_call_number (call, "size", sizeof (record)))
#define NUMBER32(call, key) ((guint32) conformance_call_number (call, key, 0))

static void
verb_ioas (ConformanceCall *call)
{
  struct iommud_abi_ioas_alloc record = { .size = SIZE (call, record),
                                          .flags = NUMBER32 (call, "flags") };

  if (!conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_IOAS_ALLOC,
                                &record, sizeof (record)))
    return;
  conformance_call_append (call, "id=%u", record.out_ioas_id);
  conformance_call_keep (call, record.out_ioas_id);
}

static void
verb_destroy (ConformanceCall *call)
{
  struct iommud_abi_destroy record = { .size = SIZE (call, record), .id = NUMBER32 (call, "id") };

  conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_DESTROY, &record,
                           sizeof (record));
}

static void
verb_raw (ConformanceCall *call)
{
  guint32 size = NUMBER32 (call, "size");
  g_autofree guint8 *record = NULL;

  if (size > LARGEST_RECORD)
    {
      conformance_call_complain (call, "no record is that long");
      return;
    }
  record = g_malloc0 (MAX (size, 512));
  if (size >= sizeof (size) && conformance_call_number (call, "tail", 0) != 0)
    record[size - 1] = 1;
  memcpy (record, &size, sizeof (size));
  conformance_call_ioctl (call, conformance_call_file (call, 0),
                          IOMMUD_ABI_IOCTL ((guint8) conformance_call_number (call, "nr", 0)),
                          (void *) (uintptr_t) conformance_call_pointer (call, record));
}

static void
verb_ranges (ConformanceCall *call)
{
  guint32 room = (guint32) conformance_call_number (call, "num", 64);
  guint32 count = MIN (room, LARGEST_RECORD / sizeof (struct iommud_abi_iova_range));
  g_autofree struct iommud_abi_iova_range *ranges =
      g_new0 (struct iommud_abi_iova_range, count + 1);
  struct iommud_abi_ioas_iova_ranges record = { .size = SIZE (call, record),
                                                .ioas_id = NUMBER32 (call, "ioas"),
                                                .num_iovas = room,
                                                .reserved = NUMBER32 (call, "reserved"),
                                                .allowed_iovas =
                                                    conformance_call_pointer (call, ranges) };
  gboolean ok = conformance_call_record (call, conformance_call_file (call, 0),
                                         IOMMUD_ABI_IOAS_IOVA_RANGES, &record, sizeof (record));

  if (!ok && !g_str_equal (call->answer->str, "EMSGSIZE"))
    return;
  conformance_call_append (call, "num=%u align=%" G_GUINT64_FORMAT, record.num_iovas,
                           (guint64) record.out_iova_alignment);
  for (guint32 i = 0; ok && i < MIN (record.num_iovas, count); i++)
    conformance_call_append (call, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x",
                             (guint64) ranges[i].start, (guint64) ranges[i].last);
}

/* The words `first-last` after the file. */
static GArray *
read_ranges (ConformanceCall *call)
{
  GArray *ranges = g_array_new (FALSE, TRUE, sizeof (struct iommud_abi_iova_range));

  for (guint i = 1; i < call->words->places->len; i++)
    {
      g_auto (GStrv) ends = g_strsplit (conformance_call_place (call, i), "-", 2);
      guint64 first = 0, last = 0;

      if (g_strv_length (ends) != 2)
        conformance_call_complain (call, "'%s' is no range", conformance_call_place (call, i));
      else if (conformance_call_evaluate (call, ends[0], &first)
               && conformance_call_evaluate (call, ends[1], &last))
        {
          struct iommud_abi_iova_range range = { .start = first, .last = last };

          g_array_append_val (ranges, range);
        }
    }
  return ranges;
}

static void
verb_allow (ConformanceCall *call)
{
  g_autoptr (GArray) ranges = read_ranges (call);
  struct iommud_abi_ioas_allow_iovas record = {
    .size = SIZE (call, record),
    .ioas_id = NUMBER32 (call, "ioas"),
    .num_iovas = (guint32) conformance_call_number (call, "num", ranges->len),
    .reserved = NUMBER32 (call, "reserved"),
    .allowed_iovas = conformance_call_pointer (call, ranges->data)
  };

  conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_IOAS_ALLOW_IOVAS,
                           &record, sizeof (record));
}

/* `prot=rw` by default; `prot=-` for none. A given IOVA is a fixed one. */
static guint32
read_map_flags (ConformanceCall *call)
{
  const char *protection = conformance_call_option (call, "prot", "rw");
  guint32 flags = NUMBER32 (call, "flags");

  if (strchr (protection, 'r') != NULL)
    flags |= IOMMUD_ABI_MAP_READABLE;
  if (strchr (protection, 'w') != NULL)
    flags |= IOMMUD_ABI_MAP_WRITEABLE;
  if (conformance_call_has (call, "iova"))
    flags |= IOMMUD_ABI_MAP_FIXED_IOVA;
  return flags;
}

static void
append_iova (ConformanceCall *call, guint64 iova)
{
  if (!conformance_call_has (call, "iova"))
    conformance_call_append (call, "iova=%" G_GINT64_MODIFIER "x", iova);
  conformance_call_keep (call, iova);
}

static void
verb_map (ConformanceCall *call)
{
  struct iommud_abi_ioas_map record = { .size = SIZE (call, record),
                                        .flags = read_map_flags (call),
                                        .ioas_id = NUMBER32 (call, "ioas"),
                                        .reserved = NUMBER32 (call, "reserved"),
                                        .user_va = conformance_call_number (call, "va", 0),
                                        .length = conformance_call_number (call, "len", PAGE),
                                        .iova = conformance_call_number (call, "iova", 0) };

  if (conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_IOAS_MAP, &record,
                               sizeof (record)))
    append_iova (call, record.iova);
}

/* `file=` is a file of the sequence, `fd=` a number in its place. */
static void
verb_map_file (ConformanceCall *call)
{
  int file = conformance_call_has (call, "fd") ? (int) conformance_call_number (call, "fd", 0)
                                               : conformance_call_file_option (call, "file");
  struct iommud_abi_ioas_map_file record = { .size = SIZE (call, record),
                                             .flags = read_map_flags (call),
                                             .ioas_id = NUMBER32 (call, "ioas"),
                                             .fd = file,
                                             .start = conformance_call_number (call, "off", 0),
                                             .length = conformance_call_number (call, "len", PAGE),
                                             .iova = conformance_call_number (call, "iova", 0) };

  if (conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_IOAS_MAP_FILE,
                               &record, sizeof (record)))
    append_iova (call, record.iova);
}

static void
verb_copy (ConformanceCall *call)
{
  struct iommud_abi_ioas_copy record = { .size = SIZE (call, record),
                                         .flags = read_map_flags (call),
                                         .dst_ioas_id = NUMBER32 (call, "dst"),
                                         .src_ioas_id = NUMBER32 (call, "src"),
                                         .length = conformance_call_number (call, "len", PAGE),
                                         .dst_iova = conformance_call_number (call, "iova", 0),
                                         .src_iova = conformance_call_number (call, "siova", 0) };

  if (conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_IOAS_COPY, &record,
                               sizeof (record)))
    append_iova (call, record.dst_iova);
}

static void
verb_unmap (ConformanceCall *call)
{
  struct iommud_abi_ioas_unmap record = { .size = SIZE (call, record),
                                          .ioas_id = NUMBER32 (call, "ioas"),
                                          .iova = conformance_call_number (call, "iova", 0),
                                          .length = conformance_call_number (call, "len", PAGE) };

  if (!conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_IOAS_UNMAP,
                                &record, sizeof (record)))
    return;
  conformance_call_append (call, "len=%" G_GINT64_MODIFIER "x", (guint64) record.length);
  conformance_call_keep (call, record.length);
}

static void
verb_option (ConformanceCall *call)
{
  struct iommud_abi_option record = { .size = SIZE (call, record),
                                      .option_id = NUMBER32 (call, "opt"),
                                      .op = (guint16) conformance_call_number (call, "op", 0),
                                      .reserved = (guint16) NUMBER32 (call, "reserved"),
                                      .object_id = NUMBER32 (call, "obj"),
                                      .val64 = conformance_call_number (call, "val", 0) };

  if (conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_OPTION, &record,
                               sizeof (record))
      && record.op == IOMMUD_ABI_OPTION_OP_GET)
    conformance_call_append (call, "val=%" G_GUINT64_FORMAT, (guint64) record.val64);
}

static void
verb_vfio_ioas (ConformanceCall *call)
{
  struct iommud_abi_vfio_ioas record = { .size = SIZE (call, record),
                                         .ioas_id = NUMBER32 (call, "ioas"),
                                         .op = (guint16) conformance_call_number (call, "op", 0),
                                         .reserved = (guint16) NUMBER32 (call, "reserved") };

  if (conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_VFIO_IOAS, &record,
                               sizeof (record))
      && record.op == IOMMUD_ABI_VFIO_IOAS_GET)
    conformance_call_append (call, "id=%u", record.ioas_id);
}

static void
verb_hwpt (ConformanceCall *call)
{
  guint8 data[64] = { 0 };
  struct iommud_abi_hwpt_alloc record = { .size = SIZE (call, record),
                                          .flags = NUMBER32 (call, "flags"),
                                          .dev_id = NUMBER32 (call, "dev"),
                                          .pt_id = NUMBER32 (call, "pt"),
                                          .reserved = NUMBER32 (call, "reserved"),
                                          .data_type = NUMBER32 (call, "type"),
                                          .data_len = NUMBER32 (call, "len"),
                                          .fault_id = NUMBER32 (call, "fault"),
                                          .reserved2 = NUMBER32 (call, "reserved2") };

  record.data_uptr = record.data_len == 0 ? 0 : conformance_call_pointer (call, data);
  if (conformance_call_has (call, "fault"))
    record.flags |= IOMMUD_ABI_HWPT_FAULT_ID_VALID;
  if (!conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_HWPT_ALLOC,
                                &record, sizeof (record)))
    return;
  conformance_call_append (call, "id=%u", record.out_hwpt_id);
  conformance_call_keep (call, record.out_hwpt_id);
}

static void
verb_invalidate (ConformanceCall *call)
{
  guint8 data[64] = { 0 };
  struct iommud_abi_hwpt_invalidate record = { .size = SIZE (call, record),
                                               .hwpt_id = NUMBER32 (call, "hwpt"),
                                               .data_uptr = conformance_call_pointer (call, data),
                                               .data_type = NUMBER32 (call, "type"),
                                               .entry_len = NUMBER32 (call, "len"),
                                               .entry_num = NUMBER32 (call, "num"),
                                               .reserved = NUMBER32 (call, "reserved") };

  conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_HWPT_INVALIDATE,
                           &record, sizeof (record));
  conformance_call_append (call, "num=%u", record.entry_num);
}

/* `fault F QUEUE`: the queue's file gets that name. */
static void
verb_fault (ConformanceCall *call)
{
  const char *name = conformance_call_place (call, 1);
  struct iommud_abi_fault_alloc record = { .size = SIZE (call, record),
                                           .flags = NUMBER32 (call, "flags") };

  if (!conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_FAULT_QUEUE_ALLOC,
                                &record, sizeof (record)))
    return;
  conformance_call_add_file (call, name, (int) record.out_fault_fd);
  conformance_call_append (call, "id=%u", record.out_fault_id);
  conformance_call_keep (call, record.out_fault_id);
}

/* What the kernel wrote into the data: registers and zeros if the step leaves the length alone,
 * else the byte behind the given length, which must be as it was. */
static void
append_hw_info_data (ConformanceCall *call, const guint8 *data, gsize room, guint32 data_type)
{
  struct iommud_abi_hw_info_vtd vtd;
  guint8 tail = 0;

  if (conformance_call_has (call, "len"))
    {
      if (room > 0)
        conformance_call_append (call, "after=%02x", data[room]);
      return;
    }
  memcpy (&vtd, data, sizeof (vtd));
  if (data_type == IOMMUD_ABI_HW_INFO_TYPE_INTEL_VTD)
    conformance_call_append (call, "cap=%" G_GINT64_MODIFIER "x ecap=%" G_GINT64_MODIFIER "x",
                             (guint64) vtd.cap_reg, (guint64) vtd.ecap_reg);
  for (gsize i = data_type == 0 ? 0 : sizeof (vtd); i < room; i++)
    tail |= data[i];
  conformance_call_append (call, "tail=%02x", tail);
}

static void
verb_hwinfo (ConformanceCall *call)
{
  guint8 data[PAGE];
  guint32 room = (guint32) conformance_call_number (call, "len", 64);
  struct iommud_abi_hw_info record = { .size = SIZE (call, record),
                                       .flags = NUMBER32 (call, "flags"),
                                       .dev_id = NUMBER32 (call, "dev"),
                                       .data_len = room,
                                       .data_uptr = conformance_call_pointer (call, data),
                                       .reserved = { (guint8) NUMBER32 (call, "reserved") } };

  if (room >= sizeof (data) && record.data_uptr != 0)
    {
      conformance_call_complain (call, "no such length");
      return;
    }
  memset (data, 0xee, sizeof (data));
  if (!conformance_call_record (call, conformance_call_file (call, 0), IOMMUD_ABI_GET_HW_INFO,
                                &record, sizeof (record)))
    return;
  conformance_call_append (call, "type=%u len=%u caps=%" G_GINT64_MODIFIER "x pasid=%u",
                           record.out_data_type, record.data_len, (guint64) record.out_capabilities,
                           record.out_max_pasid_log2);
  if (record.data_uptr != 0)
    append_hw_info_data (call, data, room, record.out_data_type);
}

static void
verb_set_dirty (ConformanceCall *call)
{
  guint64 on = conformance_call_number (call, "on", 1);
  struct iommud_abi_hwpt_set_dirty_tracking record = {
    .size = SIZE (call, record),
    .flags = (guint32) conformance_call_number (
        call, "flags", on != 0 ? IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE : 0),
    .hwpt_id = NUMBER32 (call, "hwpt"),
    .reserved = NUMBER32 (call, "reserved")
  };

  conformance_call_record (call, conformance_call_file (call, 0),
                           IOMMUD_ABI_HWPT_SET_DIRTY_TRACKING, &record, sizeof (record));
}

static void
verb_get_dirty (ConformanceCall *call)
{
  g_autofree guint64 *bitmap = conformance_call_make_bitmap (call);
  struct iommud_abi_hwpt_get_dirty_bitmap record = {
    .size = SIZE (call, record),
    .hwpt_id = NUMBER32 (call, "hwpt"),
    .flags = NUMBER32 (call, "flags"),
    .reserved = NUMBER32 (call, "reserved"),
    .iova = conformance_call_number (call, "iova", 0),
    .length = conformance_call_number (call, "len", PAGE),
    .page_size = conformance_call_number (call, "pg", PAGE),
    .data = conformance_call_pointer (call, bitmap)
  };

  if (conformance_call_record (call, conformance_call_file (call, 0),
                               IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP, &record, sizeof (record)))
    conformance_call_append (call, "bits=%" G_GINT64_MODIFIER "x", bitmap[0]);
}

const ConformanceVerb conformance_iommufd_verbs[] = {
  { "allow", verb_allow, FALSE },         { "copy", verb_copy, FALSE },
  { "destroy", verb_destroy, FALSE },     { "fault", verb_fault, FALSE },
  { "get_dirty", verb_get_dirty, FALSE }, { "hwinfo", verb_hwinfo, FALSE },
  { "hwpt", verb_hwpt, FALSE },           { "invalidate", verb_invalidate, FALSE },
  { "ioas", verb_ioas, FALSE },           { "map", verb_map, FALSE },
  { "map_file", verb_map_file, FALSE },   { "option", verb_option, FALSE },
  { "ranges", verb_ranges, FALSE },       { "raw", verb_raw, FALSE },
  { "set_dirty", verb_set_dirty, FALSE }, { "unmap", verb_unmap, FALSE },
  { "vfio_ioas", verb_vfio_ioas, FALSE }, { NULL, NULL, FALSE },
};
