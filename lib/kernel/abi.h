/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The binary interface of iommufd and of VFIO cdevs as Linux 6.12 speaks it: numbers, records and
 * bits, checked at compile time. The facts come from include/uapi/linux/iommufd.h and vfio.h. This
 * is a copy of our own, because a system's headers may be older than the kernel that runs, or may
 * lack the file. */
#pragma once

#include <glib.h>
#include <sys/ioctl.h>

G_BEGIN_DECLS

/* The kernel aligns 64-bit members to 8 bytes on every machine; i386 alone would say 4. */
typedef guint64 iommud_abi_u64 __attribute__ ((aligned (8)));

/* iommufd and VFIO share one ioctl type: VFIO has the numbers below 0x80. */
#define IOMMUD_ABI_TYPE (';')
#define IOMMUD_ABI_IOCTL(number) _IO (IOMMUD_ABI_TYPE, (number))

/* The numbers of the ioctls of an iommufd. */
enum
{
  IOMMUD_ABI_NR_DESTROY = 0x80,
  IOMMUD_ABI_NR_IOAS_ALLOC = 0x81,
  IOMMUD_ABI_NR_IOAS_ALLOW_IOVAS = 0x82,
  IOMMUD_ABI_NR_IOAS_COPY = 0x83,
  IOMMUD_ABI_NR_IOAS_IOVA_RANGES = 0x84,
  IOMMUD_ABI_NR_IOAS_MAP = 0x85,
  IOMMUD_ABI_NR_IOAS_UNMAP = 0x86,
  IOMMUD_ABI_NR_OPTION = 0x87,
  IOMMUD_ABI_NR_VFIO_IOAS = 0x88,
  IOMMUD_ABI_NR_HWPT_ALLOC = 0x89,
  IOMMUD_ABI_NR_GET_HW_INFO = 0x8a,
  IOMMUD_ABI_NR_HWPT_SET_DIRTY_TRACKING = 0x8b,
  IOMMUD_ABI_NR_HWPT_GET_DIRTY_BITMAP = 0x8c,
  IOMMUD_ABI_NR_HWPT_INVALIDATE = 0x8d,
  IOMMUD_ABI_NR_FAULT_QUEUE_ALLOC = 0x8e,
  IOMMUD_ABI_NR_IOAS_MAP_FILE = 0x8f, /* Linux 6.13 */
  /* Later than 6.12: known by number only, to ask a kernel whether it has them. */
  IOMMUD_ABI_NR_VIOMMU_ALLOC = 0x90,
  IOMMUD_ABI_NR_VDEVICE_ALLOC = 0x91,
  IOMMUD_ABI_NR_IOAS_CHANGE_PROCESS = 0x92,
  IOMMUD_ABI_NR_VEVENTQ_ALLOC = 0x93,
  IOMMUD_ABI_NR_HW_QUEUE_ALLOC = 0x94,
};

#define IOMMUD_ABI_DESTROY IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_DESTROY)
#define IOMMUD_ABI_IOAS_ALLOC IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_ALLOC)
#define IOMMUD_ABI_IOAS_ALLOW_IOVAS IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_ALLOW_IOVAS)
#define IOMMUD_ABI_IOAS_COPY IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_COPY)
#define IOMMUD_ABI_IOAS_IOVA_RANGES IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_IOVA_RANGES)
#define IOMMUD_ABI_IOAS_MAP IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_MAP)
#define IOMMUD_ABI_IOAS_UNMAP IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_UNMAP)
#define IOMMUD_ABI_OPTION IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_OPTION)
#define IOMMUD_ABI_VFIO_IOAS IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_IOAS)
#define IOMMUD_ABI_HWPT_ALLOC IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_HWPT_ALLOC)
#define IOMMUD_ABI_GET_HW_INFO IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_GET_HW_INFO)
#define IOMMUD_ABI_HWPT_SET_DIRTY_TRACKING IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_HWPT_SET_DIRTY_TRACKING)
#define IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_HWPT_GET_DIRTY_BITMAP)
#define IOMMUD_ABI_HWPT_INVALIDATE IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_HWPT_INVALIDATE)
#define IOMMUD_ABI_FAULT_QUEUE_ALLOC IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_FAULT_QUEUE_ALLOC)
#define IOMMUD_ABI_IOAS_MAP_FILE IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_IOAS_MAP_FILE)

