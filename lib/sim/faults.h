/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls are counted, delayed and made to fail. */
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
  IOMMUD_SIMULATED_OPERATIONS_COUNT,
  IOMMUD_SIMULATED_NO_OPERATION = -1, /* a call that no fault can be armed for */
} IommudSimulatedOperation;

typedef struct _IommudSimulatedFaults IommudSimulatedFaults;

IommudSimulatedFaults *iommud_simulated_faults_new (void);
void iommud_simulated_faults_free (IommudSimulatedFaults *self);
/* @nth: counted from now on, from 1; 0 is every call. */
void iommud_simulated_faults_add (IommudSimulatedFaults *self, IommudSimulatedOperation operation,
                                  guint nth, int errnum, guint delay_ms);
void iommud_simulated_faults_clear (IommudSimulatedFaults *self);
guint iommud_simulated_faults_get_count (IommudSimulatedFaults *self,
                                         IommudSimulatedOperation operation);
/* Counts a call, sleeps as long as it is told to and returns 0 or the errno to fail with. Has its
 * own lock, so that a call that is delayed does not delay others. */
int iommud_simulated_faults_meet (IommudSimulatedFaults *self, IommudSimulatedOperation operation);

G_END_DECLS
