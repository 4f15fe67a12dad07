/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HWPT_INVALIDATE: user space says what has changed in the tables that it owns. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_hwpt_invalidate (IommudSimulatedCommand *command);

G_END_DECLS
