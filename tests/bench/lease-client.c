/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client that leases devices, and gives them back. */
#include "lease-client.h"

#include "bed.h"
#include "common.h"

GVariant *
lease_client_list_devices (GDBusConnection *connection, guint n_devices)
{
  GVariantBuilder paths;

  g_variant_builder_init (&paths, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  for (guint i = 0; i < n_devices; i++)
    {
      g_autofree char *name = g_strdup_printf ("0000:%02x:%02x.0", i / 32, i % 32);
      g_autofree char *path =
          bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", name));

      g_variant_builder_add (&paths, "o", path);
    }
  return g_variant_ref_sink (g_variant_builder_end (&paths));
}

void
lease_client_init (LeaseClient *self, GDBusConnection *connection, const char *service,
                   guint n_devices)
{
  *self = (LeaseClient){ .connection = connection, .service = service };
  self->devices = lease_client_list_devices (connection, n_devices);
}

void
lease_client_forget (gpointer user_data)
{
  LeaseClient *self = user_data;

  g_clear_object (&self->files);
  g_clear_pointer (&self->reply, g_variant_unref);
}

void
lease_client_clear (LeaseClient *self)
{
  lease_client_forget (self);
  g_variant_unref (self->devices);
}

void
lease_client_lease (gpointer user_data)
{
  LeaseClient *self = user_data;
  g_autoptr (GError) error = NULL;

  self->reply = g_dbus_connection_call_with_unix_fd_list_sync (
      self->connection, self->service, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE,
      "LeaseDevices", g_variant_new_parsed ("(%@ao, {'accounting': <'user'>})", self->devices),
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &self->files, NULL, &error);
  g_assert_no_error (error);
}

const char *
lease_client_get_lease (const LeaseClient *self)
{
  const char *lease = NULL;

  g_variant_get_child (self->reply, 0, "&o", &lease);
  return lease;
}

gboolean
lease_client_is_there (const LeaseClient *self)
{
  g_autoptr (GVariant) state =
      g_dbus_connection_call_sync (self->connection, self->service, lease_client_get_lease (self),
                                   "org.freedesktop.DBus.Properties", "Get",
                                   g_variant_new ("(ss)", IOMMUD_DBUS_LEASE_INTERFACE, "State"),
                                   NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  return state != NULL;
}

void
lease_client_end (gpointer user_data)
{
  LeaseClient *self = user_data;

  g_clear_object (&self->files);
  while (self->reply != NULL && lease_client_is_there (self))
    g_usleep (1000);
  lease_client_forget (self);
}
