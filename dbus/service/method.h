/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What handles a method. */
#pragma once

#include "call.h"

G_BEGIN_DECLS

/* A row of an interface's table: what a method asks of its caller, and what handles it. The objects
 * in its arguments are found by their types (access/needs.c). A handler unpacks the arguments and
 * starts the model's operation. The handler, or what it started, ends the call exactly once. */
typedef struct
{
  const char *name;
  IommudAccess access;
  void (*handle) (IommudExport *self, IommudCall *call);
} IommudMethod;

G_END_DECLS
