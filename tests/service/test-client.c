/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client library against the program. */
#include "bed.h"
#include "daemon.h"
#include "iommud-dbus.h"
#include "memory.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"

typedef struct
{
  GSubprocess *bus;
  char *address;
  GSubprocess *daemon;
  IommudDBusClient *client;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->bus = bed_start_bus (&fixture->address);
  fixture->daemon = daemon_start (fixture->address, "--simulate");
  fixture->client = iommud_dbus_client_new_for_address_sync (fixture->address, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *connection = g_object_ref (iommud_dbus_client_get_connection (fixture->client));

  g_assert_finalize_object (fixture->client);
  bed_disconnect (connection);
  if (fixture->daemon != NULL)
    daemon_stop (fixture->daemon);
  bed_stop_bus (fixture->bus);
  g_free (fixture->address);
}

static char *
create (Fixture *fixture, const char *options, GError **error)
{
  g_autoptr (IommudDBusManager) manager = iommud_dbus_client_get_manager (fixture->client);
  char *path = NULL;

  iommud_dbus_manager_call_create_container_sync (manager, g_variant_new_parsed (options),
                                                  G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, error);
  return path;
}

static void
test_no_service (void)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = bed_start_bus (&address);
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_dbus_client_new_for_address_sync (address, NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN);
  bed_stop_bus (bus);
}

