/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles only if our ABI header agrees with the kernel's own headers, as far as those go: an
 * older header lacks some ioctls, and a newer one has longer records with the same beginning.
 * ABI_COMPARE_EXACT says that the headers are those of Linux 6.12; ABI_COMPARE_WRONG adds a lie. */
#include "kernel/abi.h"

#include <stddef.h>

#define SAME_NUMBER(ours, theirs)                                                                  \
  _Static_assert((unsigned long) (IOMMUD_ABI_##ours) == (unsigned long) (theirs), #theirs)
#define SAME_MEMBER(ours, theirs, member)                                                          \
  _Static_assert(offsetof (struct iommud_abi_##ours, member) == offsetof (struct theirs, member)   \
                     && sizeof (((struct iommud_abi_##ours *) 0)->member)                          \
                            == sizeof (((struct theirs *) 0)->member),                             \
                 #theirs "." #member)
#ifdef ABI_COMPARE_EXACT
#define SAME_SIZE(ours, theirs)                                                                    \
  _Static_assert(sizeof (struct iommud_abi_##ours) == sizeof (struct theirs), #theirs)
#else
#define SAME_SIZE(ours, theirs)                                                                    \
  _Static_assert(sizeof (struct iommud_abi_##ours) <= sizeof (struct theirs), #theirs)
#endif

#ifdef ABI_COMPARE_WRONG
#define IOMMUD_ABI_WRONG 1
SAME_NUMBER (WRONG, 2);
#endif

/* Headers straight from a source tree still mark what points into user space. */
#define __user

#if __has_include(<linux/iommufd.h>)
#include <linux/iommufd.h>

SAME_NUMBER (TYPE, IOMMUFD_TYPE);
SAME_NUMBER (DESTROY, IOMMU_DESTROY);
SAME_SIZE (destroy, iommu_destroy);
SAME_MEMBER (destroy, iommu_destroy, size);
SAME_MEMBER (destroy, iommu_destroy, id);
SAME_NUMBER (IOAS_ALLOC, IOMMU_IOAS_ALLOC);
SAME_SIZE (ioas_alloc, iommu_ioas_alloc);
SAME_MEMBER (ioas_alloc, iommu_ioas_alloc, size);
SAME_MEMBER (ioas_alloc, iommu_ioas_alloc, flags);
SAME_MEMBER (ioas_alloc, iommu_ioas_alloc, out_ioas_id);
SAME_NUMBER (IOAS_ALLOW_IOVAS, IOMMU_IOAS_ALLOW_IOVAS);
SAME_SIZE (ioas_allow_iovas, iommu_ioas_allow_iovas);
SAME_MEMBER (ioas_allow_iovas, iommu_ioas_allow_iovas, size);
SAME_MEMBER (ioas_allow_iovas, iommu_ioas_allow_iovas, ioas_id);
SAME_MEMBER (ioas_allow_iovas, iommu_ioas_allow_iovas, num_iovas);
SAME_MEMBER (ioas_allow_iovas, iommu_ioas_allow_iovas, allowed_iovas);
SAME_NUMBER (IOAS_COPY, IOMMU_IOAS_COPY);
SAME_SIZE (ioas_copy, iommu_ioas_copy);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, size);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, flags);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, dst_ioas_id);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, src_ioas_id);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, length);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, dst_iova);
SAME_MEMBER (ioas_copy, iommu_ioas_copy, src_iova);
SAME_NUMBER (IOAS_IOVA_RANGES, IOMMU_IOAS_IOVA_RANGES);
SAME_SIZE (ioas_iova_ranges, iommu_ioas_iova_ranges);
SAME_MEMBER (ioas_iova_ranges, iommu_ioas_iova_ranges, size);
SAME_MEMBER (ioas_iova_ranges, iommu_ioas_iova_ranges, ioas_id);
SAME_MEMBER (ioas_iova_ranges, iommu_ioas_iova_ranges, num_iovas);
SAME_MEMBER (ioas_iova_ranges, iommu_ioas_iova_ranges, allowed_iovas);
SAME_MEMBER (ioas_iova_ranges, iommu_ioas_iova_ranges, out_iova_alignment);
SAME_NUMBER (IOAS_MAP, IOMMU_IOAS_MAP);
SAME_SIZE (ioas_map, iommu_ioas_map);
SAME_MEMBER (ioas_map, iommu_ioas_map, size);
SAME_MEMBER (ioas_map, iommu_ioas_map, flags);
SAME_MEMBER (ioas_map, iommu_ioas_map, ioas_id);
SAME_MEMBER (ioas_map, iommu_ioas_map, user_va);
SAME_MEMBER (ioas_map, iommu_ioas_map, length);
SAME_MEMBER (ioas_map, iommu_ioas_map, iova);
SAME_NUMBER (IOAS_UNMAP, IOMMU_IOAS_UNMAP);
SAME_SIZE (ioas_unmap, iommu_ioas_unmap);
SAME_MEMBER (ioas_unmap, iommu_ioas_unmap, size);
SAME_MEMBER (ioas_unmap, iommu_ioas_unmap, ioas_id);
SAME_MEMBER (ioas_unmap, iommu_ioas_unmap, iova);
SAME_MEMBER (ioas_unmap, iommu_ioas_unmap, length);
SAME_NUMBER (OPTION, IOMMU_OPTION);
SAME_SIZE (option, iommu_option);
SAME_MEMBER (option, iommu_option, size);
SAME_MEMBER (option, iommu_option, option_id);
SAME_MEMBER (option, iommu_option, op);
SAME_MEMBER (option, iommu_option, object_id);
SAME_MEMBER (option, iommu_option, val64);
SAME_NUMBER (VFIO_IOAS, IOMMU_VFIO_IOAS);
SAME_SIZE (vfio_ioas, iommu_vfio_ioas);
SAME_MEMBER (vfio_ioas, iommu_vfio_ioas, size);
SAME_MEMBER (vfio_ioas, iommu_vfio_ioas, ioas_id);
SAME_MEMBER (vfio_ioas, iommu_vfio_ioas, op);
SAME_SIZE (iova_range, iommu_iova_range);
SAME_MEMBER (iova_range, iommu_iova_range, start);
SAME_MEMBER (iova_range, iommu_iova_range, last);
SAME_NUMBER (MAP_FIXED_IOVA, IOMMU_IOAS_MAP_FIXED_IOVA);
SAME_NUMBER (MAP_WRITEABLE, IOMMU_IOAS_MAP_WRITEABLE);
SAME_NUMBER (MAP_READABLE, IOMMU_IOAS_MAP_READABLE);
SAME_NUMBER (OPTION_RLIMIT_MODE, IOMMU_OPTION_RLIMIT_MODE);
SAME_NUMBER (OPTION_HUGE_PAGES, IOMMU_OPTION_HUGE_PAGES);
SAME_NUMBER (OPTION_OP_SET, IOMMU_OPTION_OP_SET);
SAME_NUMBER (OPTION_OP_GET, IOMMU_OPTION_OP_GET);
SAME_NUMBER (VFIO_IOAS_GET, IOMMU_VFIO_IOAS_GET);
SAME_NUMBER (VFIO_IOAS_SET, IOMMU_VFIO_IOAS_SET);
SAME_NUMBER (VFIO_IOAS_CLEAR, IOMMU_VFIO_IOAS_CLEAR);

#ifdef IOMMU_HWPT_ALLOC
SAME_NUMBER (HWPT_ALLOC, IOMMU_HWPT_ALLOC);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, size);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, flags);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, dev_id);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, pt_id);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, out_hwpt_id);
#endif

