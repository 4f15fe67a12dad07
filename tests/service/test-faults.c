/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers that compete or vanish, devices that vanish, kernel calls that fail: the service
 * continues to work. */
#include "bed.h"

#include <errno.h>

#define PCI_1 "0000:01:00.0"

typedef struct
{
  gboolean done;
  gboolean succeeded;
  GError *error;
} Answer;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &answer->error);

  answer->succeeded = reply != NULL;
  answer->done = TRUE;
}

static void
start_attach (GDBusConnection *caller, const char *container, const char *device, Answer *answer)
{
  g_dbus_connection_call (caller, IOMMUD_DBUS_BUS_NAME, container, IOMMUD_DBUS_CONTAINER_INTERFACE,
                          "AttachDevice", bed_device_arguments (device, NULL), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, answer == NULL ? NULL : on_answer,
                          answer);
}

static void
free_container (Bed *bed, const char *container)
{
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* Exactly one of two callers gets the device. */
static void
test_two_callers (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  GDBusConnection *second = bed_connect (bed->address);
  g_autofree char *container_1 = bed_create (bed, NULL);
  g_autofree char *container_2 = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autoptr (GVariant) container = NULL;
  Answer answers[2] = { 0 };
  Answer *loser = NULL;

  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "attach", 1, 0, 100, NULL));
  start_attach (bed->client, container_1, device, &answers[0]);
  start_attach (second, container_2, device, &answers[1]);
  bed_wait (&answers[0].done);
  bed_wait (&answers[1].done);

  g_assert_cmpint (answers[0].succeeded, !=, answers[1].succeeded);
  loser = answers[0].succeeded ? &answers[1] : &answers[0];
  g_assert_error (loser->error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&loser->error);
  container = bed_get (bed, device, "Container");
  g_assert_cmpstr (g_variant_get_string (container, NULL), ==,
                   loser == &answers[1] ? container_1 : container_2);
  free_container (bed, container_1);
  free_container (bed, container_2);
  bed_disconnect (second);
}

/* The operation ends as if the caller were still there. */
static void
test_caller_vanishes (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  GDBusConnection *second = bed_connect (bed->address);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  gboolean attached = FALSE;

  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "attach", 1, 0, 100, NULL));
  start_attach (second, container, device, NULL);
  g_assert_true (g_dbus_connection_flush_sync (second, NULL, NULL));
  while (iommud_simulator_count_calls (bed->simulator, "attach") == 0)
    g_main_context_iteration (NULL, FALSE);
  bed_disconnect (second);

  while (!attached)
    {
      g_autoptr (GVariant) state = bed_get (bed, device, "State");

      attached = g_str_equal (g_variant_get_string (state, NULL), "attached");
    }
  bed_call_ok (bed, device, "Detach", bed_options (NULL));
  free_container (bed, container);
}

/* Returns when the bus itself knows that the connection has gone. The service's main loop, which is
 * ours, does not run meanwhile. */
static void
wait_until_gone (Bed *bed, const char *name)
{
  gboolean there = TRUE;

  while (there)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
          bed->client, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
          "NameHasOwner", g_variant_new ("(s)", name), G_VARIANT_TYPE ("(b)"),
          G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

      g_assert_no_error (error);
      g_variant_get (reply, "(b)", &there);
    }
}

/* A caller that has gone before the bus could say who it was gets nothing done. */
static void
test_caller_vanishes_at_once (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  GDBusConnection *second = bed_connect (bed->address);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *name = g_strdup (g_dbus_connection_get_unique_name (second));

  start_attach (second, container, device, NULL);
  g_assert_true (g_dbus_connection_flush_sync (second, NULL, NULL));
  bed_disconnect (second);
  wait_until_gone (bed, name);
  bed_settle (bed);
  bed_assert (bed, device, "State", "'available'");
  free_container (bed, container);
}

static void
test_device_vanishes (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  Answer answer = { 0 };

  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "attach", 1, 0, 100, NULL));
  start_attach (bed->client, container, device, &answer);
  while (iommud_simulator_count_calls (bed->simulator, "attach") == 0)
    g_main_context_iteration (NULL, FALSE);
  bed_unplug (bed, PCI_1);
  bed_wait (&answer.done);

  if (!answer.succeeded)
    g_assert_error (answer.error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  g_clear_error (&answer.error);
  bed_call_fails (bed, container, "AttachDevice", bed_device_arguments (device, NULL),
                  IOMMUD_ERROR_NOT_FOUND, "*gone*");
  bed_assert (bed, container, "Devices", "[]");
  bed_assert (bed, container, "Hwpts", "[]");
  bed_call_ok (bed, container, "Free", bed_options (NULL));
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  char **path = user_data;

  g_assert_no_error (error);
  g_variant_get (reply, "(o)", path);
}

