/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers of other users. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

uid_t users_get_stranger (void);
gboolean users_can_be_two (void);
GDBusConnection *users_connect (const char *address, uid_t uid);

G_END_DECLS
