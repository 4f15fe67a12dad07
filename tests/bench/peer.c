/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other services, to compare ours with: one answers GetManagedObjects with a body that is there
 * already, the least that GDBus can do; one uses the stock object manager with generated skeletons.
 * Both show what our service on the same bus shows when they start. One answers with as many files
 * as LeaseDevices, and as long an answer; another one also sends the signals. One has no object at
 * all, and one is none: a user who is greedy. */
#include <unistd.h>

#include "bed.h"
#include "common.h"
#include "greedy-user.h"
#include "iommud-dbus.h"
#include "lease-client.h"
#include "properties.h"
#include "users.h"

/* Of four devices, with the guard and the iommufd. */
#define N_LEASED_FILES 6

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static const char prebuilt_xml[] = "<node><interface name='" OBJECT_MANAGER "'>"
                                   "<method name='GetManagedObjects'>"
                                   "<arg type='a{oa{sa{sv}}}' direction='out'/>"
                                   "</method></interface></node>";

static void
on_prebuilt_call (GDBusConnection *connection, const char *sender, const char *path,
                  const char *interface, const char *method, GVariant *arguments,
                  GDBusMethodInvocation *invocation, gpointer body)
{
  g_dbus_method_invocation_return_value (invocation, body);
}

static void
export_prebuilt (GDBusConnection *connection, GVariant *body)
{
  static const GDBusInterfaceVTable functions = { on_prebuilt_call, NULL, NULL, { NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (prebuilt_xml, &error);

  g_assert_no_error (error);
  g_dbus_connection_register_object (connection, IOMMUD_DBUS_ROOT_PATH, info->interfaces[0],
                                     &functions, body, NULL, &error);
  g_assert_no_error (error);
}

static void
set_properties (GDBusInterfaceSkeleton *skeleton, GVariant *properties)
{
  GVariantIter iter;
  const char *member = NULL;
  GVariant *variant = NULL;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &member, &variant))
    {
      g_autofree char *name = iommud_properties_name_from_member (member);
      g_auto (GValue) value = G_VALUE_INIT;

      g_dbus_gvariant_to_gvalue (variant, &value);
      g_object_set_property (G_OBJECT (skeleton), name, &value);
    }
}

/* Devices only: nearly all objects are. */
static void
export_device (GDBusObjectManagerServer *manager, const char *path, GVariant *interfaces)
{
  g_autoptr (GVariant) properties =
      g_variant_lookup_value (interfaces, IOMMUD_DBUS_DEVICE_INTERFACE, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GDBusObjectSkeleton) object = NULL;
  g_autoptr (IommudDBusDevice) device = NULL;

  if (properties == NULL)
    return;
  object = g_dbus_object_skeleton_new (path);
  device = iommud_dbus_device_skeleton_new ();
  set_properties (G_DBUS_INTERFACE_SKELETON (device), properties);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (device));
  g_dbus_object_manager_server_export (manager, object);
}

static GDBusObjectManagerServer *
export_skeletons (GDBusConnection *connection, GVariant *body)
{
  GDBusObjectManagerServer *manager = g_dbus_object_manager_server_new (IOMMUD_DBUS_ROOT_PATH);
  g_autoptr (GVariant) objects = g_variant_get_child_value (body, 0);
  GVariantIter iter;
  const char *path = NULL;
  GVariant *interfaces = NULL;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    export_device (manager, path, interfaces);
  g_dbus_object_manager_server_set_connection (manager, connection);
  return manager;
}

static const char leased_xml[] = "<node><interface name='" IOMMUD_DBUS_MANAGER_INTERFACE "'>"
                                 "<method name='LeaseDevices'>"
                                 "<arg type='ao' direction='in'/>"
                                 "<arg type='a{sv}' direction='in'/>"
                                 "<arg type='o' direction='out'/>"
                                 "<arg type='h' direction='out'/>"
                                 "<arg type='h' direction='out'/>"
                                 "<arg type='ah' direction='out'/>"
                                 "<arg type='aa{sv}' direction='out'/>"
                                 "</method></interface></node>";

typedef struct
{
  LeaseClient client; /* its lease has ended, its reply is still there */
  GVariant *added;    /* the bodies of signals; NULL: none are sent */
  GVariant *changed;
} Leased;

