/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FAULT_QUEUE_ALLOC. */
#pragma once

#include "sim/ioctls/command.h"

G_BEGIN_DECLS

int iommud_simulated_fault_queue_alloc (IommudSimulatedCommand *command);

G_END_DECLS
