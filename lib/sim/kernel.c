/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated kernel from its making to its end, and what may be done to its machine besides system
 * calls. */
#include "config.h"

#include "sim/objects/dma.h"
#include "sim/kernel-private.h"

#include <errno.h>

void
iommud_simulated_kernel_lock (IommudSimulatedKernel *self)
{
  g_mutex_lock (&self->lock);
}

void
iommud_simulated_kernel_unlock (IommudSimulatedKernel *self)
{
  IommudSimulatedListener listener = self->listener;
  gpointer data = self->listener_data;
  GQueue uevents = self->machine.uevents;

  g_queue_init (&self->machine.uevents);
  g_mutex_unlock (&self->lock);
  iommud_simulated_uevents_deliver (&uevents, listener, data);
}

static void
take_faults (IommudSimulatedKernel *self, const GArray *faults)
{
  for (guint i = 0; i < faults->len; i++)
    {
      const IommudSimulatedFault *fault = &g_array_index (faults, IommudSimulatedFault, i);

      iommud_simulated_kernel_inject_fault (self, fault->operation, fault->nth, fault->errnum,
                                            fault->delay_ms);
    }
}

/* Moves the records out of the description. */
static void
take_machine (IommudSimulatedMachine *machine, IommudSimulatedHost *host)
{
  g_ptr_array_set_free_func (host->iommus, NULL);
  g_ptr_array_set_free_func (host->devices, NULL);
  g_ptr_array_set_free_func (host->host_devices, NULL);
  for (guint i = 0; i < host->iommus->len; i++)
    iommud_simulated_machine_add_iommu (machine, host->iommus->pdata[i]);
  for (guint i = 0; i < host->host_devices->len; i++)
    iommud_simulated_machine_add_host_device (machine, host->host_devices->pdata[i]);
  for (guint i = 0; i < host->devices->len; i++)
    iommud_simulated_machine_add_device (machine, host->devices->pdata[i], FALSE);
}

IommudSimulatedKernel *
iommud_simulated_kernel_new (IommudSimulatedHost *host)
{
  IommudSimulatedKernel *self = g_new0 (IommudSimulatedKernel, 1);

  g_atomic_ref_count_init (&self->references);
  g_mutex_init (&self->lock);
  self->faults = iommud_simulated_faults_new ();
  self->files = iommud_simulated_files_new (&self->lock, iommud_simulated_syscalls_release, self);
  iommud_simulated_syscalls_init (self);
  self->iommufd = host->iommufd;
  self->version = (IommudSimulatedLinux) host->kernel;
  self->privileged = TRUE;
  self->can_lock = TRUE;
  iommud_simulated_machine_init (&self->machine);
  take_machine (&self->machine, host);
  take_faults (self, host->faults);
  iommud_simulated_host_free (host);
  return self;
}