/* One for the lease, and one for each device. */
static void
send_signals (GDBusConnection *connection, const Leased *self)
{
  g_autofree const char **devices = g_variant_get_objv (self->client.devices, NULL);

  g_dbus_connection_emit_signal (connection, NULL, IOMMUD_DBUS_ROOT_PATH, OBJECT_MANAGER,
                                 "InterfacesAdded", self->added, NULL);
  for (gsize i = 0; devices[i] != NULL; i++)
    g_dbus_connection_emit_signal (connection, NULL, devices[i], PROPERTIES, "PropertiesChanged",
                                   self->changed, NULL);
}

/* The files are open already: what it costs to open them is measured elsewhere. */
static void
on_leased_call (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *method, GVariant *arguments,
                GDBusMethodInvocation *invocation, gpointer user_data)
{
  const Leased *self = user_data;
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();

  for (int i = 0; i < N_LEASED_FILES; i++)
    g_assert_cmpint (g_unix_fd_list_append (files, STDIN_FILENO, NULL), ==, i);
  if (self->added != NULL)
    send_signals (connection, self);
  g_dbus_method_invocation_return_value_with_unix_fd_list (invocation, self->client.reply, files);
}

static GVariant *
get_all (GDBusConnection *connection, const char *path, const char *interface)
{
  g_autoptr (GVariant) reply =
      bench_call (connection, path, PROPERTIES, "GetAll", g_variant_new ("(s)", interface));

  return g_variant_get_child_value (reply, 0);
}

/* What our service sends of the lease. */
static void
make_signals (Leased *self, GDBusConnection *connection)
{
  const char *path = lease_client_get_lease (&self->client);
  g_autoptr (GVariant) properties = get_all (connection, path, IOMMUD_DBUS_LEASE_INTERFACE);

  self->added = g_variant_ref_sink (
      g_variant_new_parsed ("(%o, {%s: %@a{sv}})", path, IOMMUD_DBUS_LEASE_INTERFACE, properties));
  self->changed = g_variant_ref_sink (g_variant_new_parsed (
      "(%s, {'State': <'leased'>, 'Lease': <%o>}, @as [])", IOMMUD_DBUS_DEVICE_INTERFACE, path));
}

static void
export_leased (GDBusConnection *connection, Leased *self, gboolean with_signals)
{
  static const GDBusInterfaceVTable functions = { on_leased_call, NULL, NULL, { NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) info = g_dbus_node_info_new_for_xml (leased_xml, &error);
  g_autoptr (GVariant) reply = NULL;

  g_assert_no_error (error);
  lease_client_init (&self->client, connection, IOMMUD_DBUS_BUS_NAME, N_LEASED_FILES - 2);
  lease_client_lease (&self->client);
  g_assert_cmpint (g_unix_fd_list_get_length (self->client.files), ==, N_LEASED_FILES);
  if (with_signals)
    make_signals (self, connection);
  reply = g_variant_ref (self->client.reply);
  lease_client_end (&self->client);
  self->client.reply = g_steal_pointer (&reply);
  g_dbus_connection_register_object (connection, IOMMUD_DBUS_MANAGER_PATH, info->interfaces[0],
                                     &functions, self, NULL, &error);
  g_assert_no_error (error);
}

/* Serves until it is killed. */
int
main (int argc, char **argv)
{
  GDBusConnection *connection = NULL;
  g_autoptr (GVariant) body = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  GDBusObjectManagerServer *manager = NULL;
  Leased leased = { .added = NULL };

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, ==, 4);
  connection = bed_connect (argv[1]);
  if (g_str_equal (argv[2], "greedy"))
    greedy_user_start (argv[1], users_get_stranger ());
  else if (g_str_has_prefix (argv[2], "leased"))
    export_leased (connection, &leased, g_str_equal (argv[2], "leased-and-told"));
  else if (!g_str_equal (argv[2], "nothing"))
    body =
        bench_call (connection, IOMMUD_DBUS_ROOT_PATH, OBJECT_MANAGER, "GetManagedObjects", NULL);
  if (g_str_equal (argv[2], "prebuilt"))
    export_prebuilt (connection, body);
  else if (body != NULL)
    manager = export_skeletons (connection, body);
  g_bus_own_name_on_connection (connection, argv[3], G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL,
                                NULL);
  g_main_loop_run (loop);
  g_clear_object (&manager);
  return 0;
}
