/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties whose new values the service does not send. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void iommud_dbus_refresh_watch (GDBusObjectManagerClient *object_manager);

G_END_DECLS
