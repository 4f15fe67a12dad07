/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a method call on the bus to its handler. */
#pragma once

#include "export.h"

G_BEGIN_DECLS

void iommud_dispatch (IommudExport *export, GDBusMethodInvocation *invocation);

G_END_DECLS
