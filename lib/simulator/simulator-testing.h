/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way from a simulated host to the kernel below it, which only tests take. */
#pragma once

#include "simulator/iommud-sim.h"
#include "sim/kernel.h"

G_BEGIN_DECLS

/* Owned by @self. */
IommudSimulatedKernel *iommud_simulator_get_kernel (IommudSimulator *self);

G_END_DECLS
