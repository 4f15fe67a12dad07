/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A private bus, the service on it with a simulated host, and a caller: all in one main loop, so
 * that nothing depends on timing. */
#include "bed.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "documented-errors.h"
#include "iommud-dbus-generated.h"

#define PATIENCE_SECONDS 60

/* A test that dies takes its processes with it. */
static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

GSubprocess *
bed_spawn (GSubprocessFlags flags, const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autoptr (GError) error = NULL;
  GSubprocess *process = NULL;

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  return process;
}

/* @name: of a configuration file in this folder, of the sources or of the build. */
GSubprocess *
bed_start_bus_with (GTestFileType where, const char *name, char **address)
{
  g_autofree char *config = g_test_build_filename (where, "tests", "service", name, NULL);
  g_autofree char *option = g_strdup_printf ("--config-file=%s", config);
  const char *const argv[] = { "dbus-daemon",       option, "--nofork", "--nopidfile",
                               "--print-address=1", NULL };
  GSubprocess *bus = bed_spawn (G_SUBPROCESS_FLAGS_STDOUT_PIPE, argv);
  g_autoptr (GDataInputStream) output = NULL;
  g_autoptr (GError) error = NULL;

  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (bus));
  *address = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (*address);
  return bus;
}

GSubprocess *
bed_start_bus (char **address)
{
  return bed_start_bus_with (G_TEST_DIST, "bus.conf", address);
}

/* Asked to go it takes its socket along, which a kill would leave behind. */
void
bed_stop_bus (GSubprocess *bus)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_send_signal (bus, SIGTERM);
  g_subprocess_wait (bus, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (bus);
}

GDBusConnection *
bed_connect (const char *address)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  documented_errors_watch (connection);
  return connection;
}

/* Calls to the bus daemon itself are answered whether or not our main loop runs. */
void
bed_disconnect (GDBusConnection *connection)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_close_sync (connection, NULL, &error);
  g_assert_no_error (error);
  g_object_unref (connection);
}

static gboolean
on_patience_lost (gpointer user_data)
{
  g_error ("Nothing has happened for %d seconds", PATIENCE_SECONDS);
  return G_SOURCE_REMOVE;
}

/* One turn of the main loop, which must have something to do before long. */
void
bed_iterate (void)
{
  guint source = g_timeout_add_seconds (PATIENCE_SECONDS, on_patience_lost, NULL);

  g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
}

void
bed_wait (gboolean *done)
{
  while (!*done)
    bed_iterate ();
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

static IommudSimulator *
make_simulator (const char *xml)
{
  g_autoptr (GError) error = NULL;
  IommudSimulator *simulator = xml == NULL ? iommud_simulator_new (NULL, &error)
                                           : iommud_simulator_new_from_data (xml, -1, &error);

  g_assert_no_error (error);
  return simulator;
}

/* NULL: the built-in host. */
Bed *
bed_new_with_policy (const char *xml, IommudPolicy policy)
{
  Bed *self = g_new0 (Bed, 1);
  gboolean acquired = FALSE;
  g_autoptr (GError) error = NULL;

  self->bus = bed_start_bus (&self->address);
  self->server = bed_connect (self->address);
  self->client = bed_connect (self->address);
  self->simulator = make_simulator (xml);
  self->host = iommud_host_new (IOMMUD_BACKEND (self->simulator), &error);
  g_assert_no_error (error);
  self->service = iommud_service_new (self->host, self->server, policy);
  self->name_id =
      g_bus_own_name_on_connection (self->server, IOMMUD_DBUS_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                    on_name_acquired, NULL, &acquired, NULL);
  bed_wait (&acquired);
  return self;
}

Bed *
bed_new (const char *xml)
{
  return bed_new_with_policy (xml, iommud_policy_for_private_bus (getuid ()));
}

/* The simulated kernel sees a little later that a caller has closed a file. */
static void
wait_for_closes (Bed *self)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (iommud_simulator_count_contexts (self->simulator) > 0 && g_get_monotonic_time () < end)
    g_usleep (1000);
}

/* Every kernel object that the test made must be gone with the host. */
void
bed_free (Bed *self)
{
  g_bus_unown_name (self->name_id);
  g_clear_object (&self->service);
  g_clear_object (&self->host);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  wait_for_closes (self);
  g_assert_cmpuint (iommud_simulator_count_objects (self->simulator), ==, 0);
  g_assert_cmpuint (iommud_simulator_count_contexts (self->simulator), ==, 0);
  g_clear_object (&self->simulator);
  g_clear_pointer (&self->client, bed_disconnect);
  g_clear_pointer (&self->server, bed_disconnect);
  bed_stop_bus (self->bus);
  g_free (self->address);
  g_free (self);
}

typedef struct
{
  gboolean done;
  GVariant *reply;
  GError *error;
} Reply;

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reply *reply = user_data;

  reply->reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &reply->error);
  reply->done = TRUE;
}

/* bed_wait() says how long an answer may take. */
static GVariant *
call (Bed *self, const char *path, const char *interface, const char *method, GVariant *arguments,
      GError **error)
{
  Reply reply = { FALSE, NULL, NULL };

  g_dbus_connection_call (self->client, IOMMUD_DBUS_BUS_NAME, path, interface, method, arguments,
                          NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, NULL, on_reply, &reply);
  bed_wait (&reply.done);
  if (reply.error != NULL)
    g_propagate_error (error, reply.error);
  return reply.reply;
}

