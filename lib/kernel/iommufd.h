/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of an iommufd as typed functions. Each returns 0 or a positive errno. */
#pragma once

#include "base/ranges.h"
#include "kernel/syscalls.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 data_type;    /* IOMMU_HW_INFO_TYPE_*: 0 none, 1 Intel VT-d, 2 Arm SMMUv3 */
  guint64 capabilities; /* IOMMU_HW_CAP_*: bit 0 dirty tracking */
  guint8 max_pasid_log2;
} IommudHwInfo;

/* The kernel's bits; iommufd.c checks that they are those of its header. */
enum
{
  IOMMUD_IOMMUFD_CAPABILITY_DIRTY_TRACKING = 1 << 0, /* of IommudHwInfo.capabilities */
  IOMMUD_IOMMUFD_ALLOC_NEST_PARENT = 1 << 0,         /* of hwpt_alloc's flags */
  IOMMUD_IOMMUFD_ALLOC_DIRTY_TRACKING = 1 << 1,
  IOMMUD_IOMMUFD_RLIMIT_MODE_PROCESS = 1, /* of set_rlimit_mode */
  IOMMUD_IOMMUFD_MAP_FIXED_IOVA = 1 << 0, /* of ioas_map and ioas_copy */
  IOMMUD_IOMMUFD_MAP_WRITEABLE = 1 << 1,
  IOMMUD_IOMMUFD_MAP_READABLE = 1 << 2,
};

int iommud_iommufd_open (const IommudSyscalls *syscalls, int *fd);
int iommud_iommufd_destroy (const IommudSyscalls *syscalls, int fd, guint32 id);
int iommud_iommufd_ioas_alloc (const IommudSyscalls *syscalls, int fd, guint32 *ioas_id);
/* Grows its buffer until the answer fits; @ranges is a new GArray of IommudIovaRange. */
int iommud_iommufd_ioas_iova_ranges (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                                     GArray **ranges, guint64 *alignment);
int iommud_iommufd_set_rlimit_mode (const IommudSyscalls *syscalls, int fd, guint64 mode);
int iommud_iommufd_get_rlimit_mode (const IommudSyscalls *syscalls, int fd, guint64 *mode);
/* Whether the kernel may map an IOAS in pages larger than the smallest. */
int iommud_iommufd_set_huge_pages (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                                   gboolean huge_pages);
/* The IOVAs that the kernel may choose from, an array of IommudIovaRange; an empty one: all. */
int iommud_iommufd_ioas_allow_iovas (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                                     const GArray *ranges);
/* Maps memory of this process. @flags: IOMMUD_IOMMUFD_MAP_*; @iova: in with FIXED, out always. */
int iommud_iommufd_ioas_map (const IommudSyscalls *syscalls, int fd, guint32 ioas_id, guint32 flags,
                             guint64 address, guint64 length, guint64 *iova);
/* The same for a file: Linux 6.13. */
int iommud_iommufd_ioas_map_file (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                                  guint32 flags, int file, guint64 offset, guint64 length,
                                  guint64 *iova);
/* Maps what @source_id has mapped at @source_iova also in @ioas_id. */
int iommud_iommufd_ioas_copy (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                              guint32 source_id, guint32 flags, guint64 source_iova, guint64 length,
                              guint64 *iova);
int iommud_iommufd_ioas_unmap (const IommudSyscalls *syscalls, int fd, guint32 ioas_id,
                               guint64 iova, guint64 length);
/* @pt_id: an IOAS or a nest parent. */
int iommud_iommufd_hwpt_alloc (const IommudSyscalls *syscalls, int fd, guint32 flags,
                               guint32 device_id, guint32 pt_id, guint32 *hwpt_id);
/* Switching it on forgets earlier dirty pages, even if it is on already. */
int iommud_iommufd_set_dirty_tracking (const IommudSyscalls *syscalls, int fd, guint32 hwpt_id,
                                       gboolean enable);
/* Joins the dirty pages of a range into a bitmap, whose bit 0 is @iova, and forgets them unless
 * @keep. The walk ends at the first address that is not mapped, and 6.12 reports neither that nor a
 * driver's error (iopt_read_and_clear_dirty_data in io_pagetable.c). */
int iommud_iommufd_get_dirty_bitmap (const IommudSyscalls *syscalls, int fd, guint32 hwpt_id,
                                     gboolean keep, guint64 iova, guint64 length, guint64 page_size,
                                     guint64 *words);
/* Whether there is a HWPT that translates by itself: 0, or ENOENT. This changes nothing on any
 * kernel: it asks for dirty pages of size 0, which the kernel refuses once it has found the HWPT.
 * (Only new kernels refuse a length of 0.) */
int iommud_iommufd_find_hwpt (const IommudSyscalls *syscalls, int fd, guint32 hwpt_id);
int iommud_iommufd_get_hw_info (const IommudSyscalls *syscalls, int fd, guint32 device_id,
                                IommudHwInfo *info);
/* Whether the kernel knows an ioctl number at all. The record has a size below any minimum. */
gboolean iommud_iommufd_knows (const IommudSyscalls *syscalls, int fd, guint32 number);

G_END_DECLS
