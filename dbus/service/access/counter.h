/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of each user, counted. */
#pragma once

#include <iommud.h>

#include "access/quotas.h"

G_BEGIN_DECLS

typedef struct _IommudCounter IommudCounter;

IommudCounter *iommud_counter_new (IommudHost *host, IommudQuotas *quotas);
void iommud_counter_free (IommudCounter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudCounter, iommud_counter_free)

G_END_DECLS
