/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of a user who has as much as iommud.conf allows: each says which limit it is, leaves
 * nothing, and what is given back can be had again. */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "access-bed.h"
#include "access/costs.h"
#include "fake-polkit.h"
#include "leases.h"
#include "users.h"

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"
#define PCI_3 "0000:81:00.0"
#define ALL PCI_1 ";" PCI_2 ";" PCI_3

static const char limits[] = "[quotas]\n"
                             "leases=1\n"
                             "devices=2\n"
                             "containers=2\n"
                             "hwpts=2\n"
                             "mappings=3\n"
                             "mapped-bytes=32K\n"
                             "locked-memory=1G\n"
                             "calls=3\n";

static void
set_up (AccessBed *self, gconstpointer devices)
{
  access_bed_start (self, devices, limits);
}

static void
exceed (AccessBed *self, const char *path, const char *method, GVariant *arguments,
        const char *limit)
{
  g_autofree char *pattern =
      g_strdup_printf ("User %u has * of %s, and cannot have * more: * is the limit (%s in "
                       "iommud.conf)",
                       self->uid, limit, limit);

  bed_call_fails (self->bed, path, method, arguments, IOMMUD_ERROR_LIMITS_EXCEEDED, pattern);
}

static void
test_containers (AccessBed *self, gconstpointer unused)
{
  g_autofree char *first = bed_create (self->bed, NULL);
  g_autofree char *second = bed_create (self->bed, NULL);
  g_autofree char *third = NULL;

  exceed (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL), "containers");
  bed_call_ok (self->bed, first, "Free", bed_options (NULL));
  third = bed_create (self->bed, NULL);
  bed_call_ok (self->bed, second, "Free", bed_options (NULL));
  bed_call_ok (self->bed, third, "Free", bed_options (NULL));
}

