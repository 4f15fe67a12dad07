/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sysfs of a simulated kernel's machine. */
#include "config.h"

#include "sim/kernel-private.h"

#include "sim/machine/sysfs.h"

gboolean
iommud_simulated_kernel_path_exists (IommudSimulatedKernel *self, const char *path)
{
  gboolean exists;

  iommud_simulated_kernel_lock (self);
  exists = iommud_simulated_sysfs_exists (&self->machine, path);
  iommud_simulated_kernel_unlock (self);
  return exists;
}

int
iommud_simulated_kernel_read_attribute (IommudSimulatedKernel *self, const char *path, char **value)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_sysfs_read (&self->machine, path, value);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_write_attribute (IommudSimulatedKernel *self, const char *path,
                                         const char *value)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_sysfs_write (&self->machine, path, value);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

void
iommud_simulated_kernel_add_mdev_parent (IommudSimulatedKernel *self, const char *name,
                                         guint capacity)
{
  iommud_simulated_kernel_lock (self);
  iommud_simulated_mdev_pool_add_parent (self->machine.mdev_pool, name, capacity);
  iommud_simulated_kernel_unlock (self);
}

void
iommud_simulated_kernel_add_mdev_type (IommudSimulatedKernel *self, const char *parent,
                                       const char *type, const char *label, const char *device_api,
                                       guint cost)
{
  iommud_simulated_kernel_lock (self);
  iommud_simulated_mdev_pool_add_type (self->machine.mdev_pool, parent, type, label, device_api,
                                       cost);
  iommud_simulated_kernel_unlock (self);
}
