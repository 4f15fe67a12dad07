/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What callers can get wrong: each mistake has its error, and leaves nothing behind. */
#include "bed.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"
#define PCI_3 "0000:81:00.0"
#define STRANGER 65534
#define MDEV "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

/* A host with one container, to which PCI_1 is attached. */
typedef struct
{
  Bed *bed;
  char *container;
  char *attached;
  char *available;
  char *hwpt;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->bed = bed_new (NULL);
  fixture->container = bed_create (fixture->bed, "{'name': <'vm1'>}");
  fixture->attached = bed_device (fixture->bed, PCI_1);
  fixture->available = bed_device (fixture->bed, PCI_2);
  fixture->hwpt = bed_attach (fixture->bed, fixture->container, fixture->attached);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bed_call_ok (fixture->bed, fixture->container, "Free", bed_options ("{'force': <true>}"));
  g_free (fixture->container);
  g_free (fixture->attached);
  g_free (fixture->available);
  g_free (fixture->hwpt);
  bed_free (fixture->bed);
}

static void
test_find (Fixture *fixture, gconstpointer data)
{
  static const char *const methods[] = { "FindDevice", "FindContainer" };
  g_autofree char *endless = g_strnfill (5000, 'x');

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, methods[i],
                      g_variant_new ("(s)", "nobody"), IOMMUD_ERROR_NOT_FOUND, "*nobody*");
      bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, methods[i], g_variant_new ("(s)", ""),
                      IOMMUD_ERROR_INVALID_ARGUMENT, "*empty*");
      bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, methods[i],
                      g_variant_new ("(s)", endless), IOMMUD_ERROR_INVALID_ARGUMENT, "*4096*");
      bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, methods[i],
                      g_variant_new ("(s)", "\x1b]0;title\x07"), IOMMUD_ERROR_INVALID_ARGUMENT,
                      "*control characters");
    }
}

static void
check_create (Fixture *fixture, const char *options, int code, const char *pattern)
{
  bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (options),
                  code, pattern);
}

static void
test_create (Fixture *fixture, gconstpointer data)
{
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;
  g_autofree char *share_device =
      g_strdup_printf ("{'share-context': <objectpath '%s'>}", fixture->attached);

  check_create (fixture, "{'colour': <'red'>}", invalid, "*'colour'*");
  check_create (fixture, "{'name': <uint32 5>}", invalid, "*'name'*'s'*'u'*");
  check_create (fixture, "{'name': <''>}", invalid, "*");
  check_create (fixture, "{'name': <'a/b\\n'>}", invalid, "*");
  check_create (fixture, "{'name': <'vm1'>}", IOMMUD_ERROR_EXISTS, "*vm1*");
  check_create (fixture, "{'dirty-tracking': <'maybe'>}", invalid,
                "*'dirty-tracking'*'maybe'*off, preferred, required");
  check_create (fixture, "{'accounting': <'nobody'>}", invalid, "*'accounting'*user, process");
  check_create (fixture, "{'share-context': <'vm1'>}", invalid, "*'share-context'*'o'*'s'*");
  check_create (fixture, "{'share-context': <objectpath '/org/iommud1/containers/99'>}",
                IOMMUD_ERROR_NOT_FOUND, "*'share-context'*/org/iommud1/containers/99*");
  check_create (fixture, share_device, invalid, "*'share-context'*is a device, not a container*");
}

static void
check_attach (Fixture *fixture, const char *device, const char *options, int code,
              const char *pattern)
{
  bed_call_fails (fixture->bed, fixture->container, "AttachDevice",
                  bed_device_arguments (device, options), code, pattern);
}

