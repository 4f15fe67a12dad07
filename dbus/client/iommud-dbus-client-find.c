/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a client lists the objects of the service, and finds them by the names that people use. */
#include "iommud-dbus-client.h"

#include "iommud-dbus-error.h"
#include "iommud-dbus-names.h"

/**
 * iommud_dbus_client_get_manager:
 * @self: a client
 *
 * Returns: (transfer full) (nullable): the host as a whole; %NULL while the service does not run
 */
IommudDBusManager *
iommud_dbus_client_get_manager (IommudDBusClient *self)
{
  GDBusInterface *manager = NULL;

  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  manager =
      g_dbus_object_manager_get_interface (iommud_dbus_client_get_object_manager (self),
                                           IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE);
  return manager == NULL ? NULL : IOMMUD_DBUS_MANAGER (manager);
}

static GList *
list_interfaces (IommudDBusClient *self, const char *name)
{
  GList *objects = g_dbus_object_manager_get_objects (iommud_dbus_client_get_object_manager (self));
  GList *interfaces = NULL;

  for (GList *l = objects; l != NULL; l = l->next)
    {
      GDBusInterface *interface = g_dbus_object_get_interface (l->data, name);

      if (interface != NULL)
        interfaces = g_list_prepend (interfaces, interface);
    }
  g_list_free_full (objects, g_object_unref);
  return interfaces;
}

/**
 * iommud_dbus_client_get_devices:
 * @self: a client
 *
 * Returns: (transfer full) (element-type IommudDBusDevice): the host's devices, in no order
 */
GList *
iommud_dbus_client_get_devices (IommudDBusClient *self)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  return list_interfaces (self, IOMMUD_DBUS_DEVICE_INTERFACE);
}

/**
 * iommud_dbus_client_get_containers:
 * @self: a client
 *
 * Returns: (transfer full) (element-type IommudDBusContainer): the host's containers, in no order
 */
GList *
iommud_dbus_client_get_containers (IommudDBusClient *self)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  return list_interfaces (self, IOMMUD_DBUS_CONTAINER_INTERFACE);
}

/**
 * iommud_dbus_client_get_leases:
 * @self: a client
 *
 * Returns: (transfer full) (element-type IommudDBusLease): the host's leases, in no order
 */
GList *
iommud_dbus_client_get_leases (IommudDBusClient *self)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  return list_interfaces (self, IOMMUD_DBUS_LEASE_INTERFACE);
}

/* The object manager lists a new object only after the main loop has run. A program that has just
 * got the path from a method does not have to wait for that. */
static gpointer
find_interface (IommudDBusClient *self, const char *path, GType proxy_type, const char *interface,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (GDBusProxy) proxy = NULL;
  g_auto (GStrv) names = NULL;
  GDBusInterface *listed = g_dbus_object_manager_get_interface (
      iommud_dbus_client_get_object_manager (self), path, interface);

  if (listed != NULL)
    return listed;

  proxy = g_initable_new (proxy_type, cancellable, error, "g-connection",
                          iommud_dbus_client_get_connection (self), "g-name", IOMMUD_DBUS_BUS_NAME,
                          "g-object-path", path, "g-interface-name", interface, NULL);
  if (proxy == NULL)
    return NULL;
  names = g_dbus_proxy_get_cached_property_names (proxy);
  if (names != NULL)
    return g_steal_pointer (&proxy);
  g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
               "The service has no object %s with the interface %s", path, interface);
  return NULL;
}

static IommudDBusManager *
get_manager_or_error (IommudDBusClient *self, GError **error)
{
  IommudDBusManager *manager = iommud_dbus_client_get_manager (self);

  if (manager == NULL)
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN,
                 "The service %s has gone from the bus", IOMMUD_DBUS_BUS_NAME);
  return manager;
}

static gboolean
is_object_path (const char *name)
{
  return g_str_has_prefix (name, IOMMUD_DBUS_ROOT_PATH "/") && g_variant_is_object_path (name);
}

/* A method of the manager that knows paths by names. */
typedef gboolean (*FindPath) (IommudDBusManager *manager, const char *name, GDBusCallFlags flags,
                              int timeout_msec, char **path, GCancellable *cancellable,
                              GError **error);

static char *
path_of_name (IommudDBusClient *self, const char *name, FindPath find_path,
              GCancellable *cancellable, GError **error)
{
  g_autoptr (IommudDBusManager) manager = NULL;
  char *path = NULL;

  if (is_object_path (name))
    return g_strdup (name);
  manager = get_manager_or_error (self, error);
  if (manager != NULL)
    find_path (manager, name, G_DBUS_CALL_FLAGS_NONE, -1, &path, cancellable, error);
  return path;
}

/**
 * iommud_dbus_client_find_device:
 * @self: a client
 * @name: an object path, a PCI address or other bus name, an mdev's UUID, a VFIO name such as
 *   vfio0, or a path in sysfs
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Finds a device by any of its names. This may ask the service, and wait for its answer.
 *
 * Returns: (transfer full): the device, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND if
 *   there is none
 */
