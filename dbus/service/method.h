/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What handles a method. */
#pragma once

#include "call.h"

G_BEGIN_DECLS

/* A handler unpacks the call's arguments and starts the model's operation. The handler, or what it
 * started, ends the call exactly once. */
typedef struct
{
  const char *name;
  IommudAccess access;
  void (*handle) (IommudExport *self, IommudCall *call);
} IommudMethod;

G_END_DECLS