static void
test_no_bus (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_dbus_client_new_for_address_sync ("unix:path=/nonexistent", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

static void
test_lists (Fixture *fixture, gconstpointer data)
{
  g_autolist (IommudDBusDevice) devices = iommud_dbus_client_get_devices (fixture->client);
  g_autolist (IommudDBusContainer) containers = iommud_dbus_client_get_containers (fixture->client);
  g_autoptr (IommudDBusManager) manager = iommud_dbus_client_get_manager (fixture->client);

  g_assert_true (iommud_dbus_client_get_running (fixture->client));
  g_assert_cmpuint (g_list_length (devices), ==, 10);
  g_assert_null (containers);
  g_assert_cmpstr (iommud_dbus_manager_get_backend (manager), ==, "simulated");
}

/* An object that a call has just made is found before the main loop has handled its signal. */
static void
test_find (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = create (fixture, "{'name': <'vm1'>}", &error);
  g_autoptr (IommudDBusContainer) by_name =
      iommud_dbus_client_find_container (fixture->client, "vm1", NULL, NULL);
  g_autoptr (IommudDBusContainer) by_path =
      iommud_dbus_client_find_container (fixture->client, path, NULL, NULL);
  g_autoptr (IommudDBusDevice) device =
      iommud_dbus_client_find_device (fixture->client, PCI_1, NULL, NULL);
  g_autoptr (IommudDBusDirtyTracking) tracking =
      iommud_dbus_client_find_dirty_tracking (fixture->client, path, NULL, NULL);
  g_autoptr (IommudDBusHwpt) hwpt = NULL;
  g_autofree char *hwpt_path = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (iommud_dbus_dirty_tracking_get_policy (tracking), ==, "preferred");
  g_assert_cmpstr (iommud_dbus_container_get_name (by_name), ==, "vm1");
  g_assert_cmpstr (iommud_dbus_container_get_name (by_path), ==, "vm1");
  g_assert_cmpstr (iommud_dbus_device_get_name (device), ==, PCI_1);
  iommud_dbus_container_call_attach_device_sync (
      by_name, g_dbus_proxy_get_object_path (G_DBUS_PROXY (device)),
      g_variant_new_parsed ("@a{sv} {}"), G_DBUS_CALL_FLAGS_NONE, -1, &hwpt_path, NULL, &error);
  g_assert_no_error (error);
  hwpt = iommud_dbus_client_find_hwpt (fixture->client, hwpt_path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (iommud_dbus_hwpt_get_management (hwpt), ==, "auto");
}

static void
map_page (IommudDBusMemory *memory, guint64 iova)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  int file = memory_new (PAGE);
  guint64 mapped = 0;
  g_autoptr (GError) error = NULL;

  g_unix_fd_list_append (list, file, &error);
  g_assert_no_error (error);
  close (file);
  iommud_dbus_memory_call_map_file_sync (memory, g_variant_new_handle (0), 0, PAGE, iova,
                                         g_variant_new_parsed ("@a{sv} {}"), G_DBUS_CALL_FLAGS_NONE,
                                         -1, list, &mapped, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (mapped, ==, iova);
}

static void
on_notify (GObject *memory, GParamSpec *pspec, gpointer user_data)
{
  *(guint *) user_data += 1;
}

/* Counts what the client asks for. It is called in the thread of the connection. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  if (!incoming && g_strcmp0 (g_dbus_message_get_member (message), "Get") == 0)
    g_atomic_int_inc ((int *) user_data);
  return message;
}

static gboolean
is_listed (Fixture *fixture, const char *path)
{
  g_autoptr (GDBusObject) object = g_dbus_object_manager_get_object (
      iommud_dbus_client_get_object_manager (fixture->client), path);

  return object != NULL;
}

static guint
read_count (gpointer memory)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) mappings =
      iommud_dbus_read_property_sync (G_DBUS_PROXY (memory), "Mappings", NULL, &error);

  g_assert_no_error (error);
  return g_variant_n_children (mappings);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static guint
read_count_async (gpointer memory)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) mappings = NULL;

  iommud_dbus_read_property (G_DBUS_PROXY (memory), "Mappings", NULL, on_result, &result);
  while (result == NULL)
    bed_iterate ();
  mappings = iommud_dbus_read_property_finish (G_DBUS_PROXY (memory), result, &error);
  g_assert_no_error (error);
  return g_variant_n_children (mappings);
}

/* A container that is listed, and its memory by proxies of both kinds: one that the client lists,
 * and one that it made before it had heard of the container. */
static void
create_memory (Fixture *fixture, IommudDBusMemory **listed, IommudDBusMemory **made)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = create (fixture, "{'name': <'vm1'>}", &error);

  *made = iommud_dbus_client_find_memory (fixture->client, path, NULL, &error);
  g_assert_no_error (error);
  while (!is_listed (fixture, path))
    bed_iterate ();
  *listed = iommud_dbus_client_find_memory (fixture->client, "vm1", NULL, &error);
  g_assert_no_error (error);
  g_assert_true (*listed != *made);
}

/* A list that has changed is read only by the program that wants it. */
static void
test_mappings (Fixture *fixture, gconstpointer data)
{
  GDBusConnection *connection = iommud_dbus_client_get_connection (fixture->client);
  g_autoptr (IommudDBusMemory) listed = NULL;
  g_autoptr (IommudDBusMemory) made = NULL;
  guint n_notified = 0;
  int n_reads = 0;
  guint filter = 0;

  create_memory (fixture, &listed, &made);
  filter = g_dbus_connection_add_filter (connection, on_message, &n_reads, NULL);
  g_signal_connect (listed, "notify::mappings", G_CALLBACK (on_notify), &n_notified);
  for (guint64 i = 0; i < 100; i++)
    map_page (made, i * PAGE);
  while (iommud_dbus_memory_get_mapping_count (listed) != 100
         || iommud_dbus_memory_get_mapping_count (made) != 100)
    bed_iterate ();
  g_assert_cmpuint (n_notified, >, 0);
  g_assert_cmpuint (iommud_dbus_memory_get_mapped_bytes (listed), ==, 100 * PAGE);
  g_assert_null (iommud_dbus_memory_get_mappings (listed));
  g_assert_null (iommud_dbus_memory_get_mappings (made));
  g_assert_cmpint (g_atomic_int_get (&n_reads), ==, 0);

  g_assert_cmpuint (read_count (listed), ==, 100);
  g_assert_cmpuint (read_count_async (made), ==, 100);
  g_assert_cmpuint (g_variant_n_children (iommud_dbus_memory_get_mappings (listed)), ==, 100);
  g_assert_cmpuint (g_variant_n_children (iommud_dbus_memory_get_mappings (made)), ==, 100);
  g_assert_cmpint (g_atomic_int_get (&n_reads), ==, 2);
  map_page (made, 100 * PAGE);
  g_assert_cmpuint (read_count (listed), ==, 101);
  g_dbus_connection_remove_filter (connection, filter);
}

/* Neither a property that is not there nor one of an object that has gone has a value. */
static void
test_read_nothing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IommudDBusMemory) listed = NULL;
  g_autoptr (IommudDBusMemory) made = NULL;
  g_autoptr (IommudDBusContainer) container = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) gone_error = NULL;
  g_autoptr (GAsyncResult) result = NULL;

  create_memory (fixture, &listed, &made);
  g_assert_null (iommud_dbus_read_property_sync (G_DBUS_PROXY (listed), "Colour", NULL, &error));
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  map_page (made, 0);
  while (iommud_dbus_memory_get_mapping_count (listed) != 1)
    bed_iterate ();
  container = iommud_dbus_client_find_container (fixture->client, "vm1", NULL, NULL);
  iommud_dbus_container_call_free_sync (container, g_variant_new_parsed ("@a{sv} {}"),
                                        G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  iommud_dbus_read_property (G_DBUS_PROXY (listed), "Mappings", NULL, on_result, &result);
  while (result == NULL)
    bed_iterate ();
  g_assert_null (iommud_dbus_read_property_finish (G_DBUS_PROXY (listed), result, &gone_error));
  g_assert_error (gone_error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
}

static void
test_find_nothing (Fixture *fixture, gconstpointer data)
{
  static const char *const names[] = { "nobody", IOMMUD_DBUS_ROOT_PATH "/none" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) device_error = NULL;
      g_autoptr (GError) container_error = NULL;
      g_autoptr (GError) memory_error = NULL;
      g_autoptr (GError) tracking_error = NULL;
      g_autoptr (GError) hwpt_error = NULL;

      g_assert_null (
          iommud_dbus_client_find_device (fixture->client, names[i], NULL, &device_error));
      g_assert_error (device_error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND);
      g_assert_null (
          iommud_dbus_client_find_container (fixture->client, names[i], NULL, &container_error));
      g_assert_error (container_error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND);
      g_assert_null (
          iommud_dbus_client_find_memory (fixture->client, names[i], NULL, &memory_error));
      g_assert_error (memory_error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND);
      g_assert_null (iommud_dbus_client_find_dirty_tracking (fixture->client, names[i], NULL,
                                                             &tracking_error));
      g_assert_error (tracking_error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND);
      g_assert_null (iommud_dbus_client_find_hwpt (fixture->client, names[i], NULL, &hwpt_error));
      g_assert_error (hwpt_error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_NOT_FOUND);
    }
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (create (fixture, "{'colour': <'red'>}", &error));
  g_assert_error (error, IOMMUD_DBUS_ERROR, IOMMUD_DBUS_ERROR_INVALID_ARGUMENT);
  g_assert_true (g_dbus_error_strip_remote_error (error));
  g_assert_true (g_str_has_prefix (error->message, "Unknown option 'colour'"));
}

