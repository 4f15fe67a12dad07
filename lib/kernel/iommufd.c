/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of an iommufd: the only code that fills their records. */
#include "config.h"

#include "kernel/iommufd.h"

#include "kernel/abi.h"

#include <errno.h>
#include <stdint.h>

G_STATIC_ASSERT ((int) IOMMUD_IOMMUFD_CAPABILITY_DIRTY_TRACKING
                 == (int) IOMMUD_ABI_HW_CAP_DIRTY_TRACKING);
G_STATIC_ASSERT ((int) IOMMUD_IOMMUFD_ALLOC_NEST_PARENT == (int) IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT);
G_STATIC_ASSERT ((int) IOMMUD_IOMMUFD_ALLOC_DIRTY_TRACKING
                 == (int) IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING);
G_STATIC_ASSERT ((int) IOMMUD_IOMMUFD_MAP_FIXED_IOVA == (int) IOMMUD_ABI_MAP_FIXED_IOVA);
G_STATIC_ASSERT ((int) IOMMUD_IOMMUFD_MAP_WRITEABLE == (int) IOMMUD_ABI_MAP_WRITEABLE);
G_STATIC_ASSERT ((int) IOMMUD_IOMMUFD_MAP_READABLE == (int) IOMMUD_ABI_MAP_READABLE);

#define IOMMUFD_PATH "/dev/iommu"

/* Ranges asked for at once, and the most that an answer may have: reserved regions are few. */
#define FIRST_RANGES 16
#define MAX_RANGES (1u << 16)
/* How often they are asked for: their number can grow between two calls, but not each time. */
#define MAX_RANGE_CALLS 8

int
iommud_iommufd_open (const IommudSyscalls *syscalls, int *fd)
{
  return iommud_syscalls_open (syscalls, IOMMUFD_PATH, 0, fd);
}

int
iommud_iommufd_destroy (const IommudSyscalls *syscalls, int fd, guint32 id)
{
  struct iommud_abi_destroy argument = { .size = sizeof (argument), .id = id };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_DESTROY, &argument);
}

int
iommud_iommufd_ioas_alloc (const IommudSyscalls *syscalls, int fd, guint32 *ioas_id)
{
  struct iommud_abi_ioas_alloc argument = { .size = sizeof (argument) };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_ALLOC, &argument);

  if (errnum == 0)
    *ioas_id = argument.out_ioas_id;
  return errnum;
}

static GArray *
make_ranges (const struct iommud_abi_iova_range *answer, guint count)
{
  GArray *ranges = g_array_sized_new (FALSE, FALSE, sizeof (IommudIovaRange), count);

  for (guint i = 0; i < count; i++)
    {
      IommudIovaRange range = { .first = answer[i].start, .last = answer[i].last };

      g_array_append_val (ranges, range);
    }
  return ranges;
}

int
iommud_iommufd_ioas_iova_ranges (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                                 GArray **ranges, guint64 *alignment)
{
  guint32 room = FIRST_RANGES;

  for (guint calls = 1;; calls++)
    {
      g_autofree struct iommud_abi_iova_range *answer = g_new0 (struct iommud_abi_iova_range, room);
      struct iommud_abi_ioas_iova_ranges argument = { .size = sizeof (argument),
                                                      .ioas_id = ioas_id,
                                                      .num_iovas = room,
                                                      .allowed_iovas = (uintptr_t) answer };
      int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_IOVA_RANGES, &argument);

      if (errnum == 0)
        {
          *ranges = make_ranges (answer, MIN (argument.num_iovas, room));
          *alignment = argument.out_iova_alignment;
          return 0;
        }
      if (errnum != EMSGSIZE || argument.num_iovas <= room || argument.num_iovas > MAX_RANGES
          || calls == MAX_RANGE_CALLS)
        return errnum;
      room = argument.num_iovas;
    }
}

int
iommud_iommufd_set_rlimit_mode (const IommudSyscalls *syscalls, int fd, guint64 mode)
{
  struct iommud_abi_option argument = { .size = sizeof (argument),
                                        .option_id = IOMMUD_ABI_OPTION_RLIMIT_MODE,
                                        .op = IOMMUD_ABI_OPTION_OP_SET,
                                        .val64 = mode };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_OPTION, &argument);
}

int
iommud_iommufd_get_rlimit_mode (const IommudSyscalls *syscalls, int fd, guint64 *mode)
{
  struct iommud_abi_option argument = { .size = sizeof (argument),
                                        .option_id = IOMMUD_ABI_OPTION_RLIMIT_MODE,
                                        .op = IOMMUD_ABI_OPTION_OP_GET };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_OPTION, &argument);

  if (errnum == 0)
    *mode = argument.val64;
  return errnum;
}

int
iommud_iommufd_set_huge_pages (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                               gboolean huge_pages)
{
  struct iommud_abi_option argument = { .size = sizeof (argument),
                                        .option_id = IOMMUD_ABI_OPTION_HUGE_PAGES,
                                        .op = IOMMUD_ABI_OPTION_OP_SET,
                                        .object_id = ioas_id,
                                        .val64 = huge_pages ? 1 : 0 };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_OPTION, &argument);
}