/* Each record of an iommufd ioctl starts with its own size, as the caller knows it. The kernel asks
 * for a minimum size, accepts a longer record if its unknown tail is zero, and otherwise answers
 * E2BIG.
 */

struct iommud_abi_destroy
{
  guint32 size;
  guint32 id;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_destroy) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_destroy, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_destroy, id) == 4);

struct iommud_abi_ioas_alloc
{
  guint32 size;
  guint32 flags; /* none: 0 */
  guint32 out_ioas_id;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_alloc) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_alloc, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_alloc, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_alloc, out_ioas_id) == 8);

struct iommud_abi_iova_range
{
  iommud_abi_u64 start;
  iommud_abi_u64 last; /* inside the range */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_iova_range) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_iova_range, start) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_iova_range, last) == 8);

struct iommud_abi_ioas_iova_ranges
{
  guint32 size;
  guint32 ioas_id;
  guint32 num_iovas; /* in: room; out: needed */
  guint32 reserved;
  iommud_abi_u64 allowed_iovas; /* address of iova_range[] */
  iommud_abi_u64 out_iova_alignment;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_iova_ranges) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_iova_ranges, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_iova_ranges, ioas_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_iova_ranges, num_iovas) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_iova_ranges, reserved) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_iova_ranges, allowed_iovas) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_iova_ranges, out_iova_alignment) == 24);

struct iommud_abi_ioas_allow_iovas
{
  guint32 size;
  guint32 ioas_id;
  guint32 num_iovas;
  guint32 reserved;
  iommud_abi_u64 allowed_iovas; /* address of iova_range[] */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_allow_iovas) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_allow_iovas, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_allow_iovas, ioas_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_allow_iovas, num_iovas) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_allow_iovas, reserved) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_allow_iovas, allowed_iovas) == 16);

enum
{
  IOMMUD_ABI_MAP_FIXED_IOVA = 1 << 0,
  IOMMUD_ABI_MAP_WRITEABLE = 1 << 1,
  IOMMUD_ABI_MAP_READABLE = 1 << 2,
};

struct iommud_abi_ioas_map
{
  guint32 size;
  guint32 flags;
  guint32 ioas_id;
  guint32 reserved;
  iommud_abi_u64 user_va;
  iommud_abi_u64 length;
  iommud_abi_u64 iova; /* in when fixed; out always */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_map) == 40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, ioas_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, reserved) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, user_va) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, length) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map, iova) == 32);

/* Linux 6.13 */
struct iommud_abi_ioas_map_file
{
  guint32 size;
  guint32 flags; /* as of ioas_map */
  guint32 ioas_id;
  gint32 fd;            /* of a memfd, or of a file on tmpfs or hugetlbfs */
  iommud_abi_u64 start; /* offset in the file */
  iommud_abi_u64 length;
  iommud_abi_u64 iova; /* in when fixed; out always */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_map_file) == 40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, ioas_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, fd) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, start) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, length) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_map_file, iova) == 32);

struct iommud_abi_ioas_copy
{
  guint32 size;
  guint32 flags; /* as of ioas_map */
  guint32 dst_ioas_id;
  guint32 src_ioas_id;
  iommud_abi_u64 length;
  iommud_abi_u64 dst_iova; /* in when fixed; out always */
  iommud_abi_u64 src_iova;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_copy) == 40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, dst_ioas_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, src_ioas_id) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, length) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, dst_iova) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_copy, src_iova) == 32);

struct iommud_abi_ioas_unmap
{
  guint32 size;
  guint32 ioas_id;
  iommud_abi_u64 iova;
  iommud_abi_u64 length; /* out: bytes unmapped */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_ioas_unmap) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_unmap, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_unmap, ioas_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_unmap, iova) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_ioas_unmap, length) == 16);

enum
{
  IOMMUD_ABI_OPTION_RLIMIT_MODE = 0, /* value 0: charge the user; 1: charge the process */
  IOMMUD_ABI_OPTION_HUGE_PAGES = 1,  /* of one IOAS; value 0: single pages only */
};

enum
{
  IOMMUD_ABI_OPTION_OP_SET = 0,
  IOMMUD_ABI_OPTION_OP_GET = 1,
};

struct iommud_abi_option
{
  guint32 size;
  guint32 option_id;
  guint16 op;
  guint16 reserved;
  guint32 object_id;
  iommud_abi_u64 val64;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_option) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_option, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_option, option_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_option, op) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_option, reserved) == 10);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_option, object_id) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_option, val64) == 16);

