/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each user has, and whether it may be more. */
#pragma once

#include "access/limits.h"

G_BEGIN_DECLS

typedef struct _IommudQuotas IommudQuotas;

IommudQuotas *iommud_quotas_new (void);
void iommud_quotas_free (IommudQuotas *self);
void iommud_quotas_set_limits (IommudQuotas *self, const IommudLimits *limits);
void iommud_quotas_add (IommudQuotas *self, guint32 uid, IommudLimit limit, gint64 n);
gboolean iommud_quotas_reserve (IommudQuotas *self, guint32 uid, const IommudLimits *costs,
                                GError **error);
void iommud_quotas_release (IommudQuotas *self, guint32 uid, const IommudLimits *costs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudQuotas, iommud_quotas_free)

G_END_DECLS
