/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of this machine. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean iommud_users_find_user (const char *name, guint32 *uid, const char **cause);
gboolean iommud_users_find_group (const char *name, guint32 *gid, const char **cause);
GArray *iommud_users_get_groups (guint32 uid);

G_END_DECLS