IommudDBusDevice *
iommud_dbus_client_find_device (IommudDBusClient *self, const char *name, GCancellable *cancellable,
                                GError **error)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  path = path_of_name (self, name, iommud_dbus_manager_call_find_device_sync, cancellable, error);
  if (path == NULL)
    return NULL;
  return find_interface (self, path, IOMMUD_DBUS_TYPE_DEVICE_PROXY, IOMMUD_DBUS_DEVICE_INTERFACE,
                         cancellable, error);
}

/* One of the interfaces that each container has. */
static gpointer
find_container_interface (IommudDBusClient *self, const char *name, GType proxy_type,
                          const char *interface, GCancellable *cancellable, GError **error)
{
  g_autofree char *path =
      path_of_name (self, name, iommud_dbus_manager_call_find_container_sync, cancellable, error);

  return path == NULL ? NULL
                      : find_interface (self, path, proxy_type, interface, cancellable, error);
}

/**
 * iommud_dbus_client_find_container:
 * @self: a client
 * @name: an object path, or a container's name
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Finds a container. This may ask the service, and wait for its answer.
 *
 * Returns: (transfer full): the container, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND
 *   if there is none
 */
IommudDBusContainer *
iommud_dbus_client_find_container (IommudDBusClient *self, const char *name,
                                   GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return find_container_interface (self, name, IOMMUD_DBUS_TYPE_CONTAINER_PROXY,
                                   IOMMUD_DBUS_CONTAINER_INTERFACE, cancellable, error);
}

/**
 * iommud_dbus_client_find_memory:
 * @self: a client
 * @name: a container's object path, or its name
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Finds the memory of a container: what is mapped in it. This may ask the service, and wait for its
 * answer.
 *
 * Returns: (transfer full): the memory, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND if
 *   there is no such container
 */
IommudDBusMemory *
iommud_dbus_client_find_memory (IommudDBusClient *self, const char *name, GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return find_container_interface (self, name, IOMMUD_DBUS_TYPE_MEMORY_PROXY,
                                   IOMMUD_DBUS_MEMORY_INTERFACE, cancellable, error);
}

/**
 * iommud_dbus_client_find_dirty_tracking:
 * @self: a client
 * @name: a container's object path, or its name
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Finds the dirty tracking of a container. This may ask the service, and wait for its answer.
 *
 * Returns: (transfer full): the dirty tracking, or %NULL with @error set:
 *   %IOMMUD_DBUS_ERROR_NOT_FOUND if there is no such container
 */
IommudDBusDirtyTracking *
iommud_dbus_client_find_dirty_tracking (IommudDBusClient *self, const char *name,
                                        GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  return find_container_interface (self, name, IOMMUD_DBUS_TYPE_DIRTY_TRACKING_PROXY,
                                   IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, cancellable, error);
}

/**
 * iommud_dbus_client_find_hwpt:
 * @self: a client
 * @path: an object path
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Finds a HWPT. This may ask the service, and wait for its answer.
 *
 * Returns: (transfer full): the HWPT, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND if
 *   there is none
 */
IommudDBusHwpt *
iommud_dbus_client_find_hwpt (IommudDBusClient *self, const char *path, GCancellable *cancellable,
                              GError **error)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);

  if (is_object_path (path))
    return find_interface (self, path, IOMMUD_DBUS_TYPE_HWPT_PROXY, IOMMUD_DBUS_HWPT_INTERFACE,
                           cancellable, error);
  g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND,
               "%s is not the object path of a HWPT", path);
  return NULL;
}

/* Borrowed from the list; NULL if there is none of that name. */
static IommudDBusLease *
find_by_name (GList *leases, const char *name)
{
  for (GList *l = leases; l != NULL; l = l->next)
    if (g_strcmp0 (iommud_dbus_lease_get_name (l->data), name) == 0)
      return l->data;
  return NULL;
}

/**
 * iommud_dbus_client_find_lease:
 * @self: a client
 * @name: an object path, or a lease's name
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Finds a lease. This may ask the service, and wait for its answer.
 *
 * Returns: (transfer full): the lease, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND if
 *   there is none
 */
IommudDBusLease *
iommud_dbus_client_find_lease (IommudDBusClient *self, const char *name, GCancellable *cancellable,
                               GError **error)
{
  IommudDBusLease *lease = NULL;
  GList *leases;

  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (is_object_path (name))
    return find_interface (self, name, IOMMUD_DBUS_TYPE_LEASE_PROXY, IOMMUD_DBUS_LEASE_INTERFACE,
                           cancellable, error);
  leases = iommud_dbus_client_get_leases (self);
  g_set_object (&lease, find_by_name (leases, name));
  g_list_free_full (leases, g_object_unref);
  if (lease == NULL)
    g_set_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND, "There is no lease \"%s\"",
                 name);
  return lease;
}
