/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dirty tracking by the IOMMU: which pages of a HWPT devices have written. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_set_dirty_tracking (IommudSimulatedCommand *command);
int iommud_simulated_get_dirty_bitmap (IommudSimulatedCommand *command);

G_END_DECLS
