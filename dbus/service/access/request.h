/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A call that asks whether it may. */
#pragma once

#include "access/needs.h"
#include "caller.h"

G_BEGIN_DECLS

typedef struct
{
  IommudCaller *caller;
  IommudNeeds *needs;
  const char *interface;
  const char *method;
  gboolean is_interactive; /* the caller's user may be asked for a password */
} IommudRequest;

G_END_DECLS