static void
test_devices (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *first = bed_device (bed, PCI_1);
  g_autofree char *second = bed_device (bed, PCI_2);
  g_autofree char *third = bed_device (bed, PCI_3);
  g_autofree char *hwpt =
      bed_call_for_path (bed, container, "AllocHwpt", bed_device_arguments (first, NULL));
  g_autofree char *other_hwpt = NULL;

  bed_call_ok (bed, hwpt, "AttachDevice", bed_device_arguments (first, NULL));
  other_hwpt = bed_attach (bed, container, second);
  exceed (self, container, "AttachDevice", bed_device_arguments (third, NULL), "devices");
  exceed (self, hwpt, "AttachDevice", bed_device_arguments (third, NULL), "devices");
  exceed (self, container, "AllocHwpt", bed_device_arguments (third, NULL), "hwpts");
  /* One that is counted already. */
  bed_call_ok (bed, first, "Detach", bed_options (NULL));
  bed_call_ok (bed, hwpt, "AttachDevice", bed_device_arguments (first, NULL));
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* Those that fail take nothing from the user. */
static void
test_failures (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt = NULL;

  for (guint i = 0; i < 5; i++)
    {
      g_assert_true (iommud_simulator_inject_fault (bed->simulator, "bind", 1, EIO, 0, NULL));
      bed_call_fails (bed, container, "AttachDevice", bed_device_arguments (device, NULL),
                      IOMMUD_ERROR_FAILED, "*");
      bed_call_fails (bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer",
                      bed_options ("{'name': <'others'>}"), IOMMUD_ERROR_EXISTS, "*");
    }
  hwpt = bed_attach (bed, container, device);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

static void
expect_map_fails (AccessBed *self, const char *container, int file, guint64 length,
                  const char *limit)
{
  g_autofree char *pattern = g_strdup_printf ("User * has * of %s, and *", limit);

  memory_map_fails (self->bed, container, file,
                    memory_map_arguments (0, 0, length, 16 * PAGE, NULL),
                    IOMMUD_ERROR_LIMITS_EXCEEDED, pattern);
}

static void
test_memory (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  int file = memory_new (64 * PAGE);

  expect_map_fails (self, container, file, 9 * PAGE, "mapped-bytes");
  memory_map (bed, container, file, 0, 8 * PAGE, 0, NULL);
  expect_map_fails (self, container, file, PAGE, "mapped-bytes");
  g_assert_cmpuint (memory_unmap (bed, container, 0, 8 * PAGE), ==, 8 * PAGE);
  for (guint i = 0; i < 3; i++)
    memory_map (bed, container, file, 0, PAGE, 2 * i * PAGE, NULL);
  expect_map_fails (self, container, file, PAGE, "mappings");
  g_assert_cmpuint (memory_unmap (bed, container, 0, PAGE), ==, PAGE);
  memory_map (bed, container, file, 0, PAGE, 0, NULL);
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
  close (file);
}

static void
test_copies (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  g_autofree char *source = bed_create (bed, NULL);
  g_autofree char *container = bed_create (bed, NULL);
  int file = memory_new (16 * PAGE);

  memory_map (bed, source, file, 0, 5 * PAGE, 0, NULL);
  exceed (self, container, "CopyMapping",
          g_variant_new ("(ottta{sv})", source, G_GUINT64_CONSTANT (0), 5 * PAGE, 16 * PAGE, NULL),
          "mapped-bytes");
  bed_call_ok (bed, container, "Free", bed_options (NULL));
  bed_call_ok (bed, source, "Free", bed_options ("{'force': <true>}"));
  close (file);
}

/* It is made in pieces of a GiB, and perhaps a rest. */
static void
test_long_mapping (void)
{
  const IommudRequest request = { .interface = IOMMUD_DBUS_MEMORY_INTERFACE, .method = "MapFile" };
  g_autoptr (GVariant) arguments = g_variant_ref_sink (g_variant_new (
      "(httta{sv})", 0, G_GUINT64_CONSTANT (0), 5 * GIBIBYTE / 2, G_GUINT64_CONSTANT (0), NULL));
  IommudLimits costs;

  iommud_costs_find (&costs, &request, arguments);
  g_assert_cmpuint (costs.values[IOMMUD_LIMIT_MAPPINGS], ==, 3);
  g_assert_cmpuint (costs.values[IOMMUD_LIMIT_MAPPED_BYTES], ==, 5 * GIBIBYTE / 2);
}

static void
wait_until_no_lease (AccessBed *self)
{
  while (g_list_model_get_n_items (iommud_host_get_leases (self->bed->host)) > 0)
    bed_iterate ();
}

static int
create_lease (AccessBed *self)
{
  int guard = -1;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = memory_call (
      self->bed, IOMMUD_DBUS_MANAGER_PATH, "CreateLease", bed_options (NULL), -1, &guard, &error);

  g_assert_no_error (error);
  return guard;
}

static GVariant *
lease_arguments (AccessBed *self, const char *const *names, const char *options)
{
  GVariantBuilder paths;
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (options));

  g_variant_builder_init (&paths, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *path = bed_device (self->bed, names[i]);

      g_variant_builder_add (&paths, "o", path);
    }
  return g_variant_new ("(ao@a{sv})", &paths, value);
}

static void
test_leases (AccessBed *self, gconstpointer unused)
{
  static const char *const three[] = { PCI_1, PCI_2, PCI_3, NULL };
  static const char *const one[] = { PCI_1, NULL };
  int guard = -1;

  exceed (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
          lease_arguments (self, three, "@a{sv} {}"), "devices");
  guard = create_lease (self);
  exceed (self, IOMMUD_DBUS_MANAGER_PATH, "CreateLease", bed_options (NULL), "leases");
  exceed (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices", lease_arguments (self, one, "@a{sv} {}"),
          "leases");
  close (guard);
  wait_until_no_lease (self);
  guard = create_lease (self);
  close (guard);
  wait_until_no_lease (self);
}

static void
open_device (AccessBed *self, const Lease *lease, const char *name)
{
  g_autofree char *device = bed_device (self->bed, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = leases_call (
      self->bed, lease->path, "OpenDevice", bed_device_arguments (device, NULL), NULL, &error);

  g_assert_no_error (error);
}

/* What is made under a lease is the user's like all else. */
static void
test_under_lease (AccessBed *self, gconstpointer unused)
{
  Bed *bed = self->bed;
  Lease *lease = leases_create (bed, NULL);
  g_autofree char *third = bed_device (bed, PCI_3);

  open_device (self, lease, PCI_1);
  open_device (self, lease, PCI_2);
  exceed (self, lease->path, "OpenDevice", bed_device_arguments (third, NULL), "devices");
  for (guint i = 0; i < 2; i++)
    g_free (bed_call_for_path (bed, lease->path, "CreateContainer", bed_options (NULL)));
  exceed (self, lease->path, "CreateContainer", bed_options (NULL), "containers");
  lease_close (lease);
  leases_wait_for_end (bed);
}

/* The grants allow more than the quota. */
static void
test_locked_memory_of_user (AccessBed *self, gconstpointer unused)
{
  static const char *const one[] = { PCI_1, NULL };

  exceed (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
          lease_arguments (self, one, "{'locked-memory': <uint64 1073741825>}"), "locked-memory");
}

/* Who may have a device because polkit says so may lock what the quota allows: whether this
 * process may is another question. */
static void
test_locked_memory_by_polkit (AccessBed *self, gconstpointer unused)
{
  static const char *const ungranted[] = { "0000:82:00.0", NULL };
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_ALLOWS);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = leases_call (
      self->bed, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
      lease_arguments (self, ungranted, "{'locked-memory': <uint64 4096>}"), NULL, &error);

  g_assert_cmpuint (polkit->n_asked, >, 0);
  if (reply == NULL)
    g_assert_null (strstr (error->message, "LimitsExceeded"));
  wait_until_no_lease (self);
}

/* The grants name none, so that none may be locked. */
static void
test_locked_memory (AccessBed *self, gconstpointer unused)
{
  static const char *const one[] = { PCI_1, NULL };

  bed_call_fails (self->bed, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                  lease_arguments (self, one, "{'locked-memory': <uint64 4096>}"),
                  IOMMUD_ERROR_LIMITS_EXCEEDED,
                  "User * may lock 0 bytes for these devices and asks for 4096 (locked-memory in "
                  "the grants)");
}

/* Who has the device has no right to lock memory by that, and is told that he has it. */
static void
test_locked_memory_of_own (AccessBed *self, gconstpointer unused)
{
  static const char *const one[] = { PCI_1, NULL };
  static const char *const two[] = { PCI_2, PCI_1, NULL };
  Bed *bed = self->bed;
  g_autofree char *container = bed_create (bed, NULL);
  g_autofree char *device = bed_device (bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (bed, container, device);

  bed_call_fails (bed, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                  lease_arguments (self, one, "{'locked-memory': <uint64 4096>}"),
                  IOMMUD_ERROR_BUSY, "Cannot lease " PCI_1 ": user * has it already: *");
  bed_call_fails (bed, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                  lease_arguments (self, two, "{'locked-memory': <uint64 4096>}"),
                  IOMMUD_ERROR_BUSY, "Cannot lease " PCI_1 ": user * has it already: *");
  bed_call_ok (bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* --- Calls under way -------------------------------------------------------------------------- */

typedef struct
{
  gboolean done;
  GError *error;
} Answer;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;
  g_autoptr (GVariant) reply G_GNUC_UNUSED =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &answer->error);

  answer->done = TRUE;
}

static void
start (AccessBed *self, GDBusConnection *caller, Answer *answer)
{
  g_dbus_connection_call (caller, IOMMUD_DBUS_BUS_NAME, self->others_path,
                          IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", bed_options (NULL), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, answer);
}

/* Of all programs of the user together. Reading is not limited by this. */
static void
test_calls (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  GDBusConnection *second = users_connect (self->bed->address, self->uid);
  Answer answers[3] = { { FALSE, NULL } };

  start (self, self->bed->client, &answers[0]);
  start (self, self->bed->client, &answers[1]);
  start (self, second, &answers[2]);
  while (polkit->n_asked < 3)
    bed_iterate ();
  exceed (self, self->others_path, "UnmapAll", bed_options (NULL), "calls");
  bed_assert (self->bed, self->others_path, "Name", "'others'");
  for (guint i = 0; i < 3; i++)
    fake_polkit_answer (polkit, FALSE);
  for (guint i = 0; i < 3; i++)
    {
      bed_wait (&answers[i].done);
      g_assert_error (answers[i].error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
      g_clear_error (&answers[i].error);
    }
  polkit->mode = FAKE_POLKIT_ALLOWS;
  bed_call_ok (self->bed, self->others_path, "SetAllowedIovas",
               g_variant_new_parsed ("(@a(tt) [], @a{sv} {})"));
  bed_disconnect (second);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/quota-calls/" name, AccessBed, ALL, set_up, function, access_bed_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("containers", test_containers);
  ADD ("devices", test_devices);
  ADD ("failures", test_failures);
  ADD ("memory", test_memory);
  ADD ("copies", test_copies);
  g_test_add_func ("/quota-calls/long-mapping", test_long_mapping);
  ADD ("leases", test_leases);
  ADD ("under-lease", test_under_lease);
  ADD ("locked-memory", test_locked_memory);
  ADD ("locked-memory-of-own", test_locked_memory_of_own);
  g_test_add ("/quota-calls/locked-memory-of-user", AccessBed, ALL "\nlocked-memory=2G", set_up,
              test_locked_memory_of_user, access_bed_tear_down);
  ADD ("calls", test_calls);
  ADD ("locked-memory-by-polkit", test_locked_memory_by_polkit);
  return g_test_run ();
}
