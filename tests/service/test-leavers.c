/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Callers that leave the bus before their call has ended: a call that waits is dropped at once, and
 * a mapping that has begun is undone. */
#include "memory.h"

#include <unistd.h>

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:81:00.0"
#define TRACKED "0000:02:00.0" /* by its IOMMU */

typedef struct
{
  Bed *bed;
  GDBusConnection *leaver;
  char *container;
  char *other; /* a container of another context */
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->bed = bed_new (NULL);
  self->leaver = bed_connect (self->bed->address);
  self->container = bed_create (self->bed, "{'name': <'vm1'>}");
  self->other = bed_create (self->bed, "{'name': <'vm2'>}");
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  bed_call_ok (self->bed, self->container, "Free", bed_options ("{'force': <true>}"));
  bed_call_ok (self->bed, self->other, "Free", bed_options ("{'force': <true>}"));
  g_free (self->container);
  g_free (self->other);
  bed_free (self->bed);
}

static void
on_done (GObject *connection, GAsyncResult *result, gpointer done)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &error);

  g_assert_no_error (error);
  *(gboolean *) done = TRUE;
}

/* The leaver's call, and then the end of its connection. */
static void
on_lost (GObject *connection, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (connection), NULL, result, &error);

  g_assert_null (reply);
}

static void
call_container (Fixture *self, GDBusConnection *connection, const char *method, GVariant *arguments,
                GAsyncReadyCallback callback, gpointer user_data)
{
  g_dbus_connection_call (connection, IOMMUD_DBUS_BUS_NAME, self->container,
                          IOMMUD_DBUS_CONTAINER_INTERFACE, method, arguments, NULL,
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, callback, user_data);
}

/* The service has got what the leaver has sent. */
static void
settle (Fixture *self)
{
  gboolean done = FALSE;

  g_dbus_connection_call (self->leaver, IOMMUD_DBUS_BUS_NAME, IOMMUD_DBUS_ROOT_PATH,
                          "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, G_DBUS_CALL_FLAGS_NONE,
                          G_MAXINT, NULL, on_done, &done);
  bed_wait (&done);
}

static gboolean
is_busy (Fixture *self, const char *device)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (self->bed, self->other, "AttachDevice",
                                         bed_device_arguments (device, NULL), &error);

  if (reply != NULL)
    return FALSE;
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  return TRUE;
}

/* The device is free for others before the container can do the next thing, and was never opened
 * for the one who left. */
static void
test_waiting (Fixture *self, gconstpointer unused)
{
  g_autofree char *first = bed_device (self->bed, PCI_1);
  g_autofree char *second = bed_device (self->bed, PCI_2);
  gboolean done = FALSE;
  g_autoptr (GError) error = NULL;

  g_assert_true (
      iommud_simulator_inject_fault (self->bed->simulator, "hwpt-alloc", 1, 0, 500, &error));
  call_container (self, self->bed->client, "AllocHwpt", bed_device_arguments (first, NULL), on_done,
                  &done);
  bed_settle (self->bed);
  call_container (self, self->leaver, "AttachDevice", bed_device_arguments (second, NULL), on_lost,
                  NULL);
  settle (self);
  g_assert_true (is_busy (self, second));
  bed_disconnect (self->leaver);
  while (is_busy (self, second))
    g_assert_false (done);
  g_assert_false (done);
  bed_wait (&done);
  bed_assert (self->bed, second, "State", "'attached'");
  g_assert_cmpuint (iommud_simulator_count_calls (self->bed->simulator, "bind"), ==, 2);
}

/* FALSE if the device is busy. */
static gboolean
detach (Fixture *self, const char *device)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bed_call (self->bed, device, "Detach", bed_options (NULL), &error);

  if (reply == NULL)
    g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  return reply != NULL;
}

/* A tracker that nobody waits for any more is not set: the device is free for others at once. */
static void
test_waiting_tracker (Fixture *self, gconstpointer unused)
{
  g_autofree char *first = bed_device (self->bed, PCI_1);
  g_autofree char *second = bed_device (self->bed, TRACKED);
  gboolean done = FALSE;
  g_autoptr (GError) error = NULL;

  g_free (bed_attach (self->bed, self->container, second));
  g_assert_true (
      iommud_simulator_inject_fault (self->bed->simulator, "hwpt-alloc", 1, 0, 500, &error));
  call_container (self, self->bed->client, "AllocHwpt", bed_device_arguments (first, NULL), on_done,
                  &done);
  bed_settle (self->bed);
  g_dbus_connection_call (self->leaver, IOMMUD_DBUS_BUS_NAME, second, IOMMUD_DBUS_DEVICE_INTERFACE,
                          "SetTracker", g_variant_new ("(sa{sv})", "iommu", NULL), NULL,
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, on_lost, NULL);
  settle (self);
  g_assert_false (detach (self, second));
  bed_disconnect (self->leaver);
  while (!detach (self, second))
    g_assert_false (done);
  bed_wait (&done);
}

static guint64
get_mapped_bytes (Fixture *self)
{
  g_autoptr (GVariant) bytes = bed_get (self->bed, self->container, "MappedBytes");

  return g_variant_get_uint64 (bytes);
}

/* The second part takes so long that the service hears before its end who has left. */
static void
test_begun_map (Fixture *self, gconstpointer unused)
{
  int file = memory_new (4 * GIBIBYTE);
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new_from_array (&file, 1);
  g_autoptr (GVariant) unmapped = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bytes = G_MAXUINT64;

  g_assert_true (
      iommud_simulator_inject_fault (self->bed->simulator, "ioas-map", 2, 0, 500, &error));
  g_dbus_connection_call_with_unix_fd_list (
      self->leaver, IOMMUD_DBUS_BUS_NAME, self->container, IOMMUD_DBUS_MEMORY_INTERFACE, "MapFile",
      memory_map_arguments (0, 0, 4 * GIBIBYTE, 4 * GIBIBYTE, NULL), NULL, G_DBUS_CALL_FLAGS_NONE,
      G_MAXINT, files, NULL, on_lost, NULL);
  while (get_mapped_bytes (self) == 0)
    bed_settle (self->bed);
  bed_disconnect (self->leaver);
  /* It waits until the mapping has come to its end. */
  unmapped = bed_call (self->bed, self->container, "UnmapAll", bed_options (NULL), &error);
  g_assert_no_error (error);
  g_variant_get (unmapped, "(t)", &bytes);
  g_assert_cmpuint (bytes, ==, 0);
  g_assert_cmpuint (get_mapped_bytes (self), ==, 0);
  g_assert_cmpuint (iommud_simulator_count_calls (self->bed->simulator, "ioas-map"), ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/leavers/waiting", Fixture, NULL, set_up, test_waiting, tear_down);
  g_test_add ("/leavers/waiting-tracker", Fixture, NULL, set_up, test_waiting_tracker, tear_down);
  g_test_add ("/leavers/begun-map", Fixture, NULL, set_up, test_begun_map, tear_down);
  return g_test_run ();
}