#ifdef IOMMU_GET_HW_INFO
SAME_NUMBER (GET_HW_INFO, IOMMU_GET_HW_INFO);
SAME_MEMBER (hw_info, iommu_hw_info, size);
SAME_MEMBER (hw_info, iommu_hw_info, flags);
SAME_MEMBER (hw_info, iommu_hw_info, dev_id);
SAME_MEMBER (hw_info, iommu_hw_info, data_len);
SAME_MEMBER (hw_info, iommu_hw_info, data_uptr);
SAME_MEMBER (hw_info, iommu_hw_info, out_data_type);
SAME_SIZE (hw_info_vtd, iommu_hw_info_vtd);
SAME_MEMBER (hw_info_vtd, iommu_hw_info_vtd, flags);
SAME_MEMBER (hw_info_vtd, iommu_hw_info_vtd, cap_reg);
SAME_MEMBER (hw_info_vtd, iommu_hw_info_vtd, ecap_reg);
SAME_NUMBER (HW_INFO_TYPE_NONE, IOMMU_HW_INFO_TYPE_NONE);
SAME_NUMBER (HW_INFO_TYPE_INTEL_VTD, IOMMU_HW_INFO_TYPE_INTEL_VTD);
#endif

#ifdef IOMMU_HWPT_SET_DIRTY_TRACKING
SAME_NUMBER (HWPT_SET_DIRTY_TRACKING, IOMMU_HWPT_SET_DIRTY_TRACKING);
SAME_SIZE (hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking);
SAME_MEMBER (hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking, size);
SAME_MEMBER (hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking, flags);
SAME_MEMBER (hwpt_set_dirty_tracking, iommu_hwpt_set_dirty_tracking, hwpt_id);
SAME_NUMBER (HWPT_DIRTY_TRACKING_ENABLE, IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
SAME_NUMBER (HWPT_ALLOC_NEST_PARENT, IOMMU_HWPT_ALLOC_NEST_PARENT);
SAME_NUMBER (HWPT_ALLOC_DIRTY_TRACKING, IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
SAME_NUMBER (HW_CAP_DIRTY_TRACKING, IOMMU_HW_CAP_DIRTY_TRACKING);
SAME_SIZE (hw_info, iommu_hw_info);
SAME_MEMBER (hw_info, iommu_hw_info, out_capabilities);
#endif

#ifdef IOMMU_HWPT_GET_DIRTY_BITMAP
SAME_NUMBER (HWPT_GET_DIRTY_BITMAP, IOMMU_HWPT_GET_DIRTY_BITMAP);
SAME_SIZE (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, size);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, hwpt_id);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, flags);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, iova);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, length);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, page_size);
SAME_MEMBER (hwpt_get_dirty_bitmap, iommu_hwpt_get_dirty_bitmap, data);
SAME_NUMBER (HWPT_GET_DIRTY_BITMAP_NO_CLEAR, IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR);
#endif

