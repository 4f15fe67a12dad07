/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of the library get at the kernel below a simulated host through this. */
#pragma once

#include "iommud-simulator.h"
#include "sim/kernel.h"

G_BEGIN_DECLS

/* Takes @host. */
IommudSimulator *iommud_simulator_new_from_host (IommudSimulatedHost *host);
/* Owned by @self. */
IommudSimulatedKernel *iommud_simulator_get_kernel (IommudSimulator *self);

G_END_DECLS
