/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all exported interfaces of one service share. */
#pragma once

#include <iommud.h>

#include "budget.h"
#include "callers.h"
#include "changes.h"
#include "paths.h"
#include "policy.h"

G_BEGIN_DECLS

typedef struct
{
  IommudHost *host;
  IommudPaths *paths;
  IommudChanges *changes;
  IommudCallers *callers;
  IommudBudget *budget;
  IommudPolicy policy;
} IommudServiceState;

IommudServiceState *iommud_service_state_new (IommudHost *host, IommudPolicy policy);
IommudServiceState *iommud_service_state_ref (IommudServiceState *self);
void iommud_service_state_unref (IommudServiceState *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudServiceState, iommud_service_state_unref)

G_END_DECLS
