/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The model's objects as objects on the bus. */
#pragma once

#include "service-state.h"

G_BEGIN_DECLS

typedef struct _IommudExporter IommudExporter;

IommudExporter *iommud_exporter_new (IommudServiceState *state);
void iommud_exporter_free (IommudExporter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudExporter, iommud_exporter_free)

G_END_DECLS
