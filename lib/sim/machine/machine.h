/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated machine has on its buses: functions, their IOMMUs and groups, and which of them
 * are VFIO devices at the moment. */
#pragma once

#include "sim/machine/function.h"
#include "sim/machine/mdev-pool.h"
#include "sim/machine/uevents.h"

G_BEGIN_DECLS

typedef struct
{
  GHashTable *iommus;     /* of IommudSimulatedIommu by name */
  GHashTable *functions;  /* of IommudSimulatedFunction by name, there or not */
  GQueue present;         /* of those that are there, in the order they came */
  GHashTable *groups;     /* of IommudSimulatedGroup by id */
  GHashTable *nodes;      /* of IommudSimulatedFunction by path; until they are gone */
  GHashTable *vfio_names; /* of IommudSimulatedFunction by vfioN */
  guint lowest_vfio;      /* no number below is free */
  GHashTable *mdev_pool;  /* of IommudSimulatedMdevParent by name */
  GQueue uevents;         /* to be delivered without the lock */
} IommudSimulatedMachine;

void iommud_simulated_machine_init (IommudSimulatedMachine *self);
/* An instance of a type of the parent takes its part of the capacity. EEXIST, ENOSPC. */
int iommud_simulated_machine_create_mdev (IommudSimulatedMachine *self, const char *parent_name,
                                          const IommudSimulatedMdevType *type, const char *uuid);
/* No file may be left. */
void iommud_simulated_machine_clear (IommudSimulatedMachine *self);

int iommud_simulated_machine_add_iommu (IommudSimulatedMachine *self, IommudSimulatedIommu *iommu);
/* Takes @device even if it fails. Its driver is the one that its info names, else VFIO's. */
int iommud_simulated_machine_add_device (IommudSimulatedMachine *self,
                                         IommudSimulatedDevice *device, gboolean made);
int iommud_simulated_machine_add_host_device (IommudSimulatedMachine *self,
                                              IommudSimulatedHostDevice *device);
IommudSimulatedFunction *iommud_simulated_machine_find (IommudSimulatedMachine *self,
                                                        const char *name);
/* NULL unless there is a node of that path, or one that is going away. */
IommudSimulatedFunction *iommud_simulated_machine_find_node (IommudSimulatedMachine *self,
                                                             const char *path);
int iommud_simulated_machine_plug (IommudSimulatedMachine *self, IommudSimulatedFunction *function);
int iommud_simulated_machine_unplug (IommudSimulatedMachine *self,
                                     IommudSimulatedFunction *function);
/* A VFIO driver loses a function with the last close of its files, a host driver at once. ENODEV:
 * no driver has it. */
int iommud_simulated_machine_unbind (IommudSimulatedMachine *self,
                                     IommudSimulatedFunction *function);
/* Called after a file of the function was closed: a function that is leaving goes with the last. */
void iommud_simulated_machine_finish_unplug (IommudSimulatedMachine *self,
                                             IommudSimulatedFunction *function);

/* A driver takes a function that is there and has none. EBUSY: it is a host driver, and the group's
 * DMA belongs to a context. */
int iommud_simulated_machine_bind (IommudSimulatedMachine *self, IommudSimulatedFunction *function,
                                   const char *driver);

G_END_DECLS
