/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOAS_MAP, IOAS_MAP_FILE, IOAS_COPY and IOAS_UNMAP. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_ioas_map_memory (IommudSimulatedCommand *command);
int iommud_simulated_ioas_map_file (IommudSimulatedCommand *command);
int iommud_simulated_ioas_copy (IommudSimulatedCommand *command);
int iommud_simulated_ioas_unmap (IommudSimulatedCommand *command);

G_END_DECLS
