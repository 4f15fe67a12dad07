/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases on the bus: what callers are handed, in which order they see it, and what is refused. */
#include "leases.h"
#include "memory.h"
#include "recorder.h"

#include <string.h>
#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define PCI_1_SIBLING "0000:01:00.1"
#define PCI_2 "0000:02:00.0"
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

#define MANAGER IOMMUD_DBUS_MANAGER_PATH

/* What came before does not count. */
static Recorder *
recorder_new_settled (Bed *bed)
{
  Recorder *recorder = recorder_new (bed->client);

  bed_settle (bed);
  recorder_clear (recorder);
  return recorder;
}

static void
test_create (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Recorder) recorder = recorder_new_settled (bed);
  Lease *lease = leases_create (bed, "{'name': <'vm1'>}");
  g_autofree char *added = g_strdup_printf ("InterfacesAdded %s *'Name': <'vm1'>*", lease->path);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", lease->path);
  g_autofree char *owner = g_strdup_printf ("%u", (guint) getuid ());
  g_autofree char *pid = g_strdup_printf ("%u", (guint) getpid ());
  g_autoptr (GVariant) since = bed_get (bed, lease->path, "Since");

  g_assert_true (g_str_has_prefix (lease->path, IOMMUD_DBUS_LEASES_PATH "/"));
  g_assert_cmpint (recorder_find (recorder, added), >=, 0);
  g_assert_cmpint (recorder_find (recorder, "reply"), >, recorder_find (recorder, added));
  bed_assert (bed, lease->path, "Name", "'vm1'");
  bed_assert (bed, lease->path, "Owner", owner);
  bed_assert (bed, lease->path, "Pid", pid);
  bed_assert (bed, lease->path, "State", "'active'");
  bed_assert (bed, lease->path, "Devices", "[]");
  bed_assert (bed, lease->path, "Containers", "[]");
  bed_assert (bed, lease->path, "Holders", "[]");
  g_assert_cmpuint (g_variant_get_uint64 (since), >, 0);
  bed_call_fails (bed, MANAGER, "CreateLease", bed_options ("{'name': <'vm1'>}"),
                  IOMMUD_ERROR_EXISTS, "*vm1*");
  bed_call_fails (bed, MANAGER, "CreateLease", bed_options ("{'name': <'1'>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*its name must be*");
  bed_call_fails (bed, MANAGER, "CreateLease", bed_options ("{'owner': <@u 1>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "Unknown option*owner*");
  lease_close (lease);
  leases_wait_for_end (bed);
  bed_settle (bed);
  g_assert_cmpint (recorder_find (recorder, removed), >=, 0);
}

static void
test_lease_devices (void)
{
  static const char *const names[] = { PCI_1, MDEV, NULL };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Recorder) recorder = recorder_new (bed->client);
  Lease *lease = leases_take (bed, names, "{'name': <'vm1'>, 'accounting': <'user'>}");
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *added = g_strdup_printf ("InterfacesAdded %s *", lease->path);
  g_autofree char *changed = g_strdup_printf ("PropertiesChanged %s *'leased'*", device);
  g_autofree char *quoted = g_strdup_printf ("'%s'", lease->path);
  g_autoptr (GVariant) first = g_variant_get_child_value (lease->infos, 0);
  g_autoptr (GVariant) second = g_variant_get_child_value (lease->infos, 1);
  const char *name = NULL;
  gboolean mdev = FALSE;
  gboolean bound = TRUE;
  int group = -1;

  g_assert_true (g_variant_lookup (first, "name", "&s", &name));
  g_assert_cmpstr (name, ==, PCI_1);
  g_assert_true (g_variant_lookup (first, "bound", "b", &bound));
  g_assert_false (bound);
  g_assert_true (g_variant_lookup (first, "iommu-group", "i", &group));
  g_assert_cmpint (group, ==, 10);
  g_assert_true (g_variant_lookup (second, "mdev", "b", &mdev));
  g_assert_true (mdev);
  g_assert_false (g_variant_lookup (first, "device-id", "u", NULL));
  bed_assert (bed, device, "State", "'leased'");
  bed_assert (bed, device, "Lease", quoted);
  bed_assert (bed, lease->path, "DeviceCount", "2");
  g_assert_cmpint (recorder_find (recorder, added), >=, 0);
  g_assert_cmpint (recorder_find (recorder, changed), >, recorder_find (recorder, added));
  g_assert_cmpint (recorder_find (recorder, "reply"), >=, 0);

  lease_close (lease);
  leases_wait_for_end (bed);
  bed_assert (bed, device, "State", "'available'");
  bed_assert (bed, device, "Lease", "'/'");
}

/* The same devices again. */
static GVariant *
again (Bed *bed, const char *first, const char *second, const char *options)
{
  const char *const names[] = { first, second, NULL };

  return leases_arguments (bed, names, options);
}

static void
test_refused (void)
{
  static const char *const names[] = { PCI_1, NULL };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Lease) lease G_GNUC_UNUSED = leases_take (bed, names, "{'name': <'vm1'>}");
  g_autofree char *container = bed_create (bed, NULL);
  const char *const none[] = { NULL };
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *sibling = bed_device (bed, PCI_1_SIBLING);

  bed_call_fails (bed, MANAGER, "LeaseDevices", again (bed, PCI_2, PCI_1, NULL), IOMMUD_ERROR_BUSY,
                  "*" PCI_1 " belongs to lease vm1*");
  bed_call_fails (bed, MANAGER, "LeaseDevices", again (bed, PCI_1_SIBLING, NULL, NULL),
                  IOMMUD_ERROR_BUSY, "*of the same IOMMU group*");
  bed_call_fails (bed, MANAGER, "LeaseDevices", again (bed, PCI_2, NULL, "{'name': <'vm1'>}"),
                  IOMMUD_ERROR_EXISTS, "*vm1*");
  bed_call_fails (bed, MANAGER, "LeaseDevices", leases_arguments (bed, none, NULL),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*none is named*");
  bed_call_fails (bed, MANAGER, "LeaseDevices",
                  g_variant_new_parsed ("([objectpath '/x'], @a{sv} {})"), IOMMUD_ERROR_NOT_FOUND,
                  "*/x*");
  bed_call_fails (bed, container, "AttachDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_BUSY, "*belongs to lease vm1*");
  bed_call_fails (bed, container, "AttachDevice", bed_device_arguments (sibling, NULL),
                  IOMMUD_ERROR_BUSY, "*belongs to lease vm1*");
  bed_call_fails (bed, container, "AllocHwpt", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_BUSY, "*belongs to lease vm1*");
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

/* A message carries 16 files. */
static void
test_many (void)
{
  g_autoptr (Bed) bed = NULL;
  g_autoptr (GString) xml = g_string_new ("<simulated-host><iommu name='i'/>");
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *last = NULL;
  Lease *lease;

  for (guint i = 0; i < 15; i++)
    {
      g_ptr_array_add (names, g_strdup_printf ("0000:%02x:00.0", i + 1));
      g_string_append_printf (xml, "<device name='0000:%02x:00.0' iommu='i' group='%u'/>", i + 1,
                              i + 1);
    }
  g_string_append (xml, "</simulated-host>");
  g_ptr_array_add (names, NULL);
  bed = bed_new (xml->str);
  bed_call_fails (bed, MANAGER, "LeaseDevices",
                  leases_arguments (bed, (const char *const *) names->pdata, NULL),
                  IOMMUD_ERROR_LIMITS_EXCEEDED, "*15 devices*14*");
  last = g_steal_pointer (&names->pdata[14]);
  lease = leases_take (bed, (const char *const *) names->pdata, NULL);
  bed_assert (bed, lease->path, "DeviceCount", "14");
  lease_close (lease);
  leases_wait_for_end (bed);
}

static int
take_file (GUnixFDList *files)
{
  g_autoptr (GUnixFDList) owned G_GNUC_UNUSED = files;

  g_assert_cmpint (g_unix_fd_list_get_length (files), ==, 1);
  return g_unix_fd_list_get (files, 0, NULL);
}

static void
test_open_device (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Lease) lease = leases_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *other = bed_device (bed, PCI_2);
  g_autoptr (GError) error = NULL;
  GUnixFDList *files = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = leases_call (
      bed, lease->path, "OpenDevice", bed_device_arguments (device, NULL), &files, &error);
  int fd;

  g_assert_no_error (error);
  fd = take_file (files);
  bed_assert (bed, device, "State", "'leased'");
  close (fd);
  bed_call_ok (bed, lease->path, "CloseDevice", bed_device_arguments (device, NULL));
  bed_assert (bed, device, "State", "'available'");
  bed_call_fails (bed, lease->path, "CloseDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*was not handed out*");
  bed_call_fails (bed, lease->path, "OpenDevice", bed_device_arguments (lease->path, NULL),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*is a lease, not a device*");
  bed_call_fails (bed, lease->path, "OpenDevice", bed_device_arguments (other, "{'x': <1>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*Unknown option*");
  bed_call_fails (bed, lease->path, "CloseDevice", bed_device_arguments ("/x", NULL),
                  IOMMUD_ERROR_NOT_FOUND, "*/x*");
}

static void
on_second_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  g_assert_null (reply);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  *(gboolean *) user_data = TRUE;
}

/* While it is looked for who has the device, it is not given back a second time. */
static void
test_close_twice (void)
{
  static const char *const names[] = { PCI_1, NULL };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Lease) lease = leases_take (bed, names, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  gboolean done = FALSE;

  g_dbus_connection_call (
      bed->client, IOMMUD_DBUS_BUS_NAME, lease->path, IOMMUD_DBUS_LEASE_INTERFACE, "CloseDevice",
      bed_device_arguments (device, NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  g_dbus_connection_call (bed->client, IOMMUD_DBUS_BUS_NAME, lease->path,
                          IOMMUD_DBUS_LEASE_INTERFACE, "CloseDevice",
                          bed_device_arguments (device, NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          NULL, on_second_answer, &done);
  bed_wait (&done);
}

static void
test_no_node (void)
{
  static const char *const names[] = { PCI_1, NULL };
  g_autoptr (Bed) bed = bed_new ("<simulated-host><iommu name='i'/>"
                                 "<device name='" PCI_1 "' iommu='i' group='1' cdev='no'/>"
                                 "</simulated-host>");
  g_autoptr (Lease) lease = leases_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);

  bed_call_fails (bed, MANAGER, "LeaseDevices", leases_arguments (bed, names, NULL),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*has no node*");
  bed_call_fails (bed, lease->path, "OpenDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*has no node*");
}

static void
test_containers (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  Lease *lease = leases_create (bed, "{'name': <'vm1'>}");
  g_autofree char *container =
      bed_call_for_path (bed, lease->path, "CreateContainer", bed_options ("{'name': <'c'>}"));
  g_autofree char *outside = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);
  g_autofree char *quoted = g_strdup_printf ("'%s'", lease->path);
  g_autofree char *option = g_strdup_printf ("{'container': <objectpath '%s'>}", container);
  g_autofree char *both =
      g_strdup_printf ("{'container': <objectpath '%s'>, 'accounting': <'user'>}", container);
  g_autofree char *wrong = g_strdup_printf ("{'container': <objectpath '%s'>}", outside);
  g_autofree char *shared = g_strdup_printf ("{'share-context': <objectpath '%s'>}", outside);
  g_autoptr (GError) error = NULL;
  GUnixFDList *files = NULL;
  g_autoptr (GVariant) opened = NULL;
  g_autoptr (GVariant) iommufd = NULL;
  g_autoptr (GVariant) info = NULL;
  g_autoptr (GVariant) ioas_id = bed_get (bed, container, "IoasId");
  gboolean bound = FALSE;
  guint device_id = 0;
  guint id = 0;

  bed_assert (bed, container, "Lease", quoted);
  bed_assert (bed, container, "Shared", "false");
  bed_assert (bed, device, "Lease", quoted);
  bed_assert (bed, lease->path, "ContainerCount", "1");
  opened = leases_call (bed, lease->path, "OpenDevice", bed_device_arguments (device, NULL), &files,
                        &error);
  g_assert_no_error (error);
  close (take_file (files));
  info = g_variant_get_child_value (opened, 1);
  g_assert_true (g_variant_lookup (info, "bound", "b", &bound) && bound);
  g_assert_true (g_variant_lookup (info, "device-id", "u", &device_id) && device_id != 0);
  iommufd = leases_call (bed, lease->path, "OpenIommufd", bed_options (option), &files, &error);
  g_assert_no_error (error);
  close (take_file (files));
  g_clear_pointer (&info, g_variant_unref);
  info = g_variant_get_child_value (iommufd, 1);
  g_assert_true (g_variant_lookup (info, "ioas-id", "u", &id));
  g_assert_cmpuint (id, ==, g_variant_get_uint32 (ioas_id));
  bed_assert (bed, container, "Shared", "true");

  bed_call_fails (bed, lease->path, "OpenIommufd", bed_options (both),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*'accounting' is for a fresh context*");
  bed_call_fails (bed, lease->path, "OpenIommufd", bed_options (wrong),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*not made under that lease*");
  bed_call_fails (bed, lease->path, "CreateContainer", bed_options (shared),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*another lease*");
  bed_call_fails (bed, lease->path, "CreateContainer", bed_options ("{'name': <'c'>}"),
                  IOMMUD_ERROR_EXISTS, "*c*");
  lease_close (lease);
  leases_wait_for_end (bed);
  bed_assert (bed, device, "State", "'available'");
  bed_call_ok (bed, outside, "Free", bed_options (NULL));
}

static void
test_release (void)
{
  static const char *const names[] = { PCI_1, NULL };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Recorder) recorder = recorder_new (bed->client);
  g_autoptr (Lease) lease = leases_take (bed, names, NULL);
  g_autofree char *asked = g_strdup_printf ("ReleaseRequested %s *user %u released the lease*",
                                            lease->path, (guint) getuid ());
  char byte;

  bed_call_fails (bed, lease->path, "Release", bed_options ("{'force': <true>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*Unknown option*");
  /* The bus and this process have the files, and neither counts as a holder of them. */
  bed_call_ok (bed, lease->path, "Release", bed_options (NULL));
  g_assert_cmpint (recorder_find (recorder, asked), >=, 0);
  g_assert_cmpint (read (lease->guard, &byte, 1), ==, 0);
  leases_wait_for_end (bed);
}

static void
test_device_wanted (void)
{
  static const char *const names[] = { PCI_1, NULL };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autoptr (Recorder) recorder = recorder_new (bed->client);
  Lease *lease = leases_take (bed, names, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *wanted = g_strdup_printf ("DeviceWanted %s *'%s'*", lease->path, device);
  g_autofree char *removed = g_strdup_printf ("InterfacesRemoved %s *", device);

  bed_unplug (bed, PCI_1);
  bed_settle (bed);
  g_assert_cmpint (recorder_find (recorder, wanted), >=, 0);
  g_assert_cmpint (recorder_find (recorder, removed), >, recorder_find (recorder, wanted));
  bed_assert (bed, lease->path, "Devices", "[]");
  lease_close (lease);
  leases_wait_for_end (bed);
}

/* All methods of a lease are called while it ends, which takes as long as its container does. */
static void
test_ending (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  Lease *lease = leases_create (bed, "{'name': <'vm1'>}");
  g_autofree char *path = g_strdup (lease->path);
  g_autofree char *container G_GNUC_UNUSED =
      bed_call_for_path (bed, lease->path, "CreateContainer", bed_options (NULL));
  g_autofree char *device = bed_device (bed, PCI_1);
  IommudLease *model = NULL;

  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "destroy", 1, 0, 500, NULL));
  lease_close (lease);
  model = g_list_model_get_item (iommud_host_get_leases (bed->host), 0);
  while (iommud_lease_get_state (model) == IOMMUD_LEASE_STATE_ACTIVE)
    bed_iterate ();
  bed_assert (bed, path, "State", "'lingering'");
  bed_call_fails (bed, path, "OpenDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_NOT_FOUND, "*lease vm1 has ended*");
  bed_call_fails (bed, path, "CloseDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_NOT_FOUND, "*lease vm1 has ended*");
  bed_call_fails (bed, path, "OpenIommufd", bed_options (NULL), IOMMUD_ERROR_NOT_FOUND,
                  "*lease vm1 has ended*");
  bed_call_fails (bed, path, "CreateContainer", bed_options (NULL), IOMMUD_ERROR_NOT_FOUND,
                  "*lease vm1 has ended*");
  leases_wait_for_end (bed);
  g_object_unref (model);
  bed_assert (bed, MANAGER, "Backend", "'simulated'");
}

static guint
count_files_after_end (Bed *bed)
{
  leases_wait_for_end (bed);
  bed_settle (bed);
  return memory_count_files ();
}

/* Whoever asks and leaves before the answer gets nothing, and nothing is left. */
static void
test_caller_leaves (void)
{
  static const char *const names[] = { PCI_1, PCI_2, NULL };
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  GDBusConnection *second = NULL;
  guint n_files = 0;

  lease_close (leases_take (bed, names, NULL));
  n_files = count_files_after_end (bed);
  for (guint i = 0; i < 10; i++)
    {
      second = bed_connect (bed->address);
      g_assert_true (iommud_simulator_inject_fault (bed->simulator, "open-cdev", 1, 0, 20, NULL));
      g_dbus_connection_call (second, IOMMUD_DBUS_BUS_NAME, MANAGER, IOMMUD_DBUS_MANAGER_INTERFACE,
                              "LeaseDevices", leases_arguments (bed, names, NULL), NULL,
                              G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
      g_assert_true (g_dbus_connection_flush_sync (second, NULL, NULL));
      while (g_list_model_get_n_items (iommud_host_get_leases (bed->host)) == 0 && i % 2 == 0)
        bed_iterate ();
      bed_disconnect (second);
      bed_settle (bed);
    }
  while (count_files_after_end (bed) > n_files)
    g_usleep (1000);
  bed_assert (bed, device, "State", "'available'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/leases/create", test_create);
  g_test_add_func ("/leases/lease-devices", test_lease_devices);
  g_test_add_func ("/leases/refused", test_refused);
  g_test_add_func ("/leases/many", test_many);
  g_test_add_func ("/leases/open-device", test_open_device);
  g_test_add_func ("/leases/close-twice", test_close_twice);
  g_test_add_func ("/leases/no-node", test_no_node);
  g_test_add_func ("/leases/containers", test_containers);
  g_test_add_func ("/leases/release", test_release);
  g_test_add_func ("/leases/device-wanted", test_device_wanted);
  g_test_add_func ("/leases/ending", test_ending);
  g_test_add_func ("/leases/caller-leaves", test_caller_leaves);
  return g_test_run ();
}
