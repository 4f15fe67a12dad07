/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A context of the simulated kernel with one device that is bound, and an IOAS. */
#include "config.h"

#include "simulator-machine.h"

void
simulator_machine_start (SimulatorMachine *self, SimulatorTweak tweak)
{
  simulator_start (&self->simulator);
  simulator_add_iommu (&self->simulator, "dmar0");
  simulator_add_device (&self->simulator, "d0", "dmar0", -1, tweak);
  self->fd = simulator_open_iommufd (&self->simulator);
  self->cdev = simulator_open_cdev (&self->simulator, "d0");
  g_assert_cmpint (simulator_ioas_alloc (&self->simulator, self->fd, &self->ioas), ==, 0);
  g_assert_cmpint (simulator_bind (&self->simulator, self->cdev, self->fd, &self->device), ==, 0);
}

void
simulator_machine_stop (SimulatorMachine *self)
{
  simulator_close (&self->simulator, self->cdev);
  simulator_close (&self->simulator, self->fd);
  simulator_stop (&self->simulator);
}

void
simulator_machine_reserve (IommudSimulatedDevice *device, guint64 first, guint64 last,
                           IommudSimulatedRegionType type)
{
  IommudSimulatedRegion region = { first, last, type };

  g_array_append_val (device->regions, region);
}