enum
{
  IOMMUD_ABI_VFIO_IOAS_GET = 0,
  IOMMUD_ABI_VFIO_IOAS_SET = 1,
  IOMMUD_ABI_VFIO_IOAS_CLEAR = 2,
};

struct iommud_abi_vfio_ioas
{
  guint32 size;
  guint32 ioas_id;
  guint16 op;
  guint16 reserved;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_ioas) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_ioas, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_ioas, ioas_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_ioas, op) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_ioas, reserved) == 10);

enum
{
  IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT = 1 << 0,
  IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING = 1 << 1,
  IOMMUD_ABI_HWPT_FAULT_ID_VALID = 1 << 2,
};

enum
{
  IOMMUD_ABI_HWPT_DATA_NONE = 0,
  IOMMUD_ABI_HWPT_DATA_VTD_S1 = 1,
};

struct iommud_abi_hwpt_alloc
{
  guint32 size;
  guint32 flags;
  guint32 dev_id;
  guint32 pt_id; /* an IOAS or a nest parent */
  guint32 out_hwpt_id;
  guint32 reserved;
  guint32 data_type;
  guint32 data_len;
  iommud_abi_u64 data_uptr;
  guint32 fault_id;
  guint32 reserved2;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_alloc) == 48);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, dev_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, pt_id) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, out_hwpt_id) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, reserved) == 20);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, data_type) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, data_len) == 28);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, data_uptr) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, fault_id) == 40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_alloc, reserved2) == 44);

/* Records as short as those of Linux 6.6 are still taken: up to the first reserved member. */
#define IOMMUD_ABI_HWPT_ALLOC_MIN_SIZE 24

enum
{
  IOMMUD_ABI_VTD_S1_SRE = 1 << 0,
  IOMMUD_ABI_VTD_S1_EAFE = 1 << 1,
  IOMMUD_ABI_VTD_S1_WPE = 1 << 2,
};

/* Data of a nested HWPT under Intel VT-d. */
struct iommud_abi_hwpt_vtd_s1
{
  iommud_abi_u64 flags;
  iommud_abi_u64 pgtbl_addr;
  guint32 addr_width;
  guint32 reserved;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_vtd_s1) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1, flags) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1, pgtbl_addr) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1, addr_width) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1, reserved) == 20);

enum
{
  IOMMUD_ABI_HW_INFO_TYPE_NONE = 0,
  IOMMUD_ABI_HW_INFO_TYPE_INTEL_VTD = 1,
};

enum
{
  IOMMUD_ABI_HW_CAP_DIRTY_TRACKING = 1 << 0,
  IOMMUD_ABI_HW_CAP_PCI_PASID_EXEC = 1 << 1,
  IOMMUD_ABI_HW_CAP_PCI_PASID_PRIV = 1 << 2,
};

struct iommud_abi_hw_info
{
  guint32 size;
  guint32 flags;
  guint32 dev_id;
  guint32 data_len; /* in: room; out: what the kernel has */
  iommud_abi_u64 data_uptr;
  guint32 out_data_type;
  guint8 out_max_pasid_log2;
  guint8 reserved[3];
  iommud_abi_u64 out_capabilities;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hw_info) == 40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, dev_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, data_len) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, data_uptr) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, out_data_type) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, out_max_pasid_log2) == 28);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, reserved) == 29);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info, out_capabilities) == 32);

/* As of Linux 6.6, which had no out_capabilities. */
#define IOMMUD_ABI_HW_INFO_MIN_SIZE 32

enum
{
  IOMMUD_ABI_HW_INFO_VTD_ERRATA_772415_SPR17 = 1 << 0,
};

/* Data of GET_HW_INFO for Intel VT-d. */
struct iommud_abi_hw_info_vtd
{
  guint32 flags;
  guint32 reserved;
  iommud_abi_u64 cap_reg;
  iommud_abi_u64 ecap_reg;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hw_info_vtd) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info_vtd, flags) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info_vtd, reserved) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info_vtd, cap_reg) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hw_info_vtd, ecap_reg) == 16);

enum
{
  IOMMUD_ABI_HWPT_DIRTY_TRACKING_ENABLE = 1 << 0,
};

struct iommud_abi_hwpt_set_dirty_tracking
{
  guint32 size;
  guint32 flags;
  guint32 hwpt_id;
  guint32 reserved;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_set_dirty_tracking) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_set_dirty_tracking, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_set_dirty_tracking, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_set_dirty_tracking, hwpt_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_set_dirty_tracking, reserved) == 12);

