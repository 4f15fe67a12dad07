/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DMA of simulated devices: real bytes in the memory of the process that mapped it. */
#pragma once

#include "sim/machine/function.h"

G_BEGIN_DECLS

/* *done: the bytes before the place that failed. EFAULT: that place may not be accessed so. */
int iommud_simulated_dma_write (IommudSimulatedFunction *function, guint64 iova, guint64 length,
                                guint8 value, guint64 *done);
int iommud_simulated_dma_read (IommudSimulatedFunction *function, guint64 iova, guint64 length,
                               guint8 *data, guint64 *done);

G_END_DECLS
