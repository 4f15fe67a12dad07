/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting which IOVAs the kernel may choose from: the kernel's side. For workers. */
#pragma once

#include "handle/binding.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  guint32 ioas_id;
  GArray *ranges; /* of IommudIovaRange, sorted */
  GError *error;
} IommudSetAllowedIovasPlan;

void iommud_set_allowed_iovas_plan_clear (IommudSetAllowedIovasPlan *self);
void iommud_set_allowed_iovas_plan_perform (IommudSetAllowedIovasPlan *self);

G_END_DECLS
