/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What polkit is told of a call. */
#pragma once

#include "access/request.h"

G_BEGIN_DECLS

GVariant *iommud_details_new (const IommudRequest *request, IommudAction action);

G_END_DECLS
