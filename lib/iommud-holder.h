/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that has a device's file open. */
#pragma once

#include "iommud-types.h"

G_BEGIN_DECLS

typedef struct _IommudHolder IommudHolder;

#define IOMMUD_TYPE_HOLDER (iommud_holder_get_type ())
IOMMUD_PUBLIC GType iommud_holder_get_type (void);

IOMMUD_PUBLIC IommudHolder *iommud_holder_ref (IommudHolder *self);
IOMMUD_PUBLIC void iommud_holder_unref (IommudHolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudHolder, iommud_holder_unref)

IOMMUD_PUBLIC int iommud_holder_get_pid (IommudHolder *self);
IOMMUD_PUBLIC const char *iommud_holder_get_command (IommudHolder *self);
IOMMUD_PUBLIC const char *iommud_holder_get_unit (IommudHolder *self);

G_END_DECLS
