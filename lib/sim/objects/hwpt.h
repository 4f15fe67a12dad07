/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HWPTs: the page tables through which the devices of a context translate. */
#pragma once

#include "sim/objects/context.h"
#include "sim/objects/domain.h"
#include "sim/objects/ioas.h"

G_BEGIN_DECLS

typedef struct
{
  IommudSimulatedObject object; /* first */
  IommudSimulatedDomain domain;
  IommudSimulatedIoas *ioas;          /* NULL for a nested one */
  IommudSimulatedObject *fault_queue; /* NULL for none */
  gboolean automatic;                 /* made by the kernel, freed with its last device */
  gboolean nest_parent;
  gboolean filled;  /* its domain is one of its IOAS */
  GList *auto_link; /* in the IOAS, if automatic */
} IommudSimulatedHwpt;

/* A paging HWPT of an IOAS, neither filled nor attached to. EOPNOTSUPP: the IOMMU of @function
 * cannot do it; or what its driver fails with. */
int iommud_simulated_hwpt_new_paging (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function,
                                      gboolean nest_parent, gboolean dirty_tracking,
                                      IommudSimulatedHwpt **hwpt);
/* Maps in a new HWPT all that its IOAS maps. The errnos are those of
 * iommud_simulated_ioas_add_domain(). */
int iommud_simulated_hwpt_fill (IommudSimulatedHwpt *self);
/* A nested HWPT. @fault_queue: NULL for none. */
IommudSimulatedHwpt *iommud_simulated_hwpt_new_nested (IommudSimulatedHwpt *parent,
                                                       IommudSimulatedFunction *function,
                                                       IommudSimulatedObject *fault_queue);
/* Makes it a HWPT that is freed with its last device. */
void iommud_simulated_hwpt_set_automatic (IommudSimulatedHwpt *self);
/* Drops the reference of a device that left. */
void iommud_simulated_hwpt_put (IommudSimulatedHwpt *self);
/* Itself, or its parent if it is nested. */
IommudSimulatedHwpt *iommud_simulated_hwpt_get_paging (IommudSimulatedHwpt *self);
/* The HWPT of which @domain is a part. */
IommudSimulatedHwpt *iommud_simulated_hwpt_from_domain (IommudSimulatedDomain *domain);

G_END_DECLS
