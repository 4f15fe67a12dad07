/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's view of the service. */
#pragma once

#include "iommud-dbus-generated.h"
#include "iommud-dbus-types.h"

G_BEGIN_DECLS

#define IOMMUD_DBUS_TYPE_CLIENT (iommud_dbus_client_get_type ())
IOMMUD_DBUS_PUBLIC
G_DECLARE_FINAL_TYPE (IommudDBusClient, iommud_dbus_client, IOMMUD_DBUS, CLIENT, GObject)

IOMMUD_DBUS_PUBLIC IommudDBusClient *
iommud_dbus_client_new_sync (GBusType bus_type, GCancellable *cancellable, GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusClient *
iommud_dbus_client_new_for_address_sync (const char *address, GCancellable *cancellable,
                                         GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusClient *
iommud_dbus_client_new_for_connection_sync (GDBusConnection *connection, GCancellable *cancellable,
                                            GError **error);

IOMMUD_DBUS_PUBLIC void iommud_dbus_client_new (GBusType bus_type, GCancellable *cancellable,
                                                GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_DBUS_PUBLIC void iommud_dbus_client_new_for_address (const char *address,
                                                            GCancellable *cancellable,
                                                            GAsyncReadyCallback callback,
                                                            gpointer user_data);
IOMMUD_DBUS_PUBLIC IommudDBusClient *iommud_dbus_client_new_finish (GAsyncResult *result,
                                                                    GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusClient *
iommud_dbus_client_new_for_address_finish (GAsyncResult *result, GError **error);

IOMMUD_DBUS_PUBLIC gboolean iommud_dbus_client_get_running (IommudDBusClient *self);
IOMMUD_DBUS_PUBLIC GDBusConnection *iommud_dbus_client_get_connection (IommudDBusClient *self);
IOMMUD_DBUS_PUBLIC GDBusObjectManager *
iommud_dbus_client_get_object_manager (IommudDBusClient *self);
IOMMUD_DBUS_PUBLIC IommudDBusManager *iommud_dbus_client_get_manager (IommudDBusClient *self);
IOMMUD_DBUS_PUBLIC GList *iommud_dbus_client_get_devices (IommudDBusClient *self);
IOMMUD_DBUS_PUBLIC GList *iommud_dbus_client_get_containers (IommudDBusClient *self);
IOMMUD_DBUS_PUBLIC GList *iommud_dbus_client_get_leases (IommudDBusClient *self);

IOMMUD_DBUS_PUBLIC IommudDBusDevice *iommud_dbus_client_find_device (IommudDBusClient *self,
                                                                     const char *name,
                                                                     GCancellable *cancellable,
                                                                     GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusContainer *
iommud_dbus_client_find_container (IommudDBusClient *self, const char *name,
                                   GCancellable *cancellable, GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusMemory *iommud_dbus_client_find_memory (IommudDBusClient *self,
                                                                     const char *name,
                                                                     GCancellable *cancellable,
                                                                     GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusDirtyTracking *
iommud_dbus_client_find_dirty_tracking (IommudDBusClient *self, const char *name,
                                        GCancellable *cancellable, GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusHwpt *iommud_dbus_client_find_hwpt (IommudDBusClient *self,
                                                                 const char *path,
                                                                 GCancellable *cancellable,
                                                                 GError **error);
IOMMUD_DBUS_PUBLIC IommudDBusLease *iommud_dbus_client_find_lease (IommudDBusClient *self,
                                                                   const char *name,
                                                                   GCancellable *cancellable,
                                                                   GError **error);

G_END_DECLS
