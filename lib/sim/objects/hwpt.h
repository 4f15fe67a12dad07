/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HWPTs: the hardware page tables that the simulated IOMMUs translate by. */
#pragma once

#include "sim/objects/ioas.h"
#include "sim/machine/machine.h"
#include "sim/sets/page-set.h"

G_BEGIN_DECLS

struct _IommudSimulatedHwpt
{
  IommudSimulatedObject object;
  IommudSimulatedIoas *ioas;          /* NULL for a nested one */
  IommudSimulatedHwpt *parent;        /* NULL for a paging one */
  IommudSimulatedObject *fault_queue; /* NULL for none */
  const IommudSimulatedIommu *iommu;
  guint64 aperture_first;
  guint64 aperture_last;
  gboolean automatic; /* made by the kernel, goes with its last device */
  gboolean nest_parent;
  gboolean enforced_coherency;
  IommudPageSet *dirty; /* NULL: made without dirty tracking */
  gboolean tracking;
  gboolean filled;                 /* it is a domain of its IOAS */
  IommudSimulatedInjection *maker; /* of the device that it was made for */
  GList *domain_link;              /* in the IOAS, if filled */
  GList *auto_link;                /* in the IOAS, if automatic */
  GList *dirty_link;               /* in the IOAS, if it has dirty */
  GQueue groups;                   /* of IommudSimulatedGroup that it translates for */
};

int iommud_simulated_hwpt_alloc (IommudSimulatedCommand *command);

/* A paging HWPT of an IOAS, filled but not attached to. Errnos as of HWPT_ALLOC. */
int iommud_simulated_hwpt_new_paging (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function,
                                      guint32 flags, gboolean attach_at_once,
                                      IommudSimulatedHwpt **hwpt);
/* Makes it one that goes with its last device. */
void iommud_simulated_hwpt_set_automatic (IommudSimulatedHwpt *self);
/* Takes one reference off: of a device that left. */
void iommud_simulated_hwpt_put (IommudSimulatedHwpt *self);
/* Itself, or its parent if it is nested. */
IommudSimulatedHwpt *iommud_simulated_hwpt_get_paging (IommudSimulatedHwpt *self);
/* The bits of a range that is no longer mapped are gone with it. */
void iommud_simulated_hwpt_forget_dirty (IommudSimulatedHwpt *self, guint64 first, guint64 last);
/* A call into the IOMMU driver for the HWPT, which may be told to fail for a device that is on it:
 * 0 or an errno. */
int iommud_simulated_hwpt_take_error (IommudSimulatedHwpt *self, IommudSimulatedDriverCall call);
/* Devices behind it, whole groups counted. */
guint iommud_simulated_hwpt_count_devices (const IommudSimulatedHwpt *self);

G_END_DECLS
