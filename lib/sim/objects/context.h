/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IOMMUFD contexts. Each has one space of ids for objects of all types. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_SIMULATED_IOAS,
  IOMMUD_SIMULATED_HWPT_PAGING,
  IOMMUD_SIMULATED_HWPT_NESTED,
  IOMMUD_SIMULATED_DEVICE, /* a physical device that is bound */
  IOMMUD_SIMULATED_ACCESS, /* an mdev that is bound */
  IOMMUD_SIMULATED_FAULT_QUEUE,
  IOMMUD_SIMULATED_ANY, /* no object has it: a caller asks for any type */
} IommudSimulatedObjectType;

/* How many contexts and objects there are in one kernel. */
typedef struct
{
  guint contexts;
  guint objects;
} IommudSimulatedCensus;

typedef struct _IommudSimulatedObject IommudSimulatedObject;

typedef struct
{
  guint references;        /* the open iommufd, each bound device and each open fault queue */
  GPtrArray *objects;      /* by id; NULL if the id is free */
  GTree *free_ids;         /* below the length of objects */
  gboolean charge_process; /* IOMMU_OPTION_RLIMIT_MODE */
  IommudSimulatedObject *vfio_ioas; /* that VFIO_IOAS set; NULL */
  guint count;
  IommudSimulatedCensus *census;
} IommudSimulatedContext;

/* Part of each kind of object, as its first member. */
struct _IommudSimulatedObject
{
  IommudSimulatedObjectType type;
  guint32 id;
  guint users; /* 1 for being there, and one for each that refers to it */
  IommudSimulatedContext *context;
  void (*destroy) (IommudSimulatedObject *self); /* lets go of what it refers to and frees it */
};

IommudSimulatedContext *iommud_simulated_context_new (IommudSimulatedCensus *census);
IommudSimulatedContext *iommud_simulated_context_ref (IommudSimulatedContext *self);
/* The last reference destroys all objects, leaves first. */
void iommud_simulated_context_unref (IommudSimulatedContext *self);

/* Gives a new object the lowest free id. */
void iommud_simulated_context_add (IommudSimulatedContext *self, IommudSimulatedObject *object);
/* NULL: no such id, or an object of another type. */
IommudSimulatedObject *iommud_simulated_context_get (IommudSimulatedContext *self, guint32 id,
                                                     IommudSimulatedObjectType type);

/* EBUSY while other objects refer to it. */
int iommud_simulated_object_destroy (IommudSimulatedObject *self);
/* Drops one reference, then destroys the object if no other refers to it. */
void iommud_simulated_object_put_and_try_destroy (IommudSimulatedObject *self);

G_END_DECLS
