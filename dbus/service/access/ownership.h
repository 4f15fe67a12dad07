/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose an object of the model is. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

gboolean iommud_ownership_find (gpointer object, guint32 *owner);

G_END_DECLS
