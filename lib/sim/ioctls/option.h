/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOMMU_OPTION: the accounting of a context, the page sizes of an IOAS. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_option (IommudSimulatedCommand *command);

G_END_DECLS
