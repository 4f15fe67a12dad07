/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The installed policy of the system bus, enforced by a message bus: root serves, and all users
 * call what the service decides about, and no more. */
#include <unistd.h>

#include "bed.h"
#include "daemon.h"
#include "iommud-dbus-generated.h"

#define STRANGER 65534
#define MANAGER IOMMUD_DBUS_MANAGER_PATH

static GDBusConnection *
connect_as (const char *address, uid_t uid)
{
  GDBusConnection *connection = NULL;

  g_assert_cmpint (seteuid (uid), ==, 0);
  connection = bed_connect (address);
  g_assert_cmpint (seteuid (0), ==, 0);
  return connection;
}

static GVariant *
call (GDBusConnection *caller, const char *path, const char *interface, const char *method,
      GVariant *arguments, GError **error)
{
  return g_dbus_connection_call_sync (caller, IOMMUD_DBUS_BUS_NAME, path, interface, method,
                                      arguments, NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL,
                                      error);
}

static void
check_allowed (GDBusConnection *caller, const char *path, const char *interface, const char *method,
               GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (caller, path, interface, method, arguments, &error);

  g_assert_no_error (error);
  g_assert_nonnull (reply);
}

static void
check_denied (GDBusConnection *caller, const char *path, const char *interface, const char *method,
              GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (caller, path, interface, method, arguments, &error);

  g_assert_null (reply);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
}

/* No object has such a path, so a call that the bus lets through gets another error. */
static void
check_every_method (GDBusConnection *caller)
{
  GDBusInterfaceInfo *infos[] = {
    iommud_dbus_manager_interface_info (),        iommud_dbus_device_interface_info (),
    iommud_dbus_container_interface_info (),      iommud_dbus_memory_interface_info (),
    iommud_dbus_dirty_tracking_interface_info (), iommud_dbus_hwpt_interface_info (),
    iommud_dbus_lease_interface_info (),
  };

  for (gsize i = 0; i < G_N_ELEMENTS (infos); i++)
    for (guint j = 0; infos[i]->methods[j] != NULL; j++)
      {
        const char *method = infos[i]->methods[j]->name;
        g_autoptr (GError) error = NULL;
        g_autoptr (GVariant) reply = call (caller, "/none", infos[i]->name, method, NULL, &error);

        g_test_message ("%s.%s", infos[i]->name, method);
        g_assert_null (reply);
        g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
      }
}

/* The bus asks nobody; the service does. */
static void
check_refused (GDBusConnection *caller, const char *path, const char *interface, const char *method,
               GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call (caller, path, interface, method, arguments, &error);
  g_autofree char *name = NULL;

  g_assert_null (reply);
  name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, "org.iommud1.Error.NotAuthorized");
}

static void
check_stranger (GDBusConnection *stranger)
{
  check_allowed (stranger, MANAGER, "org.freedesktop.DBus.Peer", "Ping", NULL);
  check_allowed (stranger, MANAGER, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
  check_allowed (stranger, MANAGER, "org.freedesktop.DBus.Properties", "Get",
                 g_variant_new ("(ss)", IOMMUD_DBUS_MANAGER_INTERFACE, "Version"));
  check_allowed (stranger, MANAGER, "org.freedesktop.DBus.Properties", "GetAll",
                 g_variant_new ("(s)", IOMMUD_DBUS_MANAGER_INTERFACE));
  check_allowed (stranger, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                 "GetManagedObjects", NULL);
  check_allowed (stranger, MANAGER, IOMMUD_DBUS_MANAGER_INTERFACE, "FindDevice",
                 g_variant_new ("(s)", "0000:01:00.0"));
  check_refused (stranger, MANAGER, IOMMUD_DBUS_MANAGER_INTERFACE, "CreateContainer",
                 bed_options (NULL));
  check_denied (stranger, MANAGER, IOMMUD_DBUS_MANAGER_INTERFACE, "NoSuchMethod", NULL);
  check_denied (
      stranger, MANAGER, "org.freedesktop.DBus.Properties", "Set",
      g_variant_new ("(ssv)", IOMMUD_DBUS_MANAGER_INTERFACE, "Version", g_variant_new_string ("")));
}

/* So much is answered only to a caller of whom the service knows that it reads. */
static void
check_pinged (GDBusConnection *stranger)
{
  for (guint i = 0; i < 300; i++)
    check_allowed (stranger, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
                   "GetManagedObjects", NULL);
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *parameters, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static void
test_enforced (void)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = NULL;
  GSubprocess *daemon = NULL;
  GDBusConnection *stranger = NULL;
  GDBusConnection *root = NULL;
  gboolean told = FALSE;

  if (getuid () != 0)
    {
      g_test_skip ("only root can be two users");
      return;
    }
  bus = bed_start_bus_with (G_TEST_BUILT, "policy-bus.conf", &address);
  daemon = daemon_start (address, "--simulate");
  stranger = connect_as (address, STRANGER);
  root = bed_connect (address);
  check_stranger (stranger);
  check_pinged (stranger);
  check_every_method (stranger);
  check_every_method (root);
  g_dbus_connection_signal_subscribe (stranger, IOMMUD_DBUS_BUS_NAME, NULL, "InterfacesAdded", NULL,
                                      NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_signal, &told, NULL);
  check_allowed (root, MANAGER, IOMMUD_DBUS_MANAGER_INTERFACE, "CreateContainer",
                 bed_options (NULL));
  bed_wait (&told);
  bed_disconnect (stranger);
  bed_disconnect (root);
  daemon_stop (daemon);
  bed_stop_bus (bus);
}

/* A user other than root does not get the name, and the program says so. */
static void
test_name (void)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = bed_start_bus_with (G_TEST_BUILT, "policy-bus.conf", &address);
  GDBusConnection *stranger =
      getuid () == 0 ? connect_as (address, STRANGER) : bed_connect (address);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      stranger, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "RequestName", g_variant_new ("(su)", IOMMUD_DBUS_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE,
      -1, NULL, &error);

  g_assert_null (reply);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED);
  bed_disconnect (stranger);
  bed_stop_bus (bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus-policy/enforced", test_enforced);
  g_test_add_func ("/bus-policy/name", test_name);
  return g_test_run ();
}