#ifdef IOMMU_HWPT_INVALIDATE
SAME_NUMBER (HWPT_INVALIDATE, IOMMU_HWPT_INVALIDATE);
SAME_SIZE (hwpt_invalidate, iommu_hwpt_invalidate);
SAME_MEMBER (hwpt_invalidate, iommu_hwpt_invalidate, size);
SAME_MEMBER (hwpt_invalidate, iommu_hwpt_invalidate, hwpt_id);
SAME_MEMBER (hwpt_invalidate, iommu_hwpt_invalidate, data_uptr);
SAME_MEMBER (hwpt_invalidate, iommu_hwpt_invalidate, data_type);
SAME_MEMBER (hwpt_invalidate, iommu_hwpt_invalidate, entry_len);
SAME_MEMBER (hwpt_invalidate, iommu_hwpt_invalidate, entry_num);
SAME_SIZE (hwpt_vtd_s1, iommu_hwpt_vtd_s1);
SAME_MEMBER (hwpt_vtd_s1, iommu_hwpt_vtd_s1, flags);
SAME_MEMBER (hwpt_vtd_s1, iommu_hwpt_vtd_s1, pgtbl_addr);
SAME_MEMBER (hwpt_vtd_s1, iommu_hwpt_vtd_s1, addr_width);
SAME_SIZE (hwpt_vtd_s1_invalidate, iommu_hwpt_vtd_s1_invalidate);
SAME_MEMBER (hwpt_vtd_s1_invalidate, iommu_hwpt_vtd_s1_invalidate, addr);
SAME_MEMBER (hwpt_vtd_s1_invalidate, iommu_hwpt_vtd_s1_invalidate, npages);
SAME_MEMBER (hwpt_vtd_s1_invalidate, iommu_hwpt_vtd_s1_invalidate, flags);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, data_type);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, data_len);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, data_uptr);
SAME_NUMBER (HWPT_DATA_NONE, IOMMU_HWPT_DATA_NONE);
SAME_NUMBER (HWPT_DATA_VTD_S1, IOMMU_HWPT_DATA_VTD_S1);
SAME_NUMBER (HWPT_INVALIDATE_DATA_VTD_S1, IOMMU_HWPT_INVALIDATE_DATA_VTD_S1);
SAME_NUMBER (VTD_INV_FLAGS_LEAF, IOMMU_VTD_INV_FLAGS_LEAF);
SAME_NUMBER (VTD_S1_SRE, IOMMU_VTD_S1_SRE);
SAME_NUMBER (VTD_S1_EAFE, IOMMU_VTD_S1_EAFE);
SAME_NUMBER (VTD_S1_WPE, IOMMU_VTD_S1_WPE);
#endif