enum
{
  IOMMUD_ABI_HWPT_GET_DIRTY_BITMAP_NO_CLEAR = 1 << 0,
};

struct iommud_abi_hwpt_get_dirty_bitmap
{
  guint32 size;
  guint32 hwpt_id;
  guint32 flags;
  guint32 reserved;
  iommud_abi_u64 iova;
  iommud_abi_u64 length;
  iommud_abi_u64 page_size; /* bytes that a bit stands for */
  iommud_abi_u64 data;      /* address of the bitmap */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_get_dirty_bitmap) == 48);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, hwpt_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, flags) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, reserved) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, iova) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, length) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, page_size) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_get_dirty_bitmap, data) == 40);

enum
{
  IOMMUD_ABI_HWPT_INVALIDATE_DATA_VTD_S1 = 0,
};

enum
{
  IOMMUD_ABI_VTD_INV_FLAGS_LEAF = 1 << 0,
};

struct iommud_abi_hwpt_vtd_s1_invalidate
{
  iommud_abi_u64 addr;
  iommud_abi_u64 npages;
  guint32 flags;
  guint32 reserved;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_vtd_s1_invalidate) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1_invalidate, addr) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1_invalidate, npages) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1_invalidate, flags) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_vtd_s1_invalidate, reserved) == 20);

struct iommud_abi_hwpt_invalidate
{
  guint32 size;
  guint32 hwpt_id;
  iommud_abi_u64 data_uptr;
  guint32 data_type;
  guint32 entry_len;
  guint32 entry_num; /* out: entries done, on failure too */
  guint32 reserved;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_invalidate) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, hwpt_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, data_uptr) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, data_type) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, entry_len) == 20);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, entry_num) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_invalidate, reserved) == 28);

enum
{
  IOMMUD_ABI_PGFAULT_FLAGS_PASID_VALID = 1 << 0,
  IOMMUD_ABI_PGFAULT_FLAGS_LAST_PAGE = 1 << 1,
};

enum
{
  IOMMUD_ABI_PGFAULT_PERM_READ = 1 << 0,
  IOMMUD_ABI_PGFAULT_PERM_WRITE = 1 << 1,
  IOMMUD_ABI_PGFAULT_PERM_EXEC = 1 << 2,
  IOMMUD_ABI_PGFAULT_PERM_PRIV = 1 << 3,
};

/* What a fault queue's file is read in. */
struct iommud_abi_hwpt_pgfault
{
  guint32 flags;
  guint32 dev_id;
  guint32 pasid;
  guint32 grpid;
  guint32 perm;
  guint32 reserved;
  iommud_abi_u64 addr;
  guint32 length;
  guint32 cookie;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_pgfault) == 40);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, flags) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, dev_id) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, pasid) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, grpid) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, perm) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, reserved) == 20);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, addr) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, length) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_pgfault, cookie) == 36);

enum
{
  IOMMUD_ABI_PAGE_RESP_SUCCESS = 0,
  IOMMUD_ABI_PAGE_RESP_INVALID = 1,
};

/* What a fault queue's file is written in. */
struct iommud_abi_hwpt_page_response
{
  guint32 cookie;
  guint32 code;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_hwpt_page_response) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_page_response, cookie) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_hwpt_page_response, code) == 4);

struct iommud_abi_fault_alloc
{
  guint32 size;
  guint32 flags;
  guint32 out_fault_id;
  guint32 out_fault_fd;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_fault_alloc) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_fault_alloc, size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_fault_alloc, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_fault_alloc, out_fault_id) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_fault_alloc, out_fault_fd) == 12);

/* The ioctls of an old VFIO container, which an iommufd answers as well. */
#define IOMMUD_ABI_VFIO_GET_API_VERSION IOMMUD_ABI_IOCTL (100)
#define IOMMUD_ABI_VFIO_CHECK_EXTENSION IOMMUD_ABI_IOCTL (101)
#define IOMMUD_ABI_VFIO_SET_IOMMU IOMMUD_ABI_IOCTL (102)
#define IOMMUD_ABI_VFIO_IOMMU_GET_INFO IOMMUD_ABI_IOCTL (112)
#define IOMMUD_ABI_VFIO_IOMMU_MAP_DMA IOMMUD_ABI_IOCTL (113)
#define IOMMUD_ABI_VFIO_IOMMU_UNMAP_DMA IOMMUD_ABI_IOCTL (114)

