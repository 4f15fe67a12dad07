/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain: one address space of the IOMMU hardware, and the groups that are in it. */
#pragma once

#include "sim/machine/function.h"

G_BEGIN_DECLS

/* Part of a HWPT. */
struct _IommudSimulatedDomain
{
  const IommudSimulatedIommu *iommu;
  IommudSimulatedDomain *parent; /* NULL for a paging one */
  guint64 aperture_first;
  guint64 aperture_last;
  gboolean enforced_coherency;
  IommudPageSet *dirty; /* NULL: made without dirty tracking */
  gboolean tracking;
  IommudSimulatedInjection *maker; /* of the device that it was made for */
  GQueue groups;                   /* of IommudSimulatedGroup that it translates for */
  GList *ioas_link;                /* in the IOAS that fills it; NULL */
  GList *dirty_link;               /* the same, if it has dirty */
};

/* @self is all zero. */
void iommud_simulated_domain_init (IommudSimulatedDomain *self,
                                   const IommudSimulatedFunction *function,
                                   IommudSimulatedDomain *parent);
/* No group may be in it. */
void iommud_simulated_domain_clear (IommudSimulatedDomain *self);
/* Itself, or its parent if it is nested. */
const IommudSimulatedDomain *iommud_simulated_domain_get_paging (const IommudSimulatedDomain *self);
/* The whole group moves to @domain (NULL: to none), or it stays where it is: EINVAL if it does not
 * fit a member, or what the driver fails with. */
int iommud_simulated_group_move (IommudSimulatedGroup *group, IommudSimulatedDomain *domain);
/* Drops the bits of a range that is no longer mapped. */
void iommud_simulated_domain_forget_dirty (IommudSimulatedDomain *self, guint64 first,
                                           guint64 last);
/* A call into the IOMMU driver for the domain, which may have been told to fail for a device in
 * it: 0 or an errno. */
int iommud_simulated_domain_take_error (const IommudSimulatedDomain *self,
                                        IommudSimulatedDriverCall call);
/* Devices in it, whole groups counted. */
guint iommud_simulated_domain_count_devices (const IommudSimulatedDomain *self);

G_END_DECLS
