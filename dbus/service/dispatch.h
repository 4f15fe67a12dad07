/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a method call on the bus to its handler. */
#pragma once

#include "call.h"

G_BEGIN_DECLS

typedef struct _IommudExport IommudExport;

/* A handler unpacks the call's arguments and starts the model's operation. The handler, or what it
 * started, ends the call exactly once. */
typedef struct
{
  const char *name;
  IommudAccess access;
  void (*handle) (IommudExport *self, IommudCall *call);
} IommudMethod;

/* @method: the row of the interface that @export is; NULL if it has no method of that name. */
void iommud_dispatch (IommudExport *export, IommudServiceState *state, const IommudMethod *method,
                      GDBusMethodInvocation *invocation);

G_END_DECLS