static void
test_attach (Fixture *fixture, gconstpointer data)
{
  const int invalid = IOMMUD_ERROR_INVALID_ARGUMENT;
  g_autofree char *other = bed_create (fixture->bed, NULL);

  check_attach (fixture, "/", NULL, IOMMUD_ERROR_NOT_FOUND, "*'/'*");
  check_attach (fixture, "/org/iommud1/devices/none", NULL, IOMMUD_ERROR_NOT_FOUND, "*/none'*");
  check_attach (fixture, fixture->container, NULL, invalid, "*is a container, not a device*");
  check_attach (fixture, fixture->hwpt, NULL, invalid, "*is a HWPT, not a device*");
  check_attach (fixture, IOMMUD_DBUS_MANAGER_PATH, NULL, invalid, "*is the host, not a device*");
  check_attach (fixture, fixture->available, "{'mode': <'fast'>}", invalid, "*'mode'*auto, kernel");
  check_attach (fixture, fixture->available, "{'mode': <true>}", invalid, "*'mode'*'s'*'b'*");
  check_attach (fixture, fixture->available, "{'tracker': <'none'>}", invalid,
                "*'tracker'*auto, device, iommu");
  check_attach (fixture, fixture->available, "{'speed': <'fast'>}", invalid, "*'speed'*");
  check_attach (fixture, fixture->attached, NULL, IOMMUD_ERROR_BUSY, "*" PCI_1 "*vm1*");
  bed_call_fails (fixture->bed, other, "AttachDevice",
                  bed_device_arguments (fixture->attached, NULL), IOMMUD_ERROR_BUSY,
                  "*" PCI_1 "*vm1*");
  bed_assert (fixture->bed, fixture->available, "State", "'available'");
  bed_call_ok (fixture->bed, other, "Free", bed_options (NULL));
}

