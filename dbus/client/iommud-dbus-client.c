/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of the service: its connection, its objects, and whether the service is there. */
#include "iommud-dbus-client.h"

#include "iommud-dbus-error.h"
#include "iommud-dbus-names.h"

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
 * The service as a client sees it: its devices, containers and HWPTs are proxies, which the
 * service's signals keep up to date. For lists that may be long, such as Mappings of
 * #IommudDBusMemory or Devices of #IommudDBusContainer, a signal says only that they have changed:
 * their getters return %NULL until iommud_dbus_read_property() has asked for the new value. Signals
 * arrive in the thread-default main context of the thread that made the client.
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

/* Making an object manager succeeds even if there is no service. The ping starts the service if it
 * can be started, and says why if it cannot. */
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
   * The bus to connect to if neither an address nor a connection is given.
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
   * The service's objects; its signals report objects that come, change and go.
   */
  properties[PROP_OBJECT_MANAGER] =
      g_param_spec_object ("object-manager", NULL, NULL, G_TYPE_DBUS_OBJECT_MANAGER, read);
  /**
   * IommudDBusClient:running:
   *
   * Whether the service owns its name. When this becomes false, all objects have gone; when the
   * service comes back, they are listed anew.
   */
  properties[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, read);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
iommud_dbus_client_init (IommudDBusClient *self)
{
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
