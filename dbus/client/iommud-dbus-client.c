/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's view of the service: connect, list, find, and notice when the service goes away. */
#include "iommud-dbus-client.h"

#include "iommud-dbus-error.h"
#include "iommud-dbus-names.h"
#include "iommud-dbus-refresh.h"

#define PEER_INTERFACE "org.freedesktop.DBus.Peer"

struct _IommudDBusClient
{
  GObject parent_instance;

  GBusType bus_type;
  char *address;
  GDBusConnection *connection;
  GDBusObjectManager *object_manager;
  gboolean running;
};

enum
{
  PROP_0,
  PROP_BUS_TYPE,
  PROP_ADDRESS,
  PROP_CONNECTION,
  PROP_OBJECT_MANAGER,
  PROP_RUNNING,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void initable_init (GInitableIface *iface);
static void async_initable_init (GAsyncInitableIface *iface);

/**
 * IommudDBusClient:
 *
 * The service as a client sees it: its devices, containers and HWPTs as proxies that are kept up to
 * date by the service's signals. Mappings of a container has no value from when it has changed
 * until the service has been asked for the new one, which the client does by itself. Signals arrive
 * in the thread-default main context of the thread that made the client.
 */
G_DEFINE_FINAL_TYPE_WITH_CODE (IommudDBusClient, iommud_dbus_client, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_init)
                                   G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_INITABLE,
                                                          async_initable_init))

static gboolean
has_owner (GObject *object_manager)
{
  g_autofree char *owner =
      g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (object_manager));

  return owner != NULL;
}

static void
on_name_owner_changed (GObject *object_manager, GParamSpec *pspec, IommudDBusClient *self)
{
  gboolean running = has_owner (object_manager);

  if (running == self->running)
    return;
  self->running = running;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RUNNING]);
}

static void
take_object_manager (IommudDBusClient *self, GDBusObjectManager *object_manager)
{
  self->object_manager = object_manager;
  self->running = has_owner (G_OBJECT (object_manager));
  iommud_dbus_refresh_watch (G_DBUS_OBJECT_MANAGER_CLIENT (object_manager));
  g_signal_connect_object (object_manager, "notify::name-owner", G_CALLBACK (on_name_owner_changed),
                           self, 0);
}

static GDBusConnectionFlags
connection_flags (void)
{
  return G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
         | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION;
}

static GDBusConnection *
connect_sync (IommudDBusClient *self, GCancellable *cancellable, GError **error)
{
  if (self->address == NULL)
    return g_bus_get_sync (self->bus_type, cancellable, error);
  return g_dbus_connection_new_for_address_sync (self->address, connection_flags (), NULL,
                                                 cancellable, error);
}

/* An object manager is made without complaint where there is no service. The ping starts the
 * service where it can be started, and says why it could not be. */
static gboolean
ping_sync (IommudDBusClient *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      self->connection, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_ROOT_PATH, PEER_INTERFACE, "Ping", NULL,
      NULL, G_DBUS_CALL_FLAGS_NONE, -1, cancellable, error);

  return reply != NULL;
}

static gboolean
iommud_dbus_client_initable_init (GInitable *initable, GCancellable *cancellable, GError **error)
{
  IommudDBusClient *self = IOMMUD_DBUS_CLIENT (initable);
  GDBusObjectManager *object_manager = NULL;

  iommud_dbus_error_quark ();
  if (self->connection == NULL)
    self->connection = connect_sync (self, cancellable, error);
  if (self->connection == NULL || !ping_sync (self, cancellable, error))
    return FALSE;

  object_manager = iommud_dbus_object_manager_client_new_sync (
      self->connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, IOMMUD_DBUS_BUS_NAME,
      IOMMUD_DBUS_ROOT_PATH, cancellable, error);
  if (object_manager == NULL)
    return FALSE;
  take_object_manager (self, object_manager);
  return TRUE;
}

static void
initable_init (GInitableIface *iface)
{
  iface->init = iommud_dbus_client_initable_init;
}

static void
on_object_manager_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GDBusObjectManager *object_manager =
      iommud_dbus_object_manager_client_new_finish (result, &error);

  if (object_manager == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  take_object_manager (g_task_get_source_object (task), object_manager);
  g_task_return_boolean (task, TRUE);
}

static void
on_pinged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GDBusConnection *connection = G_DBUS_CONNECTION (source);
  GError *error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (connection, result, &error);

  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  iommud_dbus_object_manager_client_new (connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE,
                                         IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_ROOT_PATH,
                                         g_task_get_cancellable (task), on_object_manager_made,
                                         g_object_ref (task));
}

