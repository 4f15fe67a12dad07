/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was sent to callers and may not have been read yet. */
#pragma once

#include "lanes.h"

G_BEGIN_DECLS

gboolean iommud_flow_has_read (const IommudCaller *caller);
void iommud_flow_add (GDBusConnection *connection, IommudLanes *lanes, IommudCaller *caller,
                      gsize n_bytes);

G_END_DECLS
