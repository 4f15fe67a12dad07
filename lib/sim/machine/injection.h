/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which calls into the drivers of one function fail: calls into its IOMMU's driver and, for the
 * log, into its VFIO driver. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_SIMULATED_DRIVER_ATTACH,
  IOMMUD_SIMULATED_DRIVER_ALLOC,
  IOMMUD_SIMULATED_DRIVER_MAP,
  IOMMUD_SIMULATED_DRIVER_DIRTY,
  IOMMUD_SIMULATED_DRIVER_LOG,
  IOMMUD_SIMULATED_DRIVER_CALLS,
} IommudSimulatedDriverCall;

/* Shared by a function and the domains that were made for it, which may outlive it. */
typedef struct _IommudSimulatedInjection IommudSimulatedInjection;

IommudSimulatedInjection *iommud_simulated_injection_new (void);
IommudSimulatedInjection *iommud_simulated_injection_ref (IommudSimulatedInjection *self);
void iommud_simulated_injection_unref (IommudSimulatedInjection *self);

/* The @nth call from now on, from 1, fails; an @errnum of 0 takes that back. EINVAL: there is no
 * such call, errno or number. */
int iommud_simulated_injection_arm (IommudSimulatedInjection *self, const char *call, int errnum,
                                    guint nth);
/* Counts a call: 0, or the errno that it fails with. */
int iommud_simulated_injection_take (IommudSimulatedInjection *self,
                                     IommudSimulatedDriverCall call);

G_END_DECLS