#ifdef IOMMU_FAULT_QUEUE_ALLOC
SAME_NUMBER (FAULT_QUEUE_ALLOC, IOMMU_FAULT_QUEUE_ALLOC);
SAME_SIZE (fault_alloc, iommu_fault_alloc);
SAME_MEMBER (fault_alloc, iommu_fault_alloc, size);
SAME_MEMBER (fault_alloc, iommu_fault_alloc, flags);
SAME_MEMBER (fault_alloc, iommu_fault_alloc, out_fault_id);
SAME_MEMBER (fault_alloc, iommu_fault_alloc, out_fault_fd);
SAME_SIZE (hwpt_pgfault, iommu_hwpt_pgfault);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, flags);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, dev_id);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, pasid);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, grpid);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, perm);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, addr);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, length);
SAME_MEMBER (hwpt_pgfault, iommu_hwpt_pgfault, cookie);
SAME_SIZE (hwpt_page_response, iommu_hwpt_page_response);
SAME_MEMBER (hwpt_page_response, iommu_hwpt_page_response, cookie);
SAME_MEMBER (hwpt_page_response, iommu_hwpt_page_response, code);
SAME_SIZE (hwpt_alloc, iommu_hwpt_alloc);
SAME_MEMBER (hwpt_alloc, iommu_hwpt_alloc, fault_id);
SAME_NUMBER (HWPT_FAULT_ID_VALID, IOMMU_HWPT_FAULT_ID_VALID);
SAME_NUMBER (PGFAULT_FLAGS_PASID_VALID, IOMMU_PGFAULT_FLAGS_PASID_VALID);
SAME_NUMBER (PGFAULT_FLAGS_LAST_PAGE, IOMMU_PGFAULT_FLAGS_LAST_PAGE);
SAME_NUMBER (PGFAULT_PERM_READ, IOMMU_PGFAULT_PERM_READ);
SAME_NUMBER (PGFAULT_PERM_WRITE, IOMMU_PGFAULT_PERM_WRITE);
SAME_NUMBER (PGFAULT_PERM_EXEC, IOMMU_PGFAULT_PERM_EXEC);
SAME_NUMBER (PGFAULT_PERM_PRIV, IOMMU_PGFAULT_PERM_PRIV);
SAME_NUMBER (PAGE_RESP_SUCCESS, IOMMUFD_PAGE_RESP_SUCCESS);
SAME_NUMBER (PAGE_RESP_INVALID, IOMMUFD_PAGE_RESP_INVALID);
#endif

#ifdef IOMMU_IOAS_MAP_FILE
SAME_NUMBER (NR_IOAS_MAP_FILE, _IOC_NR (IOMMU_IOAS_MAP_FILE));
SAME_NUMBER (IOAS_MAP_FILE, IOMMU_IOAS_MAP_FILE);
SAME_SIZE (ioas_map_file, iommu_ioas_map_file);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, size);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, flags);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, ioas_id);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, fd);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, start);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, length);
SAME_MEMBER (ioas_map_file, iommu_ioas_map_file, iova);
#endif

#ifdef IOMMU_VIOMMU_ALLOC
SAME_NUMBER (NR_VIOMMU_ALLOC, _IOC_NR (IOMMU_VIOMMU_ALLOC));
#endif

