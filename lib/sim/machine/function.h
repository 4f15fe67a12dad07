/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A function on a bus of a simulated machine, the IOMMU group that it is in, and what it is able
 * to do. */
#pragma once

#include "sim/description/description.h"
#include "sim/machine/dma-log.h"
#include "sim/machine/injection.h"

G_BEGIN_DECLS

/* Slots for the kernel objects, which are made of functions and groups. A machine never looks into
 * them. */
typedef struct _IommudSimulatedBinding IommudSimulatedBinding;
typedef struct _IommudSimulatedDomain IommudSimulatedDomain;

typedef struct
{
  gint32 id;
  GPtrArray *members;            /* of IommudSimulatedFunction: all that are there */
  gconstpointer owner;           /* of DMA: a context; NULL for none */
  guint owners;                  /* bound devices */
  IommudSimulatedDomain *domain; /* NULL: blocked if owned, else identity */
  GList *domain_link;            /* among the groups of domain */
  GPtrArray *attached;           /* those that attached, in order */
} IommudSimulatedGroup;

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
  gconstpointer bound_file;        /* the one of them that it is bound through; NULL */
  IommudSimulatedBinding *binding; /* to a context; NULL */
  IommudSimulatedLog log;

  guint64 dmas;
  guint64 faults;
  IommudSimulatedInjection *injection;
} IommudSimulatedFunction;

/* Takes @description. */
IommudSimulatedFunction *iommud_simulated_function_new (IommudSimulatedDevice *description,
                                                        const IommudSimulatedIommu *iommu,
                                                        const char *usual_driver,
                                                        gboolean usual_is_vfio);
void iommud_simulated_function_free (IommudSimulatedFunction *self);

gboolean iommud_simulated_function_is_mdev (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_is_vfio (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_can_track (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_can_nest (const IommudSimulatedFunction *self);
gboolean iommud_simulated_function_can_enforce (const IommudSimulatedFunction *self);
guint iommud_simulated_function_get_pasid_bits (const IommudSimulatedFunction *self);
guint64 iommud_simulated_function_get_aperture_last (const IommudSimulatedFunction *self);

/* The driver that would take it: "" for none. */
const char *iommud_simulated_function_get_matching_driver (const IommudSimulatedFunction *self);
/* Whether a driver that has this function makes it a VFIO device. */
gboolean iommud_simulated_function_is_vfio_driver (const IommudSimulatedFunction *self,
                                                   const char *driver);

G_END_DECLS
