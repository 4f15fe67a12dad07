/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which object of the model has which object path. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudPaths IommudPaths;

IommudPaths *iommud_paths_new (void);
void iommud_paths_free (IommudPaths *self);
gboolean iommud_paths_add (IommudPaths *self, const char *path, gpointer object);
void iommud_paths_remove (IommudPaths *self, gpointer object);
const char *iommud_paths_get_path (IommudPaths *self, gpointer object);
gpointer iommud_paths_find (IommudPaths *self, const char *path, GType type, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudPaths, iommud_paths_free)

G_END_DECLS
