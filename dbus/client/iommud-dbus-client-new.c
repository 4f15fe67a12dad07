/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a client is made: for a bus, for an address or for a connection, with and without waiting. */
#include "iommud-dbus-client.h"

/**
 * iommud_dbus_client_new_sync: (constructor)
 * @bus_type: %G_BUS_TYPE_SYSTEM, or %G_BUS_TYPE_SESSION for tests
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Connects to the service on a well-known bus, and starts the service if the bus knows how to.
 *
 * Returns: (transfer full): a client, or %NULL with @error set: a #GIOError if there is no bus,
 *   %G_DBUS_ERROR_SERVICE_UNKNOWN if the service does not run and cannot be started
 */
IommudDBusClient *
iommud_dbus_client_new_sync (GBusType bus_type, GCancellable *cancellable, GError **error)
{
  return g_initable_new (IOMMUD_DBUS_TYPE_CLIENT, cancellable, error, "bus-type", bus_type, NULL);
}

/**
 * iommud_dbus_client_new_for_address_sync: (constructor)
 * @address: a D-Bus address of a message bus
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Connects to the service on the bus at an address.
 *
 * Returns: (transfer full): a client, or %NULL with @error set as by iommud_dbus_client_new_sync()
 */
IommudDBusClient *
iommud_dbus_client_new_for_address_sync (const char *address, GCancellable *cancellable,
                                         GError **error)
{
  g_return_val_if_fail (address != NULL, NULL);

  return g_initable_new (IOMMUD_DBUS_TYPE_CLIENT, cancellable, error, "address", address, NULL);
}

/**
 * iommud_dbus_client_new_for_connection_sync: (constructor)
 * @connection: a connection to a message bus
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Connects to the service over a connection that is there already.
 *
 * Returns: (transfer full): a client, or %NULL with @error set as by iommud_dbus_client_new_sync()
 */
IommudDBusClient *
iommud_dbus_client_new_for_connection_sync (GDBusConnection *connection, GCancellable *cancellable,
                                            GError **error)
{
  g_return_val_if_fail (G_IS_DBUS_CONNECTION (connection), NULL);

  return g_initable_new (IOMMUD_DBUS_TYPE_CLIENT, cancellable, error, "connection", connection,
                         NULL);
}

/**
 * iommud_dbus_client_new:
 * @bus_type: %G_BUS_TYPE_SYSTEM, or %G_BUS_TYPE_SESSION for tests
 * @cancellable: (nullable): a cancellable
 * @callback: called when the client is ready or has failed
 * @user_data: for @callback
 *
 * Connects to the service as iommud_dbus_client_new_sync() does, without blocking.
 */
void
iommud_dbus_client_new (GBusType bus_type, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_async_initable_new_async (IOMMUD_DBUS_TYPE_CLIENT, G_PRIORITY_DEFAULT, cancellable, callback,
                              user_data, "bus-type", bus_type, NULL);
}

/**
 * iommud_dbus_client_new_for_address:
 * @address: a D-Bus address of a message bus
 * @cancellable: (nullable): a cancellable
 * @callback: called when the client is ready or has failed
 * @user_data: for @callback
 *
 * Connects to the service as iommud_dbus_client_new_for_address_sync() does, without blocking.
 */
void
iommud_dbus_client_new_for_address (const char *address, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (address != NULL);

  g_async_initable_new_async (IOMMUD_DBUS_TYPE_CLIENT, G_PRIORITY_DEFAULT, cancellable, callback,
                              user_data, "address", address, NULL);
}

/* Each asynchronous constructor has a finish function of its own, because bindings pair the two by
 * their names. There is an annotation for other pairs, but older scanners do not know it. */
static IommudDBusClient *
finish_new (GAsyncResult *result, GError **error)
{
  g_autoptr (GObject) source = g_async_result_get_source_object (result);
  GObject *client = g_async_initable_new_finish (G_ASYNC_INITABLE (source), result, error);

  return client == NULL ? NULL : IOMMUD_DBUS_CLIENT (client);
}

/**
 * iommud_dbus_client_new_finish: (constructor)
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_dbus_client_new().
 *
 * Returns: (transfer full): a client, or %NULL with @error set as by iommud_dbus_client_new_sync()
 */
IommudDBusClient *
iommud_dbus_client_new_finish (GAsyncResult *result, GError **error)
{
  return finish_new (result, error);
}

/**
 * iommud_dbus_client_new_for_address_finish: (constructor)
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_dbus_client_new_for_address().
 *
 * Returns: (transfer full): a client, or %NULL with @error set as by iommud_dbus_client_new_sync()
 */
IommudDBusClient *
iommud_dbus_client_new_for_address_finish (GAsyncResult *result, GError **error)
{
  return finish_new (result, error);
}
