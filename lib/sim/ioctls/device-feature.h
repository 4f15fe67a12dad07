/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VFIO_DEVICE_FEATURE: DMA logging by the device itself. */
#pragma once

#include "sim/machine/function.h"

G_BEGIN_DECLS

/* The caller's record is at @address; 0 or an errno. */
int iommud_simulated_device_feature (IommudSimulatedFunction *function, guint64 address);

G_END_DECLS
