/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller is told who may not. */
#pragma once

#include "access/polkit.h"
#include "access/request.h"

G_BEGIN_DECLS

GError *iommud_refusal_new (const IommudRequest *request, const IommudNeed *need, const char *why);
GError *iommud_refusal_new_from_polkit (const IommudRequest *request, IommudPolkitAnswer answer,
                                        const char *message);

G_END_DECLS
