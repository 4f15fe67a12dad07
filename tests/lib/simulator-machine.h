/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A context of the simulated kernel with one device that is bound, and an IOAS. */
#pragma once

#include "simulator-fixture.h"

G_BEGIN_DECLS

typedef struct
{
  Simulator simulator;
  int fd;
  int cdev;
  guint32 ioas;
  guint32 device;
} SimulatorMachine;

void simulator_machine_start (SimulatorMachine *self, SimulatorTweak tweak);
void simulator_machine_stop (SimulatorMachine *self);
/* For tweaks: a region that @device reserves. */
void simulator_machine_reserve (IommudSimulatedDevice *device, guint64 first, guint64 last,
                                IommudSimulatedRegionType type);

G_END_DECLS
