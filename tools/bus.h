/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to the message bus that the command line names. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @address: of a bus, or NULL for the usual one of @type. */
GDBusConnection *iommuctl_bus_connect (const char *address, GBusType type,
                                       GCancellable *cancellable, GError **error);

G_END_DECLS
