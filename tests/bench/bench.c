/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long the main operations take: AttachDevice and Detach over the bus, beside two pings on the
 * same bus and beside the same operations in the library; and what large hosts cost. */
#include <glib/gstdio.h>
#include <stdio.h>

#include "bed.h"
#include "daemon.h"

#define ROUNDS 5
#define PAIRS 500
#define LISTINGS 5

static const guint host_sizes[] = { 10, 1000, 10000 };

typedef struct
{
  GDBusConnection *connection;
  const char *container;
  const char *device;
} Caller;

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
} LibraryUser;

static char *
describe_host (guint n_devices)
{
  GString *xml = g_string_new ("<simulated-host><iommu name=\"dmar0\" dirty-tracking=\"yes\"/>");

  for (guint i = 0; i < n_devices; i++)
    g_string_append_printf (xml, "<device name=\"%04x:%02x:%02x.0\" iommu=\"dmar0\" group=\"%u\"/>",
                            i / 8192, i / 32 % 256, i % 32, i);
  g_string_append (xml, "</simulated-host>");
  return g_string_free (xml, FALSE);
}

static GVariant *
call (GDBusConnection *connection, const char *path, const char *interface, const char *method,
      GVariant *arguments)
{
  g_autoptr (GError) error = NULL;
  GVariant *reply =
      g_dbus_connection_call_sync (connection, IOMMUD_DBUS_BUS_NAME, path, interface, method,
                                   arguments, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

static char *
call_for_path (GDBusConnection *connection, const char *method, GVariant *arguments)
{
  g_autoptr (GVariant) reply =
      call (connection, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE, method, arguments);
  char *path = NULL;

  g_variant_get (reply, "(o)", &path);
  return path;
}

static void
attach_and_detach_over_bus (gpointer user_data)
{
  const Caller *caller = user_data;

  g_variant_unref (call (caller->connection, caller->container, IOMMUD_DBUS_CONTAINER_INTERFACE,
                         "AttachDevice", bed_device_arguments (caller->device, NULL)));
  g_variant_unref (call (caller->connection, caller->device, IOMMUD_DBUS_DEVICE_INTERFACE, "Detach",
                         bed_options (NULL)));
}

static void
ping_twice (gpointer user_data)
{
  const Caller *caller = user_data;

  for (guint i = 0; i < 2; i++)
    g_variant_unref (call (caller->connection, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.Peer",
                           "Ping", NULL));
}

static void
attach_and_detach_in_library (gpointer user_data)
{
  const LibraryUser *user = user_data;
  g_autoptr (GError) error = NULL;

  iommud_container_attach_device (user->container, user->device, IOMMUD_ATTACH_MODE_AUTO, NULL,
                                  NULL, &error);
  g_assert_no_error (error);
  iommud_device_detach (user->device, NULL, &error);
  g_assert_no_error (error);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a;
  const gint64 *second = b;

  return (*first > *second) - (*first < *second);
}

/* The median of some rounds, in microseconds for one repetition. */
static double
measure (void (*function) (gpointer), gpointer user_data, guint n_repetitions)
{
  gint64 times[ROUNDS];

  for (guint round = 0; round < ROUNDS; round++)
    {
      gint64 start = g_get_monotonic_time ();

      for (guint i = 0; i < n_repetitions; i++)
        function (user_data);
      times[round] = g_get_monotonic_time () - start;
    }
  qsort (times, ROUNDS, sizeof times[0], compare_times);
  return (double) times[ROUNDS / 2] / n_repetitions;
}

static double
measure_library (void)
{
  g_autofree char *xml = describe_host (host_sizes[0]);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudContainer) container = NULL;
  LibraryUser user = { NULL, NULL };
  double time = 0;

  g_assert_no_error (error);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  container = iommud_host_create_container (host, options, NULL, &error);
  g_assert_no_error (error);
  user.container = container;
  user.device = iommud_host_find_device (host, "0000:00:00.0", &error);
  g_assert_no_error (error);
  time = measure (attach_and_detach_in_library, &user, PAIRS);
  iommud_container_destroy (container, FALSE, NULL, &error);
  g_assert_no_error (error);
  return time;
}

/* A service of its own with a host of that size, whose file it watches while it runs. */
static GSubprocess *
start_service (const char *address, guint n_devices, char **file)
{
  g_autofree char *xml = describe_host (n_devices);
  g_autofree char *option = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("iommud-bench-XXXXXX.xml", file, &error);

  g_assert_no_error (error);
  g_close (fd, NULL);
  g_file_set_contents (*file, xml, -1, &error);
  g_assert_no_error (error);
  option = g_strdup_printf ("--simulate=%s", *file);
  return daemon_start (address, option);
}

static void
stop_service (GSubprocess *service, const char *file)
{
  daemon_stop (service);
  g_unlink (file);
}

static void
bench_operations (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = start_service (address, host_sizes[0], &file);
  g_autofree char *container = call_for_path (connection, "CreateContainer", bed_options (NULL));
  g_autofree char *device =
      call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0"));
  Caller caller = { connection, container, device };
  double pings = measure (ping_twice, &caller, PAIRS);
  double bus = measure (attach_and_detach_over_bus, &caller, PAIRS);
  double library = measure_library ();

  stop_service (service, file);
  printf ("AttachDevice and Detach, with a HWPT made and freed each time (median of %d x %d)\n",
          ROUNDS, PAIRS);
  printf ("  over the bus                  %8.1f us\n", bus);
  printf ("  two Peer.Ping on the same bus %8.1f us   ratio %5.2f\n", pings, bus / pings);
  printf ("  in the library, no bus        %8.1f us   ratio %5.2f\n\n", library, bus / library);
}

static guint64
get_memory_kib (GSubprocess *service)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (service));
  g_autofree char *status = NULL;
  const char *line = NULL;

  if (g_file_get_contents (path, &status, NULL, NULL))
    line = strstr (status, "VmRSS:");
  return line == NULL ? 0 : g_ascii_strtoull (line + strlen ("VmRSS:"), NULL, 10);
}

