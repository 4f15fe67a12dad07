/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The programs on the bus that call. */
#pragma once

#include "flow.h"

G_BEGIN_DECLS

typedef struct _IommudCallers IommudCallers;

IommudCallers *iommud_callers_new (GDBusConnection *connection, IommudLanes *lanes,
                                   IommudFlow *flow);
void iommud_callers_free (IommudCallers *self);
gboolean iommud_callers_receive (IommudCallers *self, GDBusMessage *message, IommudCaller **caller);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudCallers, iommud_callers_free)

G_END_DECLS
