/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One debug message for each ioctl, with its record's members as fields of the log: IOMMUD_IOCTL,
 * the kernel's name of the ioctl, IOMMUD_FD, IOMMUD_ERRNO, and IOMMUD_ and the name of each member.
 */
#include "config.h"

#include "kernel/trace.h"

#include <string.h>

#include "kernel/abi.h"

#define MAX_MEMBERS 8
#define MAX_FIELDS (MAX_MEMBERS + 6)
#define MAX_NAME 48
#define MAX_VALUE 24

typedef struct
{
  const char *name; /* NULL: the end */
  guint16 offset;
  guint16 size;
} Member;

typedef struct
{
  unsigned long request;
  const char *name;
  Member members[MAX_MEMBERS + 1];
} Call;

#define MEMBER(type, member)                                                                       \
  {                                                                                                \
#member, G_STRUCT_OFFSET(struct iommud_abi_##type, member),                                    \
        sizeof(((struct iommud_abi_##type *) NULL)->member)                                        \
  }

/* clang-format off: one ioctl a paragraph */
static const Call calls[] = {
  { IOMMUD_ABI_DESTROY, "IOMMU_DESTROY", { MEMBER (destroy, id) } },
  { IOMMUD_ABI_IOAS_ALLOC,
    "IOMMU_IOAS_ALLOC",
    { MEMBER (ioas_alloc, flags), MEMBER (ioas_alloc, out_ioas_id) } },
  { IOMMUD_ABI_IOAS_ALLOW_IOVAS,
    "IOMMU_IOAS_ALLOW_IOVAS",
    { MEMBER (ioas_allow_iovas, ioas_id), MEMBER (ioas_allow_iovas, num_iovas),
      MEMBER (ioas_allow_iovas, allowed_iovas) } },
  { IOMMUD_ABI_IOAS_COPY,
    "IOMMU_IOAS_COPY",
    { MEMBER (ioas_copy, flags), MEMBER (ioas_copy, dst_ioas_id), MEMBER (ioas_copy, src_ioas_id),
      MEMBER (ioas_copy, length), MEMBER (ioas_copy, dst_iova), MEMBER (ioas_copy, src_iova) } },
  { IOMMUD_ABI_IOAS_IOVA_RANGES,
    "IOMMU_IOAS_IOVA_RANGES",
    { MEMBER (ioas_iova_ranges, ioas_id), MEMBER (ioas_iova_ranges, num_iovas),
      MEMBER (ioas_iova_ranges, allowed_iovas), MEMBER (ioas_iova_ranges, out_iova_alignment) } },
  { IOMMUD_ABI_IOAS_MAP,
    "IOMMU_IOAS_MAP",
    { MEMBER (ioas_map, flags), MEMBER (ioas_map, ioas_id), MEMBER (ioas_map, user_va),
      MEMBER (ioas_map, length), MEMBER (ioas_map, iova) } },
  { IOMMUD_ABI_IOAS_MAP_FILE,
    "IOMMU_IOAS_MAP_FILE",
    { MEMBER (ioas_map_file, flags), MEMBER (ioas_map_file, ioas_id), MEMBER (ioas_map_file, fd),
      MEMBER (ioas_map_file, start), MEMBER (ioas_map_file, length),
      MEMBER (ioas_map_file, iova) } },
  { IOMMUD_ABI_IOAS_UNMAP,
    "IOMMU_IOAS_UNMAP",
    { MEMBER (ioas_unmap, ioas_id), MEMBER (ioas_unmap, iova), MEMBER (ioas_unmap, length) } },
  { IOMMUD_ABI_OPTION,
    "IOMMU_OPTION",
    { MEMBER (option, option_id), MEMBER (option, op), MEMBER (option, object_id),
      MEMBER (option, val64) } },
  { IOMMUD_ABI_HWPT_ALLOC,
    "IOMMU_HWPT_ALLOC",
    { MEMBER (hwpt_alloc, flags), MEMBER (hwpt_alloc, dev_id), MEMBER (hwpt_alloc, pt_id),
      MEMBER (hwpt_alloc, out_hwpt_id), MEMBER (hwpt_alloc, data_type),
      MEMBER (hwpt_alloc, data_len), MEMBER (hwpt_alloc, data_uptr),
      MEMBER (hwpt_alloc, fault_id) } },
  { IOMMUD_ABI_GET_HW_INFO,
    "IOMMU_GET_HW_INFO",
    { MEMBER (hw_info, flags), MEMBER (hw_info, dev_id), MEMBER (hw_info, data_len),
      MEMBER (hw_info, data_uptr), MEMBER (hw_info, out_data_type),
      MEMBER (hw_info, out_max_pasid_log2), MEMBER (hw_info, out_capabilities) } },
  { IOMMUD_ABI_HWPT_SET_DIRTY_TRACKING,
    "IOMMU_HWPT_SET_DIRTY_TRACKING",
    { MEMBER (hwpt_set_dirty_tracking, flags), MEMBER (hwpt_set_dirty_tracking, hwpt_id) } },
  { IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP,
    "IOMMU_HWPT_GET_DIRTY_BITMAP",
    { MEMBER (hwpt_get_dirty_bitmap, flags), MEMBER (hwpt_get_dirty_bitmap, hwpt_id),
      MEMBER (hwpt_get_dirty_bitmap, iova), MEMBER (hwpt_get_dirty_bitmap, length),
      MEMBER (hwpt_get_dirty_bitmap, page_size), MEMBER (hwpt_get_dirty_bitmap, data) } },
  { IOMMUD_ABI_VFIO_GET_INFO, "VFIO_DEVICE_GET_INFO", { MEMBER (vfio_device_info, flags) } },
  { IOMMUD_ABI_VFIO_FEATURE,
    "VFIO_DEVICE_FEATURE",
    { MEMBER (vfio_feature, argsz), MEMBER (vfio_feature, flags) } },
  { IOMMUD_ABI_VFIO_BIND_IOMMUFD,
    "VFIO_DEVICE_BIND_IOMMUFD",
    { MEMBER (vfio_bind, flags), MEMBER (vfio_bind, iommufd), MEMBER (vfio_bind, out_devid) } },
  { IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT,
    "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
    { MEMBER (vfio_attach, flags), MEMBER (vfio_attach, pt_id) } },
  { IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT,
    "VFIO_DEVICE_DETACH_IOMMUFD_PT",
    { MEMBER (vfio_detach, flags) } },
};
/* clang-format on */

static const Call *
find_call (unsigned long request)
{
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i].request == request)
      return &calls[i];
  return NULL;
}

typedef enum
{
  DECIMAL,
  HEXADECIMAL,
} Base;

typedef struct
{
  GLogField fields[MAX_FIELDS];
  char names[MAX_MEMBERS][MAX_NAME];
  char values[MAX_FIELDS][MAX_VALUE];
  gsize n;
} Message;

static void
add_field (Message *self, const char *name, const char *value)
{
  self->fields[self->n++] = (GLogField){ name, value, -1 };
}

/* The value is kept in the message. */
static void
add_number (Message *self, const char *name, Base base, guint64 number)
{
  char *value = self->values[self->n];

  if (base == DECIMAL)
    g_snprintf (value, MAX_VALUE, "%d", (int) number);
  else
    g_snprintf (value, MAX_VALUE, "%#" G_GINT64_MODIFIER "x", number);
  add_field (self, name, value);
}

static guint64
read_member (const Member *member, const void *record)
{
  const char *at = (const char *) record + member->offset;
  guint64 number = 0;

  if (member->size == sizeof (guint64))
    memcpy (&number, at, sizeof number);
  else if (member->size == sizeof (guint32))
    number = *(const guint32 *) (gconstpointer) at;
  else if (member->size == sizeof (guint16))
    number = *(const guint16 *) (gconstpointer) at;
  else
    number = *(const guint8 *) at;
  return number;
}

static void
add_members (Message *self, const Call *call, const void *record, GString *text)
{
  for (guint i = 0; call->members[i].name != NULL; i++)
    {
      const Member *member = &call->members[i];
      g_autofree char *upper = g_ascii_strup (member->name, -1);

      g_snprintf (self->names[i], MAX_NAME, "IOMMUD_%s", upper);
      add_number (self, self->names[i], HEXADECIMAL, read_member (member, record));
      g_string_append_printf (text, "%s %s %s", i > 0 ? "," : "", member->name,
                              self->values[self->n - 1]);
    }
}

void
iommud_trace_ioctl (int fd, unsigned long request, const void *record, int errnum)
{
  const Call *call;
  g_autoptr (GString) text = NULL;
  Message message = { .n = 0 };

  if (g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN))
    return;
  call = find_call (request);
  if (call == NULL)
    return;
  text = g_string_new (NULL);
  g_string_printf (text, "%s of file %d:", call->name, fd);
  add_field (&message, "PRIORITY", "7");
  add_field (&message, "GLIB_DOMAIN", G_LOG_DOMAIN);
  add_field (&message, "IOMMUD_IOCTL", call->name);
  add_number (&message, "IOMMUD_FD", DECIMAL, (guint64) fd);
  add_number (&message, "IOMMUD_ERRNO", DECIMAL, (guint64) errnum);
  add_members (&message, call, record, text);
  g_string_append_printf (text, ": %s", errnum == 0 ? "ok" : g_strerror (errnum));
  add_field (&message, "MESSAGE", text->str);
  g_log_structured_array (G_LOG_LEVEL_DEBUG, message.fields, message.n);
}