static void
on_object_added (GDBusObjectManager *manager, GDBusObject *object, char **path)
{
  *path = g_strdup (g_dbus_object_get_object_path (object));
}

static void
test_signals (Fixture *fixture, gconstpointer data)
{
  g_autofree char *added = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (iommud_dbus_client_get_object_manager (fixture->client), "object-added",
                    G_CALLBACK (on_object_added), &added);
  path = create (fixture, "@a{sv} {}", &error);
  g_assert_no_error (error);
  while (added == NULL)
    bed_iterate ();
  g_assert_cmpstr (added, ==, path);
}

static void
wait_for_running (Fixture *fixture, gboolean running)
{
  while (iommud_dbus_client_get_running (fixture->client) != running)
    bed_iterate ();
}

static void
on_running (IommudDBusClient *client, GParamSpec *pspec, guint *n_notices)
{
  (*n_notices)++;
}

static void
test_service_vanishes (Fixture *fixture, gconstpointer data)
{
  guint n_notices = 0;

  g_signal_connect (fixture->client, "notify::running", G_CALLBACK (on_running), &n_notices);
  daemon_stop (g_steal_pointer (&fixture->daemon));
  wait_for_running (fixture, FALSE);
  g_assert_cmpuint (n_notices, ==, 1);
  g_assert_null (iommud_dbus_client_get_devices (fixture->client));
  g_assert_null (iommud_dbus_client_get_manager (fixture->client));

  fixture->daemon = daemon_start (fixture->address, "--simulate");
  wait_for_running (fixture, TRUE);
  g_assert_cmpuint (n_notices, ==, 2);
}