IommudSimulatedKernel *
iommud_simulated_kernel_ref (IommudSimulatedKernel *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
iommud_simulated_kernel_unref (IommudSimulatedKernel *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;
  iommud_simulated_files_free (self->files);
  iommud_simulated_machine_clear (&self->machine);
  iommud_simulated_faults_free (self->faults);
  g_mutex_clear (&self->lock);
  g_free (self);
}

IommudSimulatedFunction *
iommud_simulated_kernel_find (IommudSimulatedKernel *self, const char *name)
{
  return iommud_simulated_machine_find (&self->machine, name);
}

int
iommud_simulated_kernel_add_iommu (IommudSimulatedKernel *self, IommudSimulatedIommu *iommu)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_machine_add_iommu (&self->machine, iommu);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_add_device (IommudSimulatedKernel *self, IommudSimulatedDevice *device)
{
  int errnum;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_machine_add_device (&self->machine, device, FALSE);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_add_host_device (IommudSimulatedKernel *self, const char *name,
                                         const char *driver, const char *iommu, gint32 iommu_group)
{
  IommudSimulatedHostDevice *device = iommud_simulated_host_device_new ();
  int errnum;

  iommud_simulated_replace_string (&device->name, name);
  iommud_simulated_replace_string (&device->driver, driver);
  iommud_simulated_replace_string (&device->iommu, iommu);
  device->iommu_group = iommu_group;

  iommud_simulated_kernel_lock (self);
  errnum = iommud_simulated_machine_add_host_device (&self->machine, device);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_plug (IommudSimulatedKernel *self, const char *name)
{
  IommudSimulatedFunction *function;
  int errnum = ENOENT;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    errnum = iommud_simulated_machine_plug (&self->machine, function);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_unplug (IommudSimulatedKernel *self, const char *name)
{
  IommudSimulatedFunction *function;
  int errnum = ENOENT;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    errnum = iommud_simulated_machine_unplug (&self->machine, function);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

gboolean
iommud_simulated_kernel_has_node (IommudSimulatedKernel *self, const char *name)
{
  g_autofree char *node = iommud_simulated_kernel_get_node (self, name);

  return node != NULL;
}

char *
iommud_simulated_kernel_get_node (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  char *node = NULL;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && iommud_simulated_function_is_vfio (function)
      && *function->info->cdev_path != '\0')
    node = g_strdup (function->info->cdev_path);
  iommud_simulated_kernel_unlock (self);
  return node;
}

gboolean
iommud_simulated_kernel_has_device (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  gboolean present;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  present = function != NULL && function->present;
  iommud_simulated_kernel_unlock (self);
  return present;
}

gboolean
iommud_simulated_kernel_same_group (IommudSimulatedKernel *self, const char *name,
                                    const char *other)
{
  const IommudSimulatedFunction *a;
  const IommudSimulatedFunction *b;
  gboolean same;

  iommud_simulated_kernel_lock (self);
  a = iommud_simulated_kernel_find (self, name);
  b = iommud_simulated_kernel_find (self, other);
  same = a != NULL && b != NULL && a->group != NULL && a->group == b->group;
  iommud_simulated_kernel_unlock (self);
  return same;
}

void
iommud_simulated_kernel_set_capabilities (IommudSimulatedKernel *self, gboolean sys_resource,
                                          gboolean ipc_lock)
{
  iommud_simulated_kernel_lock (self);
  self->privileged = sys_resource;
  self->can_lock = ipc_lock;
  iommud_simulated_kernel_unlock (self);
}

char *
iommud_simulated_kernel_get_driver (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  char *driver = NULL;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present && !function->leaving && *function->driver != '\0')
    driver = g_strdup (function->driver);
  iommud_simulated_kernel_unlock (self);
  return driver;
}

gboolean
iommud_simulated_kernel_is_leaving (IommudSimulatedKernel *self, const char *name)
{
  const IommudSimulatedFunction *function;
  gboolean leaving;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  leaving = function != NULL && function->present && function->leaving;
  iommud_simulated_kernel_unlock (self);
  return leaving;
}

int
iommud_simulated_kernel_dma_write (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                   guint64 length, guint8 value)
{
  IommudSimulatedFunction *function;
  guint64 done;
  int errnum = ENODEV;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present)
    errnum = iommud_simulated_dma_write (function, iova, length, value, &done);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_dma_read (IommudSimulatedKernel *self, const char *name, guint64 iova,
                                  guint64 length, guint8 *data)
{
  IommudSimulatedFunction *function;
  guint64 done;
  int errnum = ENODEV;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL && function->present)
    errnum = iommud_simulated_dma_read (function, iova, length, data, &done);
  iommud_simulated_kernel_unlock (self);
  return errnum;
}

int
iommud_simulated_kernel_fail_driver (IommudSimulatedKernel *self, const char *name,
                                     const char *call, int errnum, guint nth)
{
  IommudSimulatedFunction *function;
  int result = ENODEV;

  iommud_simulated_kernel_lock (self);
  function = iommud_simulated_kernel_find (self, name);
  if (function != NULL)
    result = iommud_simulated_injection_arm (function->injection, call, errnum, nth);
  iommud_simulated_kernel_unlock (self);
  return result;
}

int
iommud_simulated_kernel_inject_fault (IommudSimulatedKernel *self, const char *operation, guint nth,
                                      int errnum, guint delay_ms)
{
  int index = iommud_simulated_operation_from_name (operation);

  if (index < 0)
    return EINVAL;
  iommud_simulated_faults_add (self->faults, (IommudSimulatedOperation) index, nth, errnum,
                               delay_ms);
  return 0;
}

void
iommud_simulated_kernel_clear_faults (IommudSimulatedKernel *self)
{
  iommud_simulated_faults_clear (self->faults);
}

guint
iommud_simulated_kernel_count_calls (IommudSimulatedKernel *self, const char *operation)
{
  int index = iommud_simulated_operation_from_name (operation);

  if (index < 0)
    return 0;
  return iommud_simulated_faults_get_count (self->faults, (IommudSimulatedOperation) index);
}
