/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a host beyond the life of the process. */
#pragma once

#include "iommud-host.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_STATE (iommud_state_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudState, iommud_state, IOMMUD, STATE, GObject)

IOMMUD_PUBLIC IommudState *iommud_state_new (const char *folder, GError **error);
IOMMUD_PUBLIC GVariant *iommud_state_get_records (IommudState *self);
IOMMUD_PUBLIC const char *iommud_state_get_damage (IommudState *self);
IOMMUD_PUBLIC gboolean iommud_state_follow (IommudState *self, IommudHost *host, GError **error);
IOMMUD_PUBLIC void iommud_state_leave (IommudState *self);
IOMMUD_PUBLIC void iommud_state_delete (IommudState *self);

G_END_DECLS