#ifdef IOMMU_VDEVICE_ALLOC
SAME_NUMBER (NR_VDEVICE_ALLOC, _IOC_NR (IOMMU_VDEVICE_ALLOC));
#endif

#ifdef IOMMU_IOAS_CHANGE_PROCESS
SAME_NUMBER (NR_IOAS_CHANGE_PROCESS, _IOC_NR (IOMMU_IOAS_CHANGE_PROCESS));
#endif

#ifdef IOMMU_VEVENTQ_ALLOC
SAME_NUMBER (NR_VEVENTQ_ALLOC, _IOC_NR (IOMMU_VEVENTQ_ALLOC));
#endif

#ifdef IOMMU_HW_QUEUE_ALLOC
SAME_NUMBER (NR_HW_QUEUE_ALLOC, _IOC_NR (IOMMU_HW_QUEUE_ALLOC));
#endif

#ifdef ABI_COMPARE_EXACT
SAME_NUMBER (HW_CAP_PCI_PASID_EXEC, IOMMU_HW_CAP_PCI_PASID_EXEC);
SAME_NUMBER (HW_CAP_PCI_PASID_PRIV, IOMMU_HW_CAP_PCI_PASID_PRIV);
SAME_NUMBER (HW_INFO_VTD_ERRATA_772415_SPR17, IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17);
SAME_MEMBER (hw_info, iommu_hw_info, out_max_pasid_log2);
_Static_assert(IOMMUD_ABI_HWPT_ALLOC_MIN_SIZE
                   == offsetof (struct iommu_hwpt_alloc, __reserved) + sizeof (__u32),
               "least size of HWPT_ALLOC");
_Static_assert(IOMMUD_ABI_HW_INFO_MIN_SIZE == offsetof (struct iommu_hw_info, __reserved) + 3,
               "least size of GET_HW_INFO");
#endif
#elif defined ABI_COMPARE_EXACT
#error "no linux/iommufd.h"
#endif

#if __has_include(<linux/vfio.h>)
#include <linux/vfio.h>

