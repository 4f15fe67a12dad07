/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions that are bound to a context, which then owns the DMA of their groups. */
#pragma once

#include "sim/machine/function.h"
#include "sim/objects/context.h"
#include "sim/objects/ioas.h"

G_BEGIN_DECLS

struct _IommudSimulatedBinding
{
  IommudSimulatedObject object; /* first; a device, or an access if it is an mdev */
  IommudSimulatedFunction *function;
  gboolean attached;
  IommudSimulatedIoas *ioas; /* that an access is attached to; NULL */
};

/* A function joins a context; *id is that of its device, or of its access if it is an mdev. */
int iommud_simulated_function_bind (IommudSimulatedFunction *self, IommudSimulatedContext *context,
                                    guint32 *id);
/* It must be detached. */
void iommud_simulated_function_unbind (IommudSimulatedFunction *self);
/* The function of a bound physical device; NULL for another id. */
IommudSimulatedFunction *iommud_simulated_context_get_device (IommudSimulatedContext *context,
                                                              guint32 id);

G_END_DECLS
