/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system calls of a simulated kernel that can be counted, delayed and made to fail. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Indexes of iommud_simulated_operations. */
typedef enum
{
  IOMMUD_SIMULATED_OPEN_IOMMUFD,
  IOMMUD_SIMULATED_OPEN_CDEV,
  IOMMUD_SIMULATED_CLOSE_IOMMUFD,
  IOMMUD_SIMULATED_CLOSE_CDEV,
  IOMMUD_SIMULATED_DESTROY,
  IOMMUD_SIMULATED_IOAS_ALLOC,
  IOMMUD_SIMULATED_IOAS_ALLOW_IOVAS,
  IOMMUD_SIMULATED_IOAS_COPY,
  IOMMUD_SIMULATED_IOAS_IOVA_RANGES,
  IOMMUD_SIMULATED_IOAS_MAP,
  IOMMUD_SIMULATED_IOAS_MAP_FILE,
  IOMMUD_SIMULATED_IOAS_UNMAP,
  IOMMUD_SIMULATED_OPTION,
  IOMMUD_SIMULATED_HWPT_ALLOC,
  IOMMUD_SIMULATED_GET_HW_INFO,
  IOMMUD_SIMULATED_SET_DIRTY_TRACKING,
  IOMMUD_SIMULATED_GET_DIRTY_BITMAP,
  IOMMUD_SIMULATED_HWPT_INVALIDATE,
  IOMMUD_SIMULATED_FAULT_QUEUE_ALLOC,
  IOMMUD_SIMULATED_VFIO_IOAS,
  IOMMUD_SIMULATED_BIND,
  IOMMUD_SIMULATED_ATTACH,
  IOMMUD_SIMULATED_DETACH,
  IOMMUD_SIMULATED_GET_INFO,
  IOMMUD_SIMULATED_GET_REGION_INFO,
  IOMMUD_SIMULATED_GET_IRQ_INFO,
  IOMMUD_SIMULATED_RESET,
  IOMMUD_SIMULATED_FEATURE, /* all features; those of DMA logging, unless probed, also by name */
  IOMMUD_SIMULATED_DMA_LOGGING_START,
  IOMMUD_SIMULATED_DMA_LOGGING_STOP,
  IOMMUD_SIMULATED_DMA_LOGGING_REPORT,
  IOMMUD_SIMULATED_MADVISE,
  IOMMUD_SIMULATED_OPERATIONS_COUNT,
  IOMMUD_SIMULATED_NO_OPERATION = -1, /* a call that no fault can be armed for */
} IommudSimulatedOperation;

/* Their names, NULL-terminated: open-iommufd, open-cdev, close-iommufd, close-cdev, destroy, ... */
extern const char *const iommud_simulated_operations[];
/* The index of a name in iommud_simulated_operations; -1 for a name that is not there. */
int iommud_simulated_operation_from_name (const char *name);

G_END_DECLS
