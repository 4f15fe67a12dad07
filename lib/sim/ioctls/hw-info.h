/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOMMU_GET_HW_INFO: what the IOMMU of a device can do. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_get_hw_info (IommudSimulatedCommand *command);

G_END_DECLS