/* Returns when everything that the service has sent until now has been seen. */
void
bed_settle (Bed *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  while (g_main_context_iteration (NULL, FALSE))
    continue;
  reply = call (self, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL, &error);
  g_assert_no_error (error);
}

/* Returns when the service has let go of the device and shows it no more. */
void
bed_unplug (Bed *self, const char *name)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_unplug_device (self->simulator, name, &error);
  g_assert_no_error (error);
  while (iommud_host_find_device (self->host, name, NULL) != NULL)
    bed_iterate ();
}

static gboolean
has_member (GDBusInterfaceInfo *info, const char *member)
{
  return g_dbus_interface_info_lookup_method (info, member) != NULL
         || g_dbus_interface_info_lookup_property (info, member) != NULL;
}

/* No member of a container is in two of its interfaces. */
static const char *
interface_of_container (const char *member)
{
  if (has_member (iommud_dbus_memory_interface_info (), member))
    return IOMMUD_DBUS_MEMORY_INTERFACE;
  if (has_member (iommud_dbus_dirty_tracking_interface_info (), member))
    return IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE;
  return IOMMUD_DBUS_CONTAINER_INTERFACE;
}

/* The kind of an object is what its place in the tree says. */
const char *
bed_interface_of (const char *path, const char *member)
{
  if (strstr (path, "/hwpts/") != NULL)
    return IOMMUD_DBUS_HWPT_INTERFACE;
  if (g_str_has_prefix (path, IOMMUD_DBUS_CONTAINERS_PATH "/"))
    return interface_of_container (member);
  if (g_str_has_prefix (path, IOMMUD_DBUS_DEVICES_PATH "/"))
    return IOMMUD_DBUS_DEVICE_INTERFACE;
  if (g_str_has_prefix (path, IOMMUD_DBUS_LEASES_PATH "/"))
    return IOMMUD_DBUS_LEASE_INTERFACE;
  return IOMMUD_DBUS_MANAGER_INTERFACE;
}

GVariant *
bed_call (Bed *self, const char *path, const char *method, GVariant *arguments, GError **error)
{
  return call (self, path, bed_interface_of (path, method), method, arguments, error);
}

char *
bed_call_for_path (Bed *self, const char *path, const char *method, GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (self, path, method, arguments, &error);
  char *result = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(o)", &result);
  return result;
}

void
bed_call_ok (Bed *self, const char *path, const char *method, GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (self, path, method, arguments, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (reply), ==, "()");
}

/* The error is ours, has the code, and its message matches; nothing was left in the kernel. */
void
bed_call_fails (Bed *self, const char *path, const char *method, GVariant *arguments, int code,
                const char *pattern)
{
  guint n_objects = iommud_simulator_count_objects (self->simulator);
  guint n_contexts = iommud_simulator_count_contexts (self->simulator);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (self, path, method, arguments, &error);

  g_assert_null (reply);
  g_assert_error (error, IOMMUD_ERROR, code);
  g_dbus_error_strip_remote_error (error);
  g_test_message ("%s.%s: %s", bed_interface_of (path, method), method, error->message);
  if (!g_pattern_match_simple (pattern, error->message))
    g_error ("'%s' does not match '%s'", error->message, pattern);
  g_assert_cmpuint (strlen (error->message), <, 1000);
  g_assert_cmpuint (iommud_simulator_count_objects (self->simulator), ==, n_objects);
  g_assert_cmpuint (iommud_simulator_count_contexts (self->simulator), ==, n_contexts);
}

GVariant *
bed_get (Bed *self, const char *path, const char *member)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      call (self, path, "org.freedesktop.DBus.Properties", "Get",
            g_variant_new ("(ss)", bed_interface_of (path, member), member), &error);
  GVariant *value = NULL;

  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);
  return value;
}

/* The value as text, without types but where text would be ambiguous. */
void
bed_assert (Bed *self, const char *path, const char *member, const char *expected)
{
  g_autoptr (GVariant) value = bed_get (self, path, member);
  g_autofree char *printed = g_variant_print (value, FALSE);

  if (g_strcmp0 (printed, expected) != 0)
    g_error ("%s of %s is %s, not %s", member, path, printed, expected);
}

GVariant *
bed_get_managed_objects (Bed *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      call (self, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
            NULL, &error);

  g_assert_no_error (error);
  return g_variant_get_child_value (reply, 0);
}

/* An a{sv} in the text form of GVariant; NULL for none. */
static GVariant *
parse_options (const char *options)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, options == NULL ? "{}" : options, NULL,
                                     NULL, &error);

  g_assert_no_error (error);
  return value;
}

GVariant *
bed_options (const char *options)
{
  g_autoptr (GVariant) value = parse_options (options);

  return g_variant_new ("(@a{sv})", value);
}

GVariant *
bed_device_arguments (const char *device, const char *options)
{
  g_autoptr (GVariant) value = parse_options (options);

  return g_variant_new ("(o@a{sv})", device, value);
}

char *
bed_create (Bed *self, const char *options)
{
  return bed_call_for_path (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer",
                            bed_options (options));
}

char *
bed_device (Bed *self, const char *name)
{
  return bed_call_for_path (self, IOMMUD_DBUS_MANAGER_PATH, "FindDevice",
                            g_variant_new ("(s)", name));
}

/* The HWPT's path. */
char *
bed_attach (Bed *self, const char *container, const char *device)
{
  return bed_call_for_path (self, container, "AttachDevice", bed_device_arguments (device, NULL));
}