int
iommud_iommufd_ioas_allow_iovas (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                                 const GArray *ranges)
{
  g_autofree struct iommud_abi_iova_range *allowed =
      g_new0 (struct iommud_abi_iova_range, ranges->len + 1);
  struct iommud_abi_ioas_allow_iovas argument = { .size = sizeof (argument),
                                                  .ioas_id = ioas_id,
                                                  .num_iovas = ranges->len,
                                                  .allowed_iovas = (uintptr_t) allowed };

  for (guint i = 0; i < ranges->len; i++)
    {
      allowed[i].start = g_array_index (ranges, IommudIovaRange, i).first;
      allowed[i].last = g_array_index (ranges, IommudIovaRange, i).last;
    }
  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_ALLOW_IOVAS, &argument);
}

int
iommud_iommufd_ioas_map (const IommudSyscalls *syscalls, int fd, guint32 ioas_id, guint32 flags,
                         guint64 address, guint64 length, guint64 *iova)
{
  struct iommud_abi_ioas_map argument = { .size = sizeof (argument),
                                          .flags = flags,
                                          .ioas_id = ioas_id,
                                          .user_va = address,
                                          .length = length,
                                          .iova = *iova };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_MAP, &argument);

  if (errnum == 0)
    *iova = argument.iova;
  return errnum;
}

int
iommud_iommufd_ioas_map_file (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                              guint32 flags, int file, guint64 offset, guint64 length,
                              guint64 *iova)
{
  struct iommud_abi_ioas_map_file argument = { .size = sizeof (argument),
                                               .flags = flags,
                                               .ioas_id = ioas_id,
                                               .fd = file,
                                               .start = offset,
                                               .length = length,
                                               .iova = *iova };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_MAP_FILE, &argument);

  if (errnum == 0)
    *iova = argument.iova;
  return errnum;
}

int
iommud_iommufd_ioas_copy (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                          guint32 source_id, guint32 flags, guint64 source_iova, guint64 length,
                          guint64 *iova)
{
  struct iommud_abi_ioas_copy argument = { .size = sizeof (argument),
                                           .flags = flags,
                                           .dst_ioas_id = ioas_id,
                                           .src_ioas_id = source_id,
                                           .length = length,
                                           .dst_iova = *iova,
                                           .src_iova = source_iova };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_COPY, &argument);

  if (errnum == 0)
    *iova = argument.dst_iova;
  return errnum;
}

int
iommud_iommufd_ioas_unmap (const IommudSyscalls *syscalls, int fd, guint32 ioas_id, guint64 iova,
                           guint64 length)
{
  struct iommud_abi_ioas_unmap argument = {
    .size = sizeof (argument), .ioas_id = ioas_id, .iova = iova, .length = length
  };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOAS_UNMAP, &argument);
}

int
iommud_iommufd_hwpt_alloc (const IommudSyscalls *syscalls, int fd, guint32 flags, guint32 device_id,
                           guint32 pt_id, guint32 *hwpt_id)
{
  struct iommud_abi_hwpt_alloc argument = { .size = sizeof (argument),
                                            .flags = flags,
                                            .dev_id = device_id,
                                            .pt_id = pt_id,
                                            .data_type = IOMMUD_ABI_HWPT_DATA_NONE };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_HWPT_ALLOC, &argument);

  if (errnum == 0)
    *hwpt_id = argument.out_hwpt_id;
  return errnum;
}

int
iommud_iommufd_set_dirty_tracking (const IommudSyscalls *syscalls, int fd, guint32 hwpt_id,
                                   gboolean enable)
{
  struct iommud_abi_hwpt_set_dirty_tracking argument = {
    .size = sizeof (argument),
    .flags = enable ? IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE : 0,
    .hwpt_id = hwpt_id,
  };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_HWPT_SET_DIRTY_TRACKING, &argument);
}

int
iommud_iommufd_get_dirty_bitmap (const IommudSyscalls *syscalls, int fd, guint32 hwpt_id,
                                 gboolean keep, guint64 iova, guint64 length, guint64 page_size,
                                 guint64 *words)
{
  struct iommud_abi_hwpt_get_dirty_bitmap argument = {
    .size = sizeof (argument),
    .hwpt_id = hwpt_id,
    .flags = keep ? IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP_NO_CLEAR : 0,
    .iova = iova,
    .length = length,
    .page_size = page_size,
    .data = (uintptr_t) words,
  };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP, &argument);
}

int
iommud_iommufd_find_hwpt (const IommudSyscalls *syscalls, int fd, guint32 hwpt_id)
{
  int errnum = iommud_iommufd_get_dirty_bitmap (syscalls, fd, hwpt_id, TRUE, 0, 4096, 0, NULL);

  return errnum == EINVAL ? 0 : errnum;
}

int
iommud_iommufd_get_hw_info (const IommudSyscalls *syscalls, int fd, guint32 device_id,
                            IommudHwInfo *info)
{
  struct iommud_abi_hw_info argument = { .size = sizeof (argument), .dev_id = device_id };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_GET_HW_INFO, &argument);

  if (errnum != 0)
    return errnum;
  *info = (IommudHwInfo){ .data_type = argument.out_data_type,
                          .capabilities = argument.out_capabilities,
                          .max_pasid_log2 = argument.out_max_pasid_log2 };
  return 0;
}

gboolean
iommud_iommufd_knows (const IommudSyscalls *syscalls, int fd, guint32 number)
{
  /* As long as the longest record: a kernel that reads on finds zeros. */
  guint64 argument[16] = { 0 };

  /* The lower numbers belong to VFIO, and some of its ioctls act without regard to the record. */
  if (number < IOMMUD_ABI_NR_DESTROY || number > G_MAXUINT8)
    return FALSE;

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_IOCTL (number), argument) == EINVAL;
}
