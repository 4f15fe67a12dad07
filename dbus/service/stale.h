/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that others change, too. */
#pragma once

#include <iommud.h>

G_BEGIN_DECLS

/* @model: what a call that failed was for; or NULL. */
void iommud_stale_note_failure (gpointer model, const GError *error);

G_END_DECLS
