/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated machine has on its buses: functions, their IOMMUs and groups, and which of them
 * are VFIO devices at the moment. */
#pragma once

#include "sim/description/description.h"
#include "sim/machine/injection.h"
#include "sim/kernel.h"
#include "sim/objects/context.h"
#include "sim/sets/page-set.h"

G_BEGIN_DECLS

typedef struct _IommudSimulatedHwpt IommudSimulatedHwpt;

typedef struct
{
  gint32 id;
  GPtrArray *members;            /* of IommudSimulatedFunction: all that are there */
  IommudSimulatedContext *owner; /* of DMA; NULL for nobody */
  guint owners;                  /* bound devices */
  IommudSimulatedHwpt *hwpt;     /* NULL: blocked if owned, else identity */
  GList *hwpt_link;              /* among the groups of hwpt */
  GPtrArray *attached;           /* those that attached, in order */
} IommudSimulatedGroup;

/* DMA logging of a VFIO device. */
typedef struct
{
  gboolean on;
  guint64 page_size;
  GArray *ranges;       /* of IommudSimulatedRegion */
  IommudPageSet *pages; /* by page_size; NULL unless on */
} IommudSimulatedLog;

typedef struct
{
  IommudSimulatedDevice *description;
  const IommudSimulatedIommu *iommu; /* NULL for an mdev */
  char *usual_driver;                /* that claims it unless overridden; "" for none */
  gboolean usual_is_vfio;
  char *driver_override; /* "" for none */
  gboolean made;         /* by a write to sysfs: its description goes with it */

  /* While it is on its bus. */
  gboolean present;
  gboolean leaving;   /* unplugged, or taken from its VFIO driver, with files still open */
  gboolean unbinding; /* leaving its driver alone, not its bus */
  char *driver;       /* that holds it; "" for none */
  IommudSimulatedGroup *group;
  GList *link;                     /* among those that are there */
  IommudDeviceInfo *info;          /* NULL unless a VFIO driver holds it */
  guint files;                     /* open on its node */
  gpointer bound_file;             /* the one of them that it is bound through; NULL */
  IommudSimulatedContext *context; /* that it is bound to; NULL */
  IommudSimulatedObject *binding;  /* its device or access there; NULL */
  gboolean attached;
  gpointer access_ioas; /* the IOAS that an mdev is attached to; NULL */
  IommudSimulatedLog log;

  guint64 dmas;
  guint64 faults;
  IommudSimulatedInjection *injection;
} IommudSimulatedFunction;

typedef struct
{
  char *name;
  char *label;
  char *device_api;
  guint cost; /* of an instance, out of the parent's capacity */
} IommudSimulatedMdevType;

typedef struct
{
  guint capacity;    /* that is left */
  GHashTable *types; /* of IommudSimulatedMdevType by name */
} IommudSimulatedMdevParent;

typedef struct
{
  GHashTable *iommus;       /* of IommudSimulatedIommu by name */
  GHashTable *functions;    /* of IommudSimulatedFunction by name, there or not */
  GQueue present;           /* of those that are there, in the order they came */
  GHashTable *groups;       /* of IommudSimulatedGroup by id */
  GHashTable *nodes;        /* of IommudSimulatedFunction by path; until they are gone */
  GHashTable *vfio_names;   /* of IommudSimulatedFunction by vfioN */
  guint lowest_vfio;        /* no number below is free */
  GHashTable *mdev_parents; /* of IommudSimulatedMdevParent by name */
  GQueue uevents;           /* of IommudSimulatedPendingUevent, to be told without the lock */
} IommudSimulatedMachine;

typedef struct
{
  IommudSimulatedUevent event;
  IommudDeviceInfo *info;
} IommudSimulatedPendingUevent;

void iommud_simulated_machine_init (IommudSimulatedMachine *self);
void iommud_simulated_machine_add_mdev_parent (IommudSimulatedMachine *self, const char *name,
                                               guint capacity);
/* Copies @type. */
void iommud_simulated_machine_add_mdev_type (IommudSimulatedMachine *self, const char *parent_name,
                                             const IommudSimulatedMdevType *type);
/* An instance is gone: its part of the capacity is free again. */
void iommud_simulated_machine_give_back_mdev (IommudSimulatedMachine *self,
                                              const IommudDeviceInfo *info);
void iommud_simulated_mdev_parent_free (gpointer parent);
/* An instance of a type of the parent takes its part of the capacity. EEXIST, ENOSPC. */
int iommud_simulated_machine_create_mdev (IommudSimulatedMachine *self, const char *parent_name,
                                          const IommudSimulatedMdevType *type, const char *uuid);
/* When no file is left. */
void iommud_simulated_machine_clear (IommudSimulatedMachine *self);

int iommud_simulated_machine_add_iommu (IommudSimulatedMachine *self, IommudSimulatedIommu *iommu);
/* Takes @device whatever it answers. Its driver is the one that its info names: VFIO's if none. */
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
/* Of a function that left while its files were open, after one of them was closed. */
void iommud_simulated_machine_finish_unplug (IommudSimulatedMachine *self,
                                             IommudSimulatedFunction *function);

gboolean iommud_simulated_function_is_mdev (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_is_vfio (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_can_track (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_can_nest (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_can_enforce (const IommudSimulatedFunction *self);
guint iommud_simulated_function_get_pasid_bits (const IommudSimulatedFunction *self);
guint64 iommud_simulated_function_get_aperture_last (const IommudSimulatedFunction *self);

/* A driver takes a function that is there and has none. EBUSY: it is a host driver, and the group's
 * DMA belongs to a context. */
int iommud_simulated_machine_bind (IommudSimulatedMachine *self, IommudSimulatedFunction *function,
                                   const char *driver);
/* The driver that would take it: "" for none. */
const char *iommud_simulated_function_get_matching_driver (const IommudSimulatedFunction *self);
/* Whether a driver that has this function makes it a VFIO device. */
gboolean iommud_simulated_function_is_vfio_driver (const IommudSimulatedFunction *self,
                                                   const char *driver);

G_END_DECLS