static void
test_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) failure = NULL;
  g_autoptr (IommudDBusClient) client = NULL;
  g_autoptr (GError) error = NULL;

  iommud_dbus_client_new_for_address (fixture->address, NULL, on_result, &result);
  while (result == NULL)
    bed_iterate ();
  client = iommud_dbus_client_new_for_address_finish (result, &error);
  g_assert_no_error (error);
  g_assert_true (iommud_dbus_client_get_running (client));

  iommud_dbus_client_new_for_address ("unix:path=/nonexistent", NULL, on_result, &failure);
  while (failure == NULL)
    bed_iterate ();
  g_assert_null (iommud_dbus_client_new_for_address_finish (failure, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* The names that the page of the API promises; each gives the library's own error. */
static const struct
{
  int code;
  const char *name;
} errors[] = {
  { IOMMUD_ERROR_FAILED, "Failed" },
  { IOMMUD_ERROR_NOT_FOUND, "NotFound" },
  { IOMMUD_ERROR_EXISTS, "Exists" },
  { IOMMUD_ERROR_BUSY, "Busy" },
  { IOMMUD_ERROR_INVALID_ARGUMENT, "InvalidArgument" },
  { IOMMUD_ERROR_NOT_SUPPORTED, "NotSupported" },
  { IOMMUD_ERROR_INCOMPATIBLE, "Incompatible" },
  { IOMMUD_ERROR_PERMISSION_DENIED, "PermissionDenied" },
  { IOMMUD_ERROR_NOT_AUTHORIZED, "NotAuthorized" },
  { IOMMUD_ERROR_ADDRESS_IN_USE, "AddressInUse" },
  { IOMMUD_ERROR_NO_SPACE, "NoSpace" },
  { IOMMUD_ERROR_NO_MEMORY, "NoMemory" },
  { IOMMUD_ERROR_LIMITS_EXCEEDED, "LimitsExceeded" },
  { IOMMUD_ERROR_DEVICE_GONE, "DeviceGone" },
  { IOMMUD_ERROR_TIMED_OUT, "TimedOut" },
};

static void
test_error_names (void)
{
  g_assert_cmpuint (IOMMUD_DBUS_ERROR, ==, IOMMUD_ERROR);
  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      g_autoptr (GError) sent = g_error_new (IOMMUD_ERROR, errors[i].code, "x");
      g_autofree char *name = g_strdup_printf ("org.iommud1.Error.%s", errors[i].name);
      g_autofree char *encoded = g_dbus_error_encode_gerror (sent);
      g_autoptr (GError) received = g_dbus_error_new_for_dbus_error (name, "x");

      g_assert_cmpstr (encoded, ==, name);
      g_assert_error (received, IOMMUD_DBUS_ERROR, errors[i].code);
    }
}

#define ADD(name, function) g_test_add ("/client/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/client/error-names", test_error_names);
  g_test_add_func ("/client/no-service", test_no_service);
  g_test_add_func ("/client/no-bus", test_no_bus);
  ADD ("lists", test_lists);
  ADD ("find", test_find);
  ADD ("mappings", test_mappings);
  ADD ("read-nothing", test_read_nothing);
  ADD ("find-nothing", test_find_nothing);
  ADD ("errors", test_errors);
  ADD ("signals", test_signals);
  ADD ("service-vanishes", test_service_vanishes);
  ADD ("async", test_async);
  return g_test_run ();
}
