/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Through which HWPT the devices of a group translate, and which IOAS an mdev accesses. */
#pragma once

#include "sim/machine/function.h"

G_BEGIN_DECLS

/* The function is bound. *id: in, an IOAS or a HWPT; out, what translates now. */
int iommud_simulated_function_attach (IommudSimulatedFunction *self, guint32 *id);
void iommud_simulated_function_detach (IommudSimulatedFunction *self);

G_END_DECLS
