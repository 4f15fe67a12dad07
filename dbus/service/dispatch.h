/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a message on the bus to its handler. */
#pragma once

#include "call.h"

G_BEGIN_DECLS

void iommud_dispatch (IommudServiceState *state, IommudCaller *caller, GDBusMessage *message);

G_END_DECLS
