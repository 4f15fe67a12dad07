/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where messages come in. */
#pragma once

#include "service-state.h"

G_BEGIN_DECLS

typedef struct _IommudIntake IommudIntake;

IommudIntake *iommud_intake_new (IommudServiceState *state);
void iommud_intake_free (IommudIntake *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudIntake, iommud_intake_free)

G_END_DECLS