static void
ping (GTask *task)
{
  IommudDBusClient *self = g_task_get_source_object (task);

  g_dbus_connection_call (self->connection, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_ROOT_PATH,
                          PEER_INTERFACE, "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          g_task_get_cancellable (task), on_pinged, g_object_ref (task));
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  IommudDBusClient *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (self->address == NULL)
    self->connection = g_bus_get_finish (result, &error);
  else
    self->connection = g_dbus_connection_new_for_address_finish (result, &error);

  if (self->connection == NULL)
    g_task_return_error (task, error);
  else
    ping (task);
}

static void
iommud_dbus_client_init_async (GAsyncInitable *initable, int io_priority, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  IommudDBusClient *self = IOMMUD_DBUS_CLIENT (initable);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, iommud_dbus_client_init_async);
  iommud_dbus_error_quark ();
  if (self->connection != NULL)
    ping (task);
  else if (self->address == NULL)
    g_bus_get (self->bus_type, cancellable, on_connected, g_object_ref (task));
  else
    g_dbus_connection_new_for_address (self->address, connection_flags (), NULL, cancellable,
                                       on_connected, g_object_ref (task));
}

static gboolean
iommud_dbus_client_init_finish (GAsyncInitable *initable, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
async_initable_init (GAsyncInitableIface *iface)
{
  iface->init_async = iommud_dbus_client_init_async;
  iface->init_finish = iommud_dbus_client_init_finish;
}

static void
iommud_dbus_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  IommudDBusClient *self = IOMMUD_DBUS_CLIENT (object);

  switch (id)
    {
    case PROP_BUS_TYPE:
      g_value_set_enum (value, self->bus_type);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;
    case PROP_OBJECT_MANAGER:
      g_value_set_object (value, self->object_manager);
      break;
    case PROP_RUNNING:
      g_value_set_boolean (value, iommud_dbus_client_get_running (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_dbus_client_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  IommudDBusClient *self = IOMMUD_DBUS_CLIENT (object);

  switch (id)
    {
    case PROP_BUS_TYPE:
      self->bus_type = g_value_get_enum (value);
      break;
    case PROP_ADDRESS:
      self->address = g_value_dup_string (value);
      break;
    case PROP_CONNECTION:
      self->connection = g_value_dup_object (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
iommud_dbus_client_finalize (GObject *object)
{
  IommudDBusClient *self = IOMMUD_DBUS_CLIENT (object);

  g_clear_object (&self->object_manager);
  g_clear_object (&self->connection);
  g_clear_pointer (&self->address, g_free);
  G_OBJECT_CLASS (iommud_dbus_client_parent_class)->finalize (object);
}

static void
iommud_dbus_client_class_init (IommudDBusClientClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  const GParamFlags given = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = iommud_dbus_client_get_property;
  object_class->set_property = iommud_dbus_client_set_property;
  object_class->finalize = iommud_dbus_client_finalize;

  /**
   * IommudDBusClient:bus-type:
   *
   * The bus to connect to, where neither an address nor a connection is given.
   */
  properties[PROP_BUS_TYPE] =
      g_param_spec_enum ("bus-type", NULL, NULL, G_TYPE_BUS_TYPE, G_BUS_TYPE_SYSTEM, given);
  /**
   * IommudDBusClient:address:
   *
   * The D-Bus address of the message bus to connect to, or %NULL.
   */
  properties[PROP_ADDRESS] = g_param_spec_string ("address", NULL, NULL, NULL, given);
  /**
   * IommudDBusClient:connection:
   *
   * The connection to the message bus.
   */
  properties[PROP_CONNECTION] =
      g_param_spec_object ("connection", NULL, NULL, G_TYPE_DBUS_CONNECTION, given);
  /**
   * IommudDBusClient:object-manager:
   *
   * The service's objects; its signals tell of objects that come, change and go.
   */
  properties[PROP_OBJECT_MANAGER] =
      g_param_spec_object ("object-manager", NULL, NULL, G_TYPE_DBUS_OBJECT_MANAGER, read);
  /**
   * IommudDBusClient:running:
   *
   * Whether the service owns its name. When it becomes false all objects have gone; when the
   * service comes back they are listed anew.
   */
  properties[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, read);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
iommud_dbus_client_init (IommudDBusClient *self)
{
}

/**
 * iommud_dbus_client_new_sync: (constructor)
 * @bus_type: %G_BUS_TYPE_SYSTEM, or %G_BUS_TYPE_SESSION for tests
 * @cancellable: (nullable): a cancellable
 * @error: where to put an error
 *
 * Connects to the service on a well-known bus, starting the service where the bus knows how to.
 *
 * Returns: (transfer full): a client, or %NULL with @error set: a #GIOError where there is no bus,
 *   %G_DBUS_ERROR_SERVICE_UNKNOWN where the service does not run and cannot be started
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

/**
 * iommud_dbus_client_get_running:
 * @self: a client
 *
 * Returns: whether the service is there
 */
gboolean
iommud_dbus_client_get_running (IommudDBusClient *self)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), FALSE);

  return self->running;
}

/**
 * iommud_dbus_client_get_connection:
 * @self: a client
 *
 * Returns: (transfer none): the connection to the message bus
 */
GDBusConnection *
iommud_dbus_client_get_connection (IommudDBusClient *self)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  return self->connection;
}

/**
 * iommud_dbus_client_get_object_manager:
 * @self: a client
 *
 * Returns: (transfer none): the service's objects
 */
GDBusObjectManager *
iommud_dbus_client_get_object_manager (IommudDBusClient *self)
{
  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  return self->object_manager;
}

/**
 * iommud_dbus_client_get_manager:
 * @self: a client
 *
 * Returns: (transfer full) (nullable): the host as a whole; %NULL while the service is away
 */
IommudDBusManager *
iommud_dbus_client_get_manager (IommudDBusClient *self)
{
  GDBusInterface *manager = NULL;

  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);

  manager = g_dbus_object_manager_get_interface (self->object_manager, IOMMUD_DBUS_MANAGER_PATH,
                                                 IOMMUD_DBUS_MANAGER_INTERFACE);
  return manager == NULL ? NULL : IOMMUD_DBUS_MANAGER (manager);
}

static GList *
list_interfaces (IommudDBusClient *self, const char *name)
{
  GList *objects = g_dbus_object_manager_get_objects (self->object_manager);
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

/* The object manager lists a new object only when the main loop has run; whoever has just been
 * given its path by a method need not wait for that. */
static gpointer
find_interface (IommudDBusClient *self, const char *path, GType proxy_type, const char *interface,
                GCancellable *cancellable, GError **error)
{
  g_autoptr (GDBusProxy) proxy = NULL;
  g_auto (GStrv) names = NULL;
  GDBusInterface *listed =
      g_dbus_object_manager_get_interface (self->object_manager, path, interface);

  if (listed != NULL)
    return listed;

  proxy =
      g_initable_new (proxy_type, cancellable, error, "g-connection", self->connection, "g-flags",
                      G_DBUS_PROXY_FLAGS_GET_INVALIDATED_PROPERTIES, "g-name", IOMMUD_DBUS_BUS_NAME,
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
 * Returns: (transfer full): the device, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND
 *   where there is none
 */
IommudDBusDevice *
iommud_dbus_client_find_device (IommudDBusClient *self, const char *name, GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (IommudDBusManager) manager = NULL;
  g_autofree char *path = NULL;

  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (is_object_path (name))
    return find_interface (self, name, IOMMUD_DBUS_TYPE_DEVICE_PROXY, IOMMUD_DBUS_DEVICE_INTERFACE,
                           cancellable, error);
  manager = get_manager_or_error (self, error);
  if (manager == NULL
      || !iommud_dbus_manager_call_find_device_sync (manager, name, G_DBUS_CALL_FLAGS_NONE, -1,
                                                     &path, cancellable, error))
    return NULL;
  return find_interface (self, path, IOMMUD_DBUS_TYPE_DEVICE_PROXY, IOMMUD_DBUS_DEVICE_INTERFACE,
                         cancellable, error);
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
 *   where there is none
 */
IommudDBusContainer *
iommud_dbus_client_find_container (IommudDBusClient *self, const char *name,
                                   GCancellable *cancellable, GError **error)
{
  g_autoptr (IommudDBusManager) manager = NULL;
  g_autofree char *path = NULL;

  g_return_val_if_fail (IOMMUD_DBUS_IS_CLIENT (self), NULL);
  g_return_val_if_fail (name != NULL, NULL);

  if (is_object_path (name))
    return find_interface (self, name, IOMMUD_DBUS_TYPE_CONTAINER_PROXY,
                           IOMMUD_DBUS_CONTAINER_INTERFACE, cancellable, error);
  manager = get_manager_or_error (self, error);
  if (manager == NULL
      || !iommud_dbus_manager_call_find_container_sync (manager, name, G_DBUS_CALL_FLAGS_NONE, -1,
                                                        &path, cancellable, error))
    return NULL;
  return find_interface (self, path, IOMMUD_DBUS_TYPE_CONTAINER_PROXY,
                         IOMMUD_DBUS_CONTAINER_INTERFACE, cancellable, error);
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
 * Returns: (transfer full): the HWPT, or %NULL with @error set: %IOMMUD_DBUS_ERROR_NOT_FOUND where
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
