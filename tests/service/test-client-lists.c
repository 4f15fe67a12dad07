/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of devices and HWPTs in the client library: a change removes the old value, and asks for
 * nothing. The program that wants the new one reads it. */
#include "bed.h"
#include "daemon.h"
#include "iommud-dbus.h"

#define N_PAIRS 20

typedef struct
{
  IommudDBusClient *client;
  IommudDBusContainer *container; /* that the client lists */
  IommudDBusDevice *device;
  int n_questions;
} Fixture;

/* It is called in the thread of the connection. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  const char *member = g_dbus_message_get_member (message);

  if (!incoming && (g_strcmp0 (member, "Get") == 0 || g_strcmp0 (member, "GetAll") == 0))
    g_atomic_int_inc ((int *) user_data);
  return message;
}

static GVariant *
no_options (void)
{
  return g_variant_new ("a{sv}", NULL);
}

static IommudDBusContainer *
find_listed (Fixture *self, const char *path)
{
  GDBusObjectManager *manager = iommud_dbus_client_get_object_manager (self->client);
  GDBusInterface *container = NULL;

  while (container == NULL)
    {
      bed_iterate ();
      container =
          g_dbus_object_manager_get_interface (manager, path, IOMMUD_DBUS_CONTAINER_INTERFACE);
    }
  return IOMMUD_DBUS_CONTAINER (container);
}

static void
set_up (Fixture *self, const char *address)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudDBusManager) manager = NULL;
  g_autofree char *path = NULL;

  self->client = iommud_dbus_client_new_for_address_sync (address, NULL, &error);
  g_assert_no_error (error);
  manager = iommud_dbus_client_get_manager (self->client);
  iommud_dbus_manager_call_create_container_sync (manager, no_options (), G_DBUS_CALL_FLAGS_NONE,
                                                  -1, &path, NULL, &error);
  g_assert_no_error (error);
  self->container = find_listed (self, path);
  self->device = iommud_dbus_client_find_device (self->client, "0000:01:00.0", NULL, &error);
  g_assert_no_error (error);
}

static void
attach (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  iommud_dbus_container_call_attach_device_sync (
      self->container, g_dbus_proxy_get_object_path (G_DBUS_PROXY (self->device)), no_options (),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
detach (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  iommud_dbus_device_call_detach_sync (self->device, no_options (), G_DBUS_CALL_FLAGS_NONE, -1,
                                       NULL, &error);
  g_assert_no_error (error);
}

static gsize
read_length (Fixture *self, const char *property)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) list =
      iommud_dbus_read_property_sync (G_DBUS_PROXY (self->container), property, NULL, &error);

  g_assert_no_error (error);
  return g_variant_n_children (list);
}

static void
check_lists (Fixture *self)
{
  g_assert_nonnull (iommud_dbus_container_get_devices (self->container));
  for (guint i = 0; i < N_PAIRS; i++)
    {
      attach (self);
      detach (self);
    }
  attach (self);
  while (g_strcmp0 (iommud_dbus_device_get_state (self->device), "attached") != 0
         || iommud_dbus_container_get_devices (self->container) != NULL)
    bed_iterate ();
  g_assert_null (iommud_dbus_container_get_hwpts (self->container));
  g_assert_cmpint (g_atomic_int_get (&self->n_questions), ==, 0);

  g_assert_cmpuint (read_length (self, "Devices"), ==, 1);
  g_assert_cmpuint (read_length (self, "Hwpts"), ==, 1);
  g_assert_cmpint (g_atomic_int_get (&self->n_questions), ==, 2);
  g_assert_nonnull (iommud_dbus_container_get_devices (self->container)[0]);
  g_assert_null (iommud_dbus_container_get_devices (self->container)[1]);
}

static void
test_lists (void)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = bed_start_bus (&address);
  GSubprocess *daemon = daemon_start (address, "--simulate");
  g_autoptr (GDBusConnection) connection = NULL;
  Fixture fixture = { 0 };
  guint filter = 0;

  set_up (&fixture, address);
  connection = g_object_ref (iommud_dbus_client_get_connection (fixture.client));
  filter = g_dbus_connection_add_filter (connection, on_message, &fixture.n_questions, NULL);
  check_lists (&fixture);
  g_dbus_connection_remove_filter (connection, filter);
  g_object_unref (fixture.device);
  g_object_unref (fixture.container);
  g_assert_finalize_object (fixture.client);
  bed_disconnect (g_steal_pointer (&connection));
  daemon_stop (daemon);
  bed_stop_bus (bus);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/lists-are-read-lazily", test_lists);
  return g_test_run ();
}
