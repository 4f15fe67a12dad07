/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to the message bus that the command line names. */
#include "config.h"

#include "bus.h"

#include "exit-status.h"

#include <glib/gi18n.h>

static gboolean
check_address (const char *address, GError **error)
{
  if (*address == '\0')
    g_set_error_literal (
        error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
        _ ("--address is empty: it takes the address of a bus, such as unix:path=/run/bus"));
  else if (!g_dbus_is_supported_address (address, NULL))
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                 _ ("'%s' is not the address of a bus, such as unix:path=/run/bus"), address);
  else
    return TRUE;
  return FALSE;
}

/* A connection of its own can be closed before the end, so that the service knows of it. */
static GDBusConnection *
connect_to (const char *address, GCancellable *cancellable, GError **error)
{
  return g_dbus_connection_new_for_address_sync (
      address,
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, cancellable, error);
}

GDBusConnection *
iommuctl_bus_connect (const char *address, GBusType type, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *usual = NULL;
  GDBusConnection *connection = NULL;

  if (address != NULL && !check_address (address, error))
    return NULL;
  if (address == NULL)
    address = usual = g_dbus_address_get_for_bus_sync (type, cancellable, &local_error);
  if (address != NULL)
    connection = connect_to (address, cancellable, &local_error);
  if (connection != NULL)
    return connection;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (address != NULL)
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_NO_SERVICE,
                 _ ("Cannot reach the bus at '%s': %s"), address, local_error->message);
  else
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_NO_SERVICE,
                 _ ("The bus has no address, and --address names none: %s"), local_error->message);
  return NULL;
}
