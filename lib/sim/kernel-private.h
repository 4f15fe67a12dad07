/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A simulated kernel as the files that implement it see it. */
#pragma once

#include "sim/faults.h"
#include "sim/process/files.h"
#include "sim/kernel.h"
#include "sim/machine/machine.h"
#include "sim/objects/context.h"
#include "sim/process/pages.h"

G_BEGIN_DECLS

struct _IommudSimulatedKernel
{
  gatomicrefcount references;
  IommudSyscalls syscalls;
  IommudSimulatedFaults *faults; /* has a lock of its own */

  /* Guards all that follows. It is not held while a call is delayed or the listener is called. */
  GMutex lock;
  IommudSimulatedFiles *files;
  IommudSimulatedMachine machine;
  IommudSimulatedCensus census;
  gboolean iommufd; /* there is a /dev/iommu */
  IommudSimulatedLinux version;
  gboolean privileged; /* the callers have CAP_SYS_RESOURCE */
  gboolean can_lock;   /* the callers have CAP_IPC_LOCK */
  IommudSimulatedAccount of_user;
  IommudSimulatedAccount of_process; /* as IOMMU_OPTION_RLIMIT_MODE wants it */
  IommudSimulatedListener listener;
  gpointer listener_data;
};

void iommud_simulated_kernel_lock (IommudSimulatedKernel *self);
/* Then tells the listener what happened while it was locked. */
void iommud_simulated_kernel_unlock (IommudSimulatedKernel *self);
/* Under the lock. NULL: no such function. */
IommudSimulatedFunction *iommud_simulated_kernel_find (IommudSimulatedKernel *self,
                                                       const char *name);
void iommud_simulated_syscalls_init (IommudSimulatedKernel *self);
/* Under the lock, for a file whose last copy is closed and that no call uses. */
void iommud_simulated_syscalls_release (IommudSimulatedFile *file, gpointer kernel);

G_END_DECLS