enum
{
  IOMMUD_ABI_VFIO_DMA_MAP_READ = 1 << 0,
  IOMMUD_ABI_VFIO_DMA_MAP_WRITE = 1 << 1,
  IOMMUD_ABI_VFIO_DMA_UNMAP_ALL = 1 << 1,
  IOMMUD_ABI_VFIO_IOMMU_INFO_PGSIZES = 1 << 0,
  IOMMUD_ABI_VFIO_IOMMU_INFO_CAPS = 1 << 1,
  IOMMUD_ABI_VFIO_INFO_CAP_IOVA_RANGE = 1,
  IOMMUD_ABI_VFIO_INFO_CAP_DMA_AVAIL = 3,
};

struct iommud_abi_vfio_dma_map
{
  guint32 argsz;
  guint32 flags;
  iommud_abi_u64 vaddr;
  iommud_abi_u64 iova;
  iommud_abi_u64 size;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_dma_map) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_map, vaddr) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_map, iova) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_map, size) == 24);

struct iommud_abi_vfio_dma_unmap
{
  guint32 argsz;
  guint32 flags;
  iommud_abi_u64 iova;
  iommud_abi_u64 size; /* out: bytes unmapped */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_dma_unmap) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_unmap, iova) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_unmap, size) == 16);

struct iommud_abi_vfio_iommu_info
{
  guint32 argsz; /* out: with all capabilities */
  guint32 flags;
  iommud_abi_u64 iova_pgsizes;
  guint32 cap_offset;
  guint32 pad;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_iommu_info) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_iommu_info, iova_pgsizes) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_iommu_info, cap_offset) == 16);

/* The part that a kernel needs at least. */
#define IOMMUD_ABI_VFIO_IOMMU_INFO_MIN_SIZE 16

struct iommud_abi_vfio_info_header
{
  guint16 id;
  guint16 version;
  guint32 next; /* offset in the whole record; 0 for the last */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_info_header) == 8);

struct iommud_abi_vfio_info_dma_avail
{
  struct iommud_abi_vfio_info_header header;
  guint32 avail;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_info_dma_avail) == 12);

/* The ranges follow, as iommud_abi_iova_range[]. */
struct iommud_abi_vfio_info_iova_ranges
{
  struct iommud_abi_vfio_info_header header;
  guint32 nr_iovas;
  guint32 reserved;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_info_iova_ranges) == 16);

/* The numbers of the ioctls of a VFIO device file. */
enum
{
  IOMMUD_ABI_NR_VFIO_GET_INFO = 107,
  IOMMUD_ABI_NR_VFIO_GET_REGION_INFO = 108,
  IOMMUD_ABI_NR_VFIO_GET_IRQ_INFO = 109,
  IOMMUD_ABI_NR_VFIO_RESET = 111,
  IOMMUD_ABI_NR_VFIO_FEATURE = 117,
  IOMMUD_ABI_NR_VFIO_BIND_IOMMUFD = 118,
  IOMMUD_ABI_NR_VFIO_ATTACH_IOMMUFD_PT = 119,
  IOMMUD_ABI_NR_VFIO_DETACH_IOMMUFD_PT = 120,
};

#define IOMMUD_ABI_VFIO_GET_INFO IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_GET_INFO)
#define IOMMUD_ABI_VFIO_GET_REGION_INFO IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_GET_REGION_INFO)
#define IOMMUD_ABI_VFIO_GET_IRQ_INFO IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_GET_IRQ_INFO)
#define IOMMUD_ABI_VFIO_RESET IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_RESET)
#define IOMMUD_ABI_VFIO_FEATURE IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_FEATURE)
#define IOMMUD_ABI_VFIO_BIND_IOMMUFD IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_BIND_IOMMUFD)
#define IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_ATTACH_IOMMUFD_PT)
#define IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT IOMMUD_ABI_IOCTL (IOMMUD_ABI_NR_VFIO_DETACH_IOMMUFD_PT)

/* Each record of a VFIO ioctl starts with its size as the caller knows it: a longer one is taken.
 */

enum
{
  IOMMUD_ABI_VFIO_FLAGS_RESET = 1 << 0,
  IOMMUD_ABI_VFIO_FLAGS_PCI = 1 << 1,
  IOMMUD_ABI_VFIO_FLAGS_PLATFORM = 1 << 2,
  IOMMUD_ABI_VFIO_FLAGS_AMBA = 1 << 3,
  IOMMUD_ABI_VFIO_FLAGS_CCW = 1 << 4,
  IOMMUD_ABI_VFIO_FLAGS_AP = 1 << 5,
  IOMMUD_ABI_VFIO_FLAGS_FSL_MC = 1 << 6,
  IOMMUD_ABI_VFIO_FLAGS_CAPS = 1 << 7,
  IOMMUD_ABI_VFIO_FLAGS_CDX = 1 << 8,
};

