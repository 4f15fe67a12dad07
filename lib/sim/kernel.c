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
iommud_simulated_kernel_add_host_device (IommudSimulatedKernel *self,
                                         IommudSimulatedHostDevice *device)
{
  int errnum;

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

guint
iommud_simulated_kernel_count_calls (IommudSimulatedKernel *self, const char *operation)
{
  int index = iommud_simulated_operation_from_name (operation);

  if (index < 0)
    return 0;
  return iommud_simulated_faults_get_count (self->faults, (IommudSimulatedOperation) index);
}

guint
iommud_simulated_kernel_count_objects (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_files_settle (self->files);
  iommud_simulated_kernel_lock (self);
  count = self->census.objects;
  iommud_simulated_kernel_unlock (self);
  return count;
}

guint
iommud_simulated_kernel_count_contexts (IommudSimulatedKernel *self)
{
  guint count;

  iommud_simulated_files_settle (self->files);
  iommud_simulated_kernel_lock (self);
  count = self->census.contexts;
  iommud_simulated_kernel_unlock (self);
  return count;
}