static void
test_alloc (Fixture *fixture, gconstpointer data)
{
  g_autofree char *mdev = bed_device (fixture->bed, MDEV);
  g_autofree char *untracked = bed_device (fixture->bed, PCI_3);

  bed_call_fails (fixture->bed, fixture->container, "AllocHwpt",
                  bed_device_arguments (fixture->available, "{'dirty-tracking': <'yes'>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*'dirty-tracking'*'b'*'s'*");
  bed_call_fails (fixture->bed, fixture->container, "AllocHwpt", bed_device_arguments (mdev, NULL),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*" MDEV "*");
  bed_call_fails (fixture->bed, fixture->container, "AllocHwpt",
                  bed_device_arguments (untracked, "{'dirty-tracking': <true>}"),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*" PCI_3 "*");
  bed_assert (fixture->bed, untracked, "State", "'available'");
}

static void
test_in_use (Fixture *fixture, gconstpointer data)
{
  bed_call_fails (fixture->bed, fixture->container, "Free", bed_options (NULL), IOMMUD_ERROR_BUSY,
                  "*vm1*");
  bed_call_fails (fixture->bed, fixture->container, "Free", bed_options ("{'force': <'yes'>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*'force'*'b'*'s'*");
  bed_call_fails (fixture->bed, fixture->hwpt, "Free", bed_options (NULL),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*HWPT*vm1*");
  bed_call_fails (fixture->bed, fixture->hwpt, "Free", bed_options ("{'force': <true>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*'force'*none");
}

/* A device of one container cannot go to a HWPT of another. */
static void
test_other_container (Fixture *fixture, gconstpointer data)
{
  Bed *bed = fixture->bed;
  g_autofree char *other = bed_create (bed, NULL);
  g_autofree char *manual =
      bed_call_for_path (bed, other, "AllocHwpt", bed_device_arguments (fixture->available, NULL));

  bed_call_fails (bed, manual, "AttachDevice", bed_device_arguments (fixture->attached, NULL),
                  IOMMUD_ERROR_BUSY, "*" PCI_1 "*");
  bed_call_fails (bed, fixture->hwpt, "AttachDevice",
                  bed_device_arguments (fixture->available, NULL), IOMMUD_ERROR_BUSY,
                  "*" PCI_2 "*");
  bed_call_ok (bed, other, "Free", bed_options ("{'force': <true>}"));
}

static void
test_detach (Fixture *fixture, gconstpointer data)
{
  bed_call_fails (fixture->bed, fixture->available, "Detach", bed_options (NULL),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*" PCI_2 "*");
  bed_call_fails (fixture->bed, fixture->attached, "Detach", bed_options ("{'force': <true>}"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*'force'*none");
  bed_assert (fixture->bed, fixture->attached, "State", "'attached'");
}

static void
test_set_tracker (Fixture *fixture, gconstpointer data)
{
  bed_call_fails (fixture->bed, fixture->available, "SetTracker",
                  g_variant_new_parsed ("('auto', @a{sv} {})"), IOMMUD_ERROR_INVALID_ARGUMENT,
                  "*" PCI_2 "*not attached*");
  bed_call_fails (fixture->bed, fixture->attached, "SetTracker",
                  g_variant_new_parsed ("('both', @a{sv} {})"), IOMMUD_ERROR_INVALID_ARGUMENT,
                  "*'tracker'*both*auto, device, iommu*");
  bed_call_fails (fixture->bed, fixture->attached, "SetTracker",
                  g_variant_new_parsed ("('auto', {'force': <true>})"),
                  IOMMUD_ERROR_INVALID_ARGUMENT, "*'force'*none*");
  bed_call_fails (fixture->bed, fixture->attached, "SetTracker",
                  g_variant_new_parsed ("('device', @a{sv} {})"), IOMMUD_ERROR_NOT_SUPPORTED,
                  "*no log of its own*");
  bed_call_ok (fixture->bed, fixture->attached, "SetTracker",
               g_variant_new_parsed ("('iommu', @a{sv} {})"));
}

/* What GDBus itself refuses: calls to an object that is gone, wrong arguments, writing a
 * property. */
static void
check_refused (Fixture *fixture, const char *path, const char *method, GVariant *arguments,
               int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (fixture->bed, path, method, arguments, &error);

  g_assert_null (reply);
  g_assert_error (error, G_DBUS_ERROR, code);
}

static void
test_gone (Fixture *fixture, gconstpointer data)
{
  Bed *bed = fixture->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *options = g_strdup_printf ("{'share-context': <objectpath '%s'>}", container);
  g_autofree char *pattern = g_strdup_printf ("*'%s'*gone*", container);

  bed_call_ok (bed, container, "Free", bed_options (NULL));
  check_refused (fixture, container, "Free", bed_options (NULL), G_DBUS_ERROR_UNKNOWN_METHOD);
  check_create (fixture, options, IOMMUD_ERROR_NOT_FOUND, pattern);
  bed_unplug (bed, PCI_2);
  check_attach (fixture, fixture->available, NULL, IOMMUD_ERROR_NOT_FOUND, "*gone*");
  check_refused (fixture, fixture->available, "Detach", bed_options (NULL),
                 G_DBUS_ERROR_UNKNOWN_METHOD);
}

static void
test_malformed (Fixture *fixture, gconstpointer data)
{
  check_refused (fixture, fixture->container, "AttachDevice", g_variant_new ("(s)", "x"),
                 G_DBUS_ERROR_INVALID_ARGS);
  check_refused (fixture, fixture->container, "Reboot", NULL, G_DBUS_ERROR_UNKNOWN_METHOD);
}

static void
test_large_arguments (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (300 * 1024, 'x');

  bed_call_fails (fixture->bed, IOMMUD_DBUS_MANAGER_PATH, "FindDevice", g_variant_new ("(s)", name),
                  IOMMUD_ERROR_LIMITS_EXCEEDED, "*arguments of FindDevice*256 KiB*");
}

/* The error does not repeat it. */
static void
test_long_path (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_strnfill (1024 * 1024, 'x');

  path[0] = '/';
  bed_call_fails (fixture->bed, path, "FindDevice", g_variant_new ("(s)", "vfio0"),
                  IOMMUD_ERROR_LIMITS_EXCEEDED, "*FindDevice*header*4 KiB*");
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  g_assert_null (reply);
  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  *(gboolean *) user_data = TRUE;
}

static void
test_write_property (Fixture *fixture, gconstpointer data)
{
  gboolean done = FALSE;

  g_dbus_connection_call (fixture->bed->client, IOMMUD_DBUS_BUS_NAME, fixture->container,
                          "org.freedesktop.DBus.Properties", "Set",
                          g_variant_new ("(ssv)", IOMMUD_DBUS_CONTAINER_INTERFACE, "Name",
                                         g_variant_new_string ("mine")),
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_set, &done);
  bed_wait (&done);
  bed_assert (fixture->bed, fixture->container, "Name", "'vm1'");
}

static void
on_refused (GObject *source, GAsyncResult *result, gpointer message)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error));
  *(char **) message = g_strdup (error->message);
}

/* What is refused is quoted, and cut between characters: a part of one could not be sent. */
static void
test_long_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) name = g_string_new ("x\n\xe2\x80\xae");

  for (guint i = 0; i < 200; i++)
    g_string_append (name, "\xc3\xa9");
  for (guint is_property = 0; is_property < 2; is_property++)
    {
      g_autofree char *message = NULL;

      g_dbus_connection_call (
          fixture->bed->client, IOMMUD_DBUS_BUS_NAME, fixture->container,
          "org.freedesktop.DBus.Properties", "Get",
          g_variant_new ("(ss)", is_property ? IOMMUD_DBUS_CONTAINER_INTERFACE : name->str,
                         is_property ? name->str : "Name"),
          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_refused, &message);
      while (message == NULL)
        g_main_context_iteration (NULL, TRUE);
      g_assert_nonnull (strstr (message, "'x\\x0a\\x202e\xc3\xa9"));
      g_assert_true (g_str_has_suffix (message, "\xc3\xa9...'"));
      g_assert_cmpuint (strlen (message), <, 512);
    }
}

/* A connection of a user who is neither root nor the service's. */
static GDBusConnection *
connect_as_stranger (Bed *bed)
{
  GDBusConnection *connection = NULL;

  g_assert_cmpint (seteuid (STRANGER), ==, 0);
  connection = bed_connect (bed->address);
  g_assert_cmpint (seteuid (0), ==, 0);
  return connection;
}

/* Other users are refused the calls that change something, and only those. */
static void
test_not_authorized (void)
{
  g_autoptr (Bed) bed = bed_new_with_policy (NULL, iommud_policy_for_system_bus ());
  g_autofree char *device = bed_device (bed, PCI_1);

  if (getuid () == 0)
    {
      g_autofree char *container = bed_create (bed, NULL);

      /* The rights of root do not help the caller that comes next. */
      bed_call_ok (bed, container, "Free", bed_options (NULL));
      bed_disconnect (bed->client);
      bed->client = connect_as_stranger (bed);
    }
  bed_call_fails (bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
                  IOMMUD_ERROR_NOT_AUTHORIZED,
                  "User * may not call *CreateContainer: no grant is for that user*");
  bed_call_fails (bed, device, "Detach", bed_options (NULL), IOMMUD_ERROR_NOT_AUTHORIZED,
                  "User * may not call *Detach: what it changes is not that user's*");
  bed_assert (bed, device, "State", "'available'");
}

#define ADD(name, function)                                                                        \
  g_test_add ("/bad-input/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("find", test_find);
  ADD ("create", test_create);
  ADD ("attach", test_attach);
  ADD ("alloc", test_alloc);
  ADD ("in-use", test_in_use);
  ADD ("other-container", test_other_container);
  ADD ("detach", test_detach);
  ADD ("set-tracker", test_set_tracker);
  ADD ("gone", test_gone);
  ADD ("malformed", test_malformed);
  ADD ("large-arguments", test_large_arguments);
  ADD ("long-path", test_long_path);
  ADD ("write-property", test_write_property);
  ADD ("long-names", test_long_names);
  g_test_add_func ("/bad-input/not-authorized", test_not_authorized);
  return g_test_run ();
}