/* Calls that are sent without waiting are begun in their order, whether or not the bus must be
 * asked first who the caller is. */
static void
test_calls_in_order (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  GDBusConnection *second = bed_connect (bed->address);
  char *paths[6] = { NULL };
  g_autofree char *last = g_strdup ("");

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_dbus_connection_call (i == 3 ? second : bed->client, IOMMUD_DBUS_BUS_NAME,
                            IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE,
                            "CreateContainer", bed_options (NULL), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                            NULL, on_created, &paths[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    while (paths[i] == NULL)
      bed_iterate ();

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      if (i != 3)
        {
          g_assert_cmpstr (last, <, paths[i]);
          g_free (last);
          last = g_strdup (paths[i]);
        }
      free_container (bed, paths[i]);
      g_free (paths[i]);
    }
  bed_disconnect (second);
}

static const struct
{
  const char *operation;
  int errnum;
  int code;
} faults[] = {
  { "open-cdev", EACCES, IOMMUD_ERROR_PERMISSION_DENIED },
  { "open-cdev", EMFILE, IOMMUD_ERROR_LIMITS_EXCEEDED },
  { "bind", EPERM, IOMMUD_ERROR_PERMISSION_DENIED },
  { "bind", EBUSY, IOMMUD_ERROR_BUSY },
  { "hwpt-alloc", ENOMEM, IOMMUD_ERROR_NO_MEMORY },
  { "attach", EADDRINUSE, IOMMUD_ERROR_ADDRESS_IN_USE },
  { "attach", ENOMEM, IOMMUD_ERROR_NO_MEMORY },
  { "attach", EIO, IOMMUD_ERROR_FAILED },
};

/* The errors of the kernel cross the bus under their names, and the same call then works. */
static void
test_kernel_fails (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);

  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *hwpt = NULL;

      g_test_message ("%s: %s", faults[i].operation, g_strerror (faults[i].errnum));
      g_assert_true (iommud_simulator_inject_fault (bed->simulator, faults[i].operation, 1,
                                                    faults[i].errnum, 0, NULL));
      bed_call_fails (bed, container, "AttachDevice", bed_device_arguments (device, NULL),
                      faults[i].code, "*" PCI_1 "*");
      bed_assert (bed, device, "State", "'available'");
      hwpt = bed_attach (bed, container, device);
      bed_call_ok (bed, device, "Detach", bed_options (NULL));
    }
  free_container (bed, container);
}

static void
test_no_iommufd (void)
{
  g_autoptr (Bed) bed = bed_new ("<simulated-host iommufd=\"no\">"
                                 "<iommu name=\"dmar0\"/>"
                                 "<device name=\"0000:01:00.0\" iommu=\"dmar0\" group=\"1\"/>"
                                 "</simulated-host>");
  g_autofree char *device = bed_device (bed, PCI_1);

  bed_assert (bed, IOMMUD_DBUS_MANAGER_PATH, "IommufdAvailable", "false");
  bed_assert (bed, IOMMUD_DBUS_MANAGER_PATH, "Features", "[]");
  bed_assert (bed, device, "State", "'available'");
  bed_call_fails (bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
                  IOMMUD_ERROR_NOT_SUPPORTED, "*/dev/iommu*ENOENT*");
}

/* The service can go while a call is under way. */
static void
test_service_stops (void)
{
  g_autoptr (Bed) bed = bed_new (NULL);
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  Answer answer = { 0 };

  g_assert_true (iommud_simulator_inject_fault (bed->simulator, "attach", 1, 0, 100, NULL));
  start_attach (bed->client, container, device, &answer);
  while (iommud_simulator_count_calls (bed->simulator, "attach") == 0)
    g_main_context_iteration (NULL, FALSE);
  g_clear_object (&bed->service);
  g_clear_object (&bed->host);
  bed_wait (&answer.done);
  g_clear_error (&answer.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/faults/two-callers", test_two_callers);
  g_test_add_func ("/faults/caller-vanishes", test_caller_vanishes);
  g_test_add_func ("/faults/caller-vanishes-at-once", test_caller_vanishes_at_once);
  g_test_add_func ("/faults/device-vanishes", test_device_vanishes);
  g_test_add_func ("/faults/calls-in-order", test_calls_in_order);
  g_test_add_func ("/faults/kernel-fails", test_kernel_fails);
  g_test_add_func ("/faults/no-iommufd", test_no_iommufd);
  g_test_add_func ("/faults/service-stops", test_service_stops);
  return g_test_run ();
}