static void
get_managed_objects (gpointer user_data)
{
  const Caller *caller = user_data;

  g_variant_unref (call (caller->connection, IOMMUD_DBUS_ROOT_PATH,
                         "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL));
}

static gsize
get_reply_size (GDBusConnection *connection)
{
  g_autoptr (GVariant) reply =
      call (connection, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
            "GetManagedObjects", NULL);

  return g_variant_get_size (reply);
}

static void
bench_listing (const char *address, GDBusConnection *connection, guint n_devices)
{
  g_autofree char *file = NULL;
  GSubprocess *service = start_service (address, n_devices, &file);
  Caller caller = { connection, NULL, NULL };
  guint64 before = get_memory_kib (service);
  double time = measure (get_managed_objects, &caller, n_devices > 1000 ? 1 : LISTINGS);
  gsize size = get_reply_size (connection);
  guint64 after = get_memory_kib (service);

  stop_service (service, file);
  printf ("  %7u %12.1f ms %10.1f us %10.1f KiB %10.1f MiB %10.1f MiB\n", n_devices, time / 1000,
          time / n_devices, (double) size / 1024, (double) before / 1024, (double) after / 1024);
}

int
main (int argc, char **argv)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = NULL;
  GDBusConnection *connection = NULL;

  g_test_init (&argc, &argv, NULL);
  /* Not the tests' handler, which shows debug messages. */
  g_log_set_default_handler (g_log_default_handler, NULL);
  bus = bed_start_bus (&address);
  connection = bed_connect (address);
  bench_operations (address, connection);
  printf ("GetManagedObjects (median of %d), and the memory of the whole service\n", ROUNDS);
  printf ("  devices            time    per device         reply      at start       after\n");
  for (gsize i = 0; i < G_N_ELEMENTS (host_sizes); i++)
    bench_listing (address, connection, host_sizes[i]);
  bed_disconnect (connection);
  bed_stop_bus (bus);
  return 0;
}
