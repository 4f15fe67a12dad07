/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the service. They go to the connection that owned its name first: if the service is
 * restarted meanwhile, what was read before and after does not mix. */
#include "config.h"

#include "service.h"

#include <glib/gi18n.h>

#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct _IommuctlService
{
  GDBusConnection *connection;
  GCancellable *cancellable;
  char *owner;
  GHashTable *names; /* of containers and leases, by object path */
};

static GVariant *
ask_bus (IommuctlService *self, const char *method, GVariant *arguments, const char *reply_type,
         GError **error)
{
  return g_dbus_connection_call_sync (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, method,
                                      arguments, G_VARIANT_TYPE (reply_type),
                                      G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, error);
}

static gboolean
find_owner (IommuctlService *self, GError **error)
{
  g_autoptr (GVariant) reply =
      ask_bus (self, "GetNameOwner", g_variant_new ("(s)", IOMMUD_DBUS_BUS_NAME), "(s)", error);

  if (reply != NULL)
    g_variant_get (reply, "(s)", &self->owner);
  return reply != NULL;
}

static gboolean
start (IommuctlService *self, GError **error)
{
  g_autoptr (GVariant) reply = ask_bus (
      self, "StartServiceByName", g_variant_new ("(su)", IOMMUD_DBUS_BUS_NAME, 0), "(u)", error);

  return reply != NULL;
}

IommuctlService *
iommuctl_service_new (GDBusConnection *connection, GCancellable *cancellable, GError **error)
{
  g_autoptr (IommuctlService) self = g_new0 (IommuctlService, 1);
  g_autoptr (GError) local_error = NULL;

  iommud_dbus_error_quark ();
  self->connection = g_object_ref (connection);
  self->cancellable = g_object_ref (cancellable);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (find_owner (self, &local_error))
    return g_steal_pointer (&self);
  if (!g_error_matches (local_error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (start (self, error) && find_owner (self, error))
    return g_steal_pointer (&self);
  return NULL;
}

void
iommuctl_service_free (IommuctlService *self)
{
  g_hash_table_unref (self->names);
  g_free (self->owner);
  g_object_unref (self->cancellable);
  g_object_unref (self->connection);
  g_free (self);
}

GDBusConnection *
iommuctl_service_get_connection (IommuctlService *self)
{
  return self->connection;
}

GCancellable *
iommuctl_service_get_cancellable (IommuctlService *self)
{
  return self->cancellable;
}

static gpointer
new_proxy (IommuctlService *self, const char *path, GType proxy_type, const char *interface_name,
           GDBusProxyFlags flags, GError **error)
{
  return g_initable_new (proxy_type, self->cancellable, error, "g-flags", flags, "g-connection",
                         self->connection, "g-name", self->owner, "g-object-path", path,
                         "g-interface-name", interface_name, NULL);
}

gpointer
iommuctl_service_new_proxy (IommuctlService *self, const char *path, GType proxy_type,
                            const char *interface_name, GError **error)
{
  return new_proxy (
      self, path, proxy_type, interface_name,
      G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS, error);
}

gpointer
iommuctl_service_new_watch (IommuctlService *self, const char *path, GType proxy_type,
                            const char *interface_name, GError **error)
{
  return new_proxy (self, path, proxy_type, interface_name, G_DBUS_PROXY_FLAGS_NONE, error);
}

static GVariant *
ask (IommuctlService *self, const char *path, const char *interface_name, const char *method,
     GVariant *arguments, const char *reply_type, GError **error)
{
  return g_dbus_connection_call_sync (self->connection, self->owner, path, interface_name, method,
                                      arguments, G_VARIANT_TYPE (reply_type),
                                      G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, error);
}

GVariant *
iommuctl_service_list (IommuctlService *self, GError **error)
{
  g_autoptr (GVariant) reply = ask (self, IOMMUD_DBUS_ROOT_PATH, OBJECT_MANAGER_INTERFACE,
                                    "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", error);

  return reply == NULL ? NULL : g_variant_get_child_value (reply, 0);
}

/* An object that is not there has no methods. */
static GVariant *
ask_for_properties (IommuctlService *self, const char *path, const char *method,
                    GVariant *arguments, const char *reply_type, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GVariant *reply =
      ask (self, path, PROPERTIES_INTERFACE, method, arguments, reply_type, &local_error);

  if (reply != NULL)
    return reply;
  if (g_error_matches (local_error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD)
      || g_error_matches (local_error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)
      || g_error_matches (local_error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE))
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
                 _ ("The service has no object %s"), path);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

GVariant *
iommuctl_service_read_all (IommuctlService *self, const char *path, const char *interface_name,
                           GError **error)
{
  g_autoptr (GVariant) reply = ask_for_properties (
      self, path, "GetAll", g_variant_new ("(s)", interface_name), "(a{sv})", error);

  return reply == NULL ? NULL : g_variant_get_child_value (reply, 0);
}

GVariant *
iommuctl_service_read (IommuctlService *self, const char *path, const char *interface_name,
                       const char *property, GError **error)
{
  g_autoptr (GVariant) reply = ask_for_properties (
      self, path, "Get", g_variant_new ("(ss)", interface_name, property), "(v)", error);
  GVariant *value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value;
}

const char *
iommuctl_service_get_name (IommuctlService *self, const char *path, const char *interface_name)
{
  const char *known = g_hash_table_lookup (self->names, path);
  g_autoptr (GVariant) name = NULL;

  if (known != NULL)
    return known;
  name = iommuctl_service_read (self, path, interface_name, "Name", NULL);
  if (name == NULL)
    return NULL;
  iommuctl_service_learn_name (self, path, g_variant_get_string (name, NULL));
  return g_hash_table_lookup (self->names, path);
}

void
iommuctl_service_learn_name (IommuctlService *self, const char *path, const char *name)
{
  if (name == NULL)
    g_hash_table_remove (self->names, path);
  else
    g_hash_table_replace (self->names, g_strdup (path), g_strdup (name));
}
