/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every exported interface of one service works with. */
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
} IommudServiceParts;

IommudServiceParts *iommud_service_parts_new (IommudHost *host, IommudPolicy policy);
IommudServiceParts *iommud_service_parts_ref (IommudServiceParts *self);
void iommud_service_parts_unref (IommudServiceParts *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudServiceParts, iommud_service_parts_unref)

G_END_DECLS
