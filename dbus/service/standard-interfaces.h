/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interfaces of D-Bus itself. */
#pragma once

#include "call.h"

G_BEGIN_DECLS

gboolean iommud_standard_handle (IommudServiceState *state, IommudCall *call);
gboolean iommud_standard_check_arguments (const GDBusMethodInfo *method, GDBusMessage *message,
                                          GError **error);

G_END_DECLS