struct iommud_abi_vfio_device_info
{
  guint32 argsz;
  guint32 flags;
  guint32 num_regions;
  guint32 num_irqs;
  guint32 cap_offset;
  guint32 pad;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_device_info) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_device_info, argsz) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_device_info, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_device_info, num_regions) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_device_info, num_irqs) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_device_info, cap_offset) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_device_info, pad) == 20);

/* The part that a kernel needs at least. */
#define IOMMUD_ABI_VFIO_DEVICE_INFO_MIN_SIZE 16

enum
{
  IOMMUD_ABI_VFIO_REGION_FLAG_READ = 1 << 0,
  IOMMUD_ABI_VFIO_REGION_FLAG_WRITE = 1 << 1,
  IOMMUD_ABI_VFIO_REGION_FLAG_MMAP = 1 << 2,
  IOMMUD_ABI_VFIO_REGION_FLAG_CAPS = 1 << 3,
};

struct iommud_abi_vfio_region_info
{
  guint32 argsz;
  guint32 flags;
  guint32 index;
  guint32 cap_offset;
  iommud_abi_u64 size;
  iommud_abi_u64 offset;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_region_info) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_region_info, argsz) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_region_info, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_region_info, index) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_region_info, cap_offset) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_region_info, size) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_region_info, offset) == 24);

struct iommud_abi_vfio_bind
{
  guint32 argsz;
  guint32 flags;
  gint32 iommufd;
  guint32 out_devid;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_bind) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_bind, argsz) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_bind, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_bind, iommufd) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_bind, out_devid) == 12);

struct iommud_abi_vfio_attach
{
  guint32 argsz;
  guint32 flags;
  guint32 pt_id; /* in: an IOAS or a HWPT; out: what translates now */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_attach) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_attach, argsz) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_attach, flags) == 4);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_attach, pt_id) == 8);

struct iommud_abi_vfio_detach
{
  guint32 argsz;
  guint32 flags;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_detach) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_detach, argsz) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_detach, flags) == 4);

enum
{
  IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START = 6,  /* SET */
  IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP = 7,   /* SET */
  IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT = 8, /* GET */
};

/* Flags: the number of the feature in the low 16 bits, and one of these, or PROBE together with any
 * of the others.
 */
#define IOMMUD_ABI_VFIO_FEATURE_MASK 0xffffu
#define IOMMUD_ABI_VFIO_FEATURE_GET (1u << 16)
#define IOMMUD_ABI_VFIO_FEATURE_SET (1u << 17)
#define IOMMUD_ABI_VFIO_FEATURE_PROBE (1u << 18)

/* The head of DEVICE_FEATURE; the data of the feature follows it directly. */
struct iommud_abi_vfio_feature
{
  guint32 argsz; /* with the data that follows */
  guint32 flags;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_feature) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_feature, argsz) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_feature, flags) == 4);

struct iommud_abi_vfio_dma_logging_control
{
  iommud_abi_u64 page_size;
  guint32 num_ranges;
  guint32 reserved;
  iommud_abi_u64 ranges; /* address of vfio_dma_logging_range[] */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_dma_logging_control) == 24);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_control, page_size) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_control, num_ranges) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_control, reserved) == 12);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_control, ranges) == 16);

struct iommud_abi_vfio_dma_logging_range
{
  iommud_abi_u64 iova;
  iommud_abi_u64 length;
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_dma_logging_range) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_range, iova) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_range, length) == 8);

struct iommud_abi_vfio_dma_logging_report
{
  iommud_abi_u64 iova;
  iommud_abi_u64 length;
  iommud_abi_u64 page_size;
  iommud_abi_u64 bitmap; /* address of the bitmap */
};
G_STATIC_ASSERT (sizeof (struct iommud_abi_vfio_dma_logging_report) == 32);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_report, iova) == 0);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_report, length) == 8);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_report, page_size) == 16);
G_STATIC_ASSERT (G_STRUCT_OFFSET (struct iommud_abi_vfio_dma_logging_report, bitmap) == 24);

G_END_DECLS
