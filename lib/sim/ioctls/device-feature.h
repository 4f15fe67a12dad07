/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DMA logging by the VFIO device itself. */
#pragma once

#include "sim/machine/machine.h"

G_BEGIN_DECLS

/* VFIO_DEVICE_FEATURE with the caller's record at @address; 0 or an errno. */
int iommud_simulated_device_feature (IommudSimulatedFunction *function, guint64 address);
void iommud_simulated_log_stop (IommudSimulatedLog *self);
/* A device wrote to the page of @iova. */
void iommud_simulated_log_note (IommudSimulatedLog *self, guint64 iova);

G_END_DECLS
