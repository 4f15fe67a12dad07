/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOAS_ALLOC, IOAS_IOVA_RANGES and IOAS_ALLOW_IOVAS. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_ioas_alloc (IommudSimulatedCommand *command);
int iommud_simulated_ioas_allow_iovas (IommudSimulatedCommand *command);
int iommud_simulated_ioas_iova_ranges (IommudSimulatedCommand *command);

G_END_DECLS