SAME_NUMBER (VFIO_GET_API_VERSION, VFIO_GET_API_VERSION);
SAME_NUMBER (VFIO_CHECK_EXTENSION, VFIO_CHECK_EXTENSION);
SAME_NUMBER (VFIO_SET_IOMMU, VFIO_SET_IOMMU);
SAME_NUMBER (VFIO_IOMMU_GET_INFO, VFIO_IOMMU_GET_INFO);
SAME_NUMBER (VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_MAP_DMA);
SAME_NUMBER (VFIO_IOMMU_UNMAP_DMA, VFIO_IOMMU_UNMAP_DMA);
SAME_NUMBER (VFIO_DMA_MAP_READ, VFIO_DMA_MAP_FLAG_READ);
SAME_NUMBER (VFIO_DMA_MAP_WRITE, VFIO_DMA_MAP_FLAG_WRITE);
SAME_NUMBER (VFIO_DMA_UNMAP_ALL, VFIO_DMA_UNMAP_FLAG_ALL);
SAME_NUMBER (VFIO_IOMMU_INFO_PGSIZES, VFIO_IOMMU_INFO_PGSIZES);
SAME_NUMBER (VFIO_IOMMU_INFO_CAPS, VFIO_IOMMU_INFO_CAPS);
SAME_NUMBER (VFIO_INFO_CAP_IOVA_RANGE, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
SAME_NUMBER (VFIO_INFO_CAP_DMA_AVAIL, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
SAME_SIZE (vfio_dma_map, vfio_iommu_type1_dma_map);
SAME_MEMBER (vfio_dma_map, vfio_iommu_type1_dma_map, flags);
SAME_MEMBER (vfio_dma_map, vfio_iommu_type1_dma_map, vaddr);
SAME_MEMBER (vfio_dma_map, vfio_iommu_type1_dma_map, iova);
SAME_MEMBER (vfio_dma_map, vfio_iommu_type1_dma_map, size);
SAME_SIZE (vfio_dma_unmap, vfio_iommu_type1_dma_unmap);
SAME_MEMBER (vfio_dma_unmap, vfio_iommu_type1_dma_unmap, flags);
SAME_MEMBER (vfio_dma_unmap, vfio_iommu_type1_dma_unmap, iova);
SAME_MEMBER (vfio_dma_unmap, vfio_iommu_type1_dma_unmap, size);
SAME_MEMBER (vfio_iommu_info, vfio_iommu_type1_info, flags);
SAME_MEMBER (vfio_iommu_info, vfio_iommu_type1_info, iova_pgsizes);
SAME_MEMBER (vfio_iommu_info, vfio_iommu_type1_info, cap_offset);
SAME_SIZE (vfio_info_header, vfio_info_cap_header);
SAME_MEMBER (vfio_info_header, vfio_info_cap_header, id);
SAME_MEMBER (vfio_info_header, vfio_info_cap_header, version);
SAME_MEMBER (vfio_info_header, vfio_info_cap_header, next);
SAME_MEMBER (vfio_info_dma_avail, vfio_iommu_type1_info_dma_avail, avail);
SAME_MEMBER (vfio_info_iova_ranges, vfio_iommu_type1_info_cap_iova_range, nr_iovas);
SAME_NUMBER (VFIO_GET_INFO, VFIO_DEVICE_GET_INFO);
SAME_NUMBER (VFIO_GET_REGION_INFO, VFIO_DEVICE_GET_REGION_INFO);
SAME_NUMBER (VFIO_GET_IRQ_INFO, VFIO_DEVICE_GET_IRQ_INFO);
SAME_NUMBER (VFIO_RESET, VFIO_DEVICE_RESET);
SAME_NUMBER (VFIO_FEATURE, VFIO_DEVICE_FEATURE);
SAME_MEMBER (vfio_device_info, vfio_device_info, argsz);
SAME_MEMBER (vfio_device_info, vfio_device_info, flags);
SAME_MEMBER (vfio_device_info, vfio_device_info, num_regions);
SAME_MEMBER (vfio_device_info, vfio_device_info, num_irqs);
SAME_MEMBER (vfio_device_info, vfio_device_info, cap_offset);
SAME_SIZE (vfio_region_info, vfio_region_info);
SAME_MEMBER (vfio_region_info, vfio_region_info, argsz);
SAME_MEMBER (vfio_region_info, vfio_region_info, flags);
SAME_MEMBER (vfio_region_info, vfio_region_info, index);
SAME_MEMBER (vfio_region_info, vfio_region_info, cap_offset);
SAME_MEMBER (vfio_region_info, vfio_region_info, size);
SAME_MEMBER (vfio_region_info, vfio_region_info, offset);
SAME_SIZE (vfio_feature, vfio_device_feature);
SAME_MEMBER (vfio_feature, vfio_device_feature, argsz);
SAME_MEMBER (vfio_feature, vfio_device_feature, flags);
SAME_NUMBER (VFIO_FLAGS_RESET, VFIO_DEVICE_FLAGS_RESET);
SAME_NUMBER (VFIO_FLAGS_PCI, VFIO_DEVICE_FLAGS_PCI);
SAME_NUMBER (VFIO_FLAGS_PLATFORM, VFIO_DEVICE_FLAGS_PLATFORM);
SAME_NUMBER (VFIO_FLAGS_AMBA, VFIO_DEVICE_FLAGS_AMBA);
SAME_NUMBER (VFIO_FLAGS_CCW, VFIO_DEVICE_FLAGS_CCW);
SAME_NUMBER (VFIO_FLAGS_AP, VFIO_DEVICE_FLAGS_AP);
SAME_NUMBER (VFIO_FLAGS_FSL_MC, VFIO_DEVICE_FLAGS_FSL_MC);
SAME_NUMBER (VFIO_FLAGS_CAPS, VFIO_DEVICE_FLAGS_CAPS);
SAME_NUMBER (VFIO_REGION_FLAG_READ, VFIO_REGION_INFO_FLAG_READ);
SAME_NUMBER (VFIO_REGION_FLAG_WRITE, VFIO_REGION_INFO_FLAG_WRITE);
SAME_NUMBER (VFIO_REGION_FLAG_MMAP, VFIO_REGION_INFO_FLAG_MMAP);
SAME_NUMBER (VFIO_REGION_FLAG_CAPS, VFIO_REGION_INFO_FLAG_CAPS);
SAME_NUMBER (VFIO_FEATURE_MASK, VFIO_DEVICE_FEATURE_MASK);
SAME_NUMBER (VFIO_FEATURE_GET, VFIO_DEVICE_FEATURE_GET);
SAME_NUMBER (VFIO_FEATURE_SET, VFIO_DEVICE_FEATURE_SET);
SAME_NUMBER (VFIO_FEATURE_PROBE, VFIO_DEVICE_FEATURE_PROBE);

#ifdef VFIO_DEVICE_FLAGS_CDX
SAME_NUMBER (VFIO_FLAGS_CDX, VFIO_DEVICE_FLAGS_CDX);
#endif

#ifdef VFIO_DEVICE_BIND_IOMMUFD
SAME_NUMBER (VFIO_BIND_IOMMUFD, VFIO_DEVICE_BIND_IOMMUFD);
SAME_NUMBER (VFIO_ATTACH_IOMMUFD_PT, VFIO_DEVICE_ATTACH_IOMMUFD_PT);
SAME_NUMBER (VFIO_DETACH_IOMMUFD_PT, VFIO_DEVICE_DETACH_IOMMUFD_PT);
SAME_SIZE (vfio_bind, vfio_device_bind_iommufd);
SAME_MEMBER (vfio_bind, vfio_device_bind_iommufd, argsz);
SAME_MEMBER (vfio_bind, vfio_device_bind_iommufd, flags);
SAME_MEMBER (vfio_bind, vfio_device_bind_iommufd, iommufd);
SAME_MEMBER (vfio_bind, vfio_device_bind_iommufd, out_devid);
SAME_SIZE (vfio_attach, vfio_device_attach_iommufd_pt);
SAME_MEMBER (vfio_attach, vfio_device_attach_iommufd_pt, argsz);
SAME_MEMBER (vfio_attach, vfio_device_attach_iommufd_pt, flags);
SAME_MEMBER (vfio_attach, vfio_device_attach_iommufd_pt, pt_id);
SAME_SIZE (vfio_detach, vfio_device_detach_iommufd_pt);
SAME_MEMBER (vfio_detach, vfio_device_detach_iommufd_pt, argsz);
SAME_MEMBER (vfio_detach, vfio_device_detach_iommufd_pt, flags);
#endif

#ifdef VFIO_DEVICE_FEATURE_DMA_LOGGING_START
SAME_NUMBER (VFIO_FEATURE_DMA_LOGGING_START, VFIO_DEVICE_FEATURE_DMA_LOGGING_START);
SAME_NUMBER (VFIO_FEATURE_DMA_LOGGING_STOP, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP);
SAME_NUMBER (VFIO_FEATURE_DMA_LOGGING_REPORT, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT);
SAME_SIZE (vfio_dma_logging_control, vfio_device_feature_dma_logging_control);
SAME_MEMBER (vfio_dma_logging_control, vfio_device_feature_dma_logging_control, page_size);
SAME_MEMBER (vfio_dma_logging_control, vfio_device_feature_dma_logging_control, num_ranges);
SAME_MEMBER (vfio_dma_logging_control, vfio_device_feature_dma_logging_control, ranges);
SAME_SIZE (vfio_dma_logging_range, vfio_device_feature_dma_logging_range);
SAME_MEMBER (vfio_dma_logging_range, vfio_device_feature_dma_logging_range, iova);
SAME_MEMBER (vfio_dma_logging_range, vfio_device_feature_dma_logging_range, length);
SAME_SIZE (vfio_dma_logging_report, vfio_device_feature_dma_logging_report);
SAME_MEMBER (vfio_dma_logging_report, vfio_device_feature_dma_logging_report, iova);
SAME_MEMBER (vfio_dma_logging_report, vfio_device_feature_dma_logging_report, length);
SAME_MEMBER (vfio_dma_logging_report, vfio_device_feature_dma_logging_report, page_size);
SAME_MEMBER (vfio_dma_logging_report, vfio_device_feature_dma_logging_report, bitmap);
#endif
#endif
