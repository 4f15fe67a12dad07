/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who owns the DMA of a group, and through which HWPT its devices translate. */
#pragma once

#include "sim/objects/hwpt.h"

G_BEGIN_DECLS

/* A device joins a context; *id is that of its device, or of its access if it is an mdev. */
int iommud_simulated_function_bind (IommudSimulatedFunction *self, IommudSimulatedContext *context,
                                    guint32 *id);
/* Detaches as well. */
void iommud_simulated_function_unbind (IommudSimulatedFunction *self);
/* *id: in, an IOAS or a HWPT; out, what translates now. */
int iommud_simulated_function_attach (IommudSimulatedFunction *self, guint32 *id);
void iommud_simulated_function_detach (IommudSimulatedFunction *self);

/* The function of a bound physical device; NULL for another id. */
IommudSimulatedFunction *iommud_simulated_context_get_device (IommudSimulatedContext *context,
                                                              guint32 id);

/* The first attachment of a device, to a given HWPT; the caller keeps the references of its own. */
int iommud_simulated_group_attach (IommudSimulatedFunction *function, IommudSimulatedHwpt *hwpt);
/* Undoes it and says what it was on; the device's reference to that is left to the caller. */
IommudSimulatedHwpt *iommud_simulated_group_detach (IommudSimulatedFunction *function);

G_END_DECLS
