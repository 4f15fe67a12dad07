/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a call is about to make. */
#pragma once

#include "access/limits.h"
#include "access/request.h"

G_BEGIN_DECLS

void iommud_costs_find (IommudLimits *costs, const IommudRequest *request, GVariant *arguments);

G_END_DECLS
