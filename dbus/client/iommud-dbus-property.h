/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties whose new values the service does not send. */
#pragma once

#include "iommud-dbus-types.h"

G_BEGIN_DECLS

IOMMUD_DBUS_PUBLIC GVariant *iommud_dbus_read_property_sync (GDBusProxy *proxy, const char *name,
                                                             GCancellable *cancellable,
                                                             GError **error);
IOMMUD_DBUS_PUBLIC void iommud_dbus_read_property (GDBusProxy *proxy, const char *name,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
IOMMUD_DBUS_PUBLIC GVariant *
iommud_dbus_read_property_finish (GDBusProxy *proxy, GAsyncResult *result, GError **error);

G_END_DECLS
