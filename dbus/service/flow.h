/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was sent to callers and may not have been read yet. */
#pragma once

#include "lanes.h"

G_BEGIN_DECLS

typedef struct _IommudFlow IommudFlow;

IommudFlow *iommud_flow_new (GDBusConnection *connection, IommudLanes *lanes);
void iommud_flow_free (IommudFlow *self);
gboolean iommud_flow_has_read (const IommudCaller *caller);
void iommud_flow_add (IommudFlow *self, IommudCaller *caller, gsize n_bytes);
void iommud_flow_join (IommudFlow *self, IommudCaller *caller);
void iommud_flow_leave (IommudFlow *self, IommudCaller *caller);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudFlow, iommud_flow_free)

G_END_DECLS
