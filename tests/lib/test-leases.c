/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases: what they hand out, and to whom a device belongs. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "kernel/vfio.h"
#include "backend/backend.h"
#include "lease-fixture.h"

static IommudDeviceState
get_state (ModelFixture *fixture, const char *device)
{
  return iommud_device_get_state (model_fixture_device (fixture, device));
}

static int
peek_device (IommudDescriptors *files, const char *device)
{
  g_autofree char *name = iommud_descriptors_name_device (device);

  return iommud_descriptors_peek (files, name);
}

static void
test_guard (ModelFixture *fixture, gconstpointer unused)
{
  guint n_files = lease_fixture_count_open_files ();
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autofree char *command = NULL;
  g_autofree char *unit = NULL;
  guint pid = 0;
  guint64 since = 0;
  int copy;

  assert_n_items (iommud_host_get_leases (fixture->host), 1);
  g_assert_cmpstr (iommud_lease_get_name (lease), ==, "vm1");
  g_assert_cmpuint (iommud_lease_get_owner (lease), ==, getuid ());
  g_object_get (lease, "pid", &pid, "command", &command, "unit", &unit, "since", &since, NULL);
  g_assert_cmpuint (pid, ==, (guint) getpid ());
  g_assert_cmpstr (command, ==, "test-leases");
  g_assert_nonnull (unit);
  g_assert_cmpuint (since, >, 0);
  g_assert_cmpint (fcntl (guard, F_GETFD) & FD_CLOEXEC, !=, 0);

  copy = fcntl (guard, F_DUPFD_CLOEXEC, 0);
  close (guard);
  model_fixture_iterate ();
  assert_n_items (iommud_host_get_leases (fixture->host), 1);
  close (copy);
  lease_fixture_wait_for_end (fixture);
  g_assert_cmpint (iommud_lease_get_state (lease), ==, IOMMUD_LEASE_STATE_LINGERING);
  lease_fixture_wait_for_open_files (n_files);
}

static void
test_names (ModelFixture *fixture, gconstpointer unused)
{
  const char *const bad[] = { "", "42", "a b", "a/b" };
  int guard = -1;
  int other = -1;
  g_autoptr (IommudLease) lease G_GNUC_UNUSED = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudLease) unnamed = lease_fixture_create (fixture, NULL, &other);
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (GError) error = NULL;
  int none = -1;

  g_assert_cmpstr (iommud_lease_get_name (unnamed), ==, "lease-1");
  g_object_set (options, "name", "vm1", NULL);
  g_assert_null (iommud_host_create_lease (fixture->host, options, &none, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_clear_error (&error);
      g_object_set (options, "name", bad[i], NULL);
      g_assert_null (iommud_host_create_lease (fixture->host, options, &none, &error));
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
    }
  g_assert_cmpint (none, ==, -1);
  close (guard);
  close (other);
  lease_fixture_wait_for_end (fixture);
  g_object_unref (lease_fixture_create (fixture, "vm1", &guard)); /* the name is free again */
  close (guard);
  lease_fixture_wait_for_end (fixture);
}

/* The next number may be somebody's name already. */
static void
test_next_name (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  int other = -1;
  g_autoptr (IommudLease) named G_GNUC_UNUSED = lease_fixture_create (fixture, "lease-1", &guard);
  g_autoptr (IommudLease) unnamed = lease_fixture_create (fixture, NULL, &other);

  g_assert_cmpstr (iommud_lease_get_name (unnamed), ==, "lease-2");
  close (guard);
  close (other);
  lease_fixture_wait_for_end (fixture);
}

/* What a virtual machine monitor does with what it is handed, in this process. */
static void
bind (ModelFixture *fixture, IommudDescriptors *files, const char *device)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (fixture->simulator));
  guint32 device_id = 0;

  g_assert_cmpint (iommud_vfio_bind_iommufd (syscalls, peek_device (files, device),
                                             iommud_descriptors_peek (files, "iommufd"),
                                             &device_id),
                   ==, 0);
  g_assert_cmpuint (device_id, !=, 0);
}

static void
test_lease_devices (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices =
      lease_fixture_devices (fixture, DIRTY_A, DIRTY_A_SIBLING, MDEV, NULL);
  guint n_files = lease_fixture_count_open_files ();
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_auto (GStrv) names = iommud_descriptors_dup_names (files);

  g_assert_cmpuint (g_strv_length (names), ==, 5);
  assert_n_items (iommud_lease_get_devices (lease), 3);
  g_assert_true (lease_fixture_get_lease_of (fixture, DIRTY_A) == lease);
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_LEASED);
  g_assert_cmpint (get_state (fixture, MDEV), ==, IOMMUD_DEVICE_STATE_LEASED);
  bind (fixture, files, DIRTY_A);
  bind (fixture, files, DIRTY_A_SIBLING);
  bind (fixture, files, MDEV);

  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_end (fixture);
  assert_n_items (iommud_lease_get_devices (lease), 0);
  g_assert_null (lease_fixture_get_lease_of (fixture, DIRTY_A));
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  lease_fixture_wait_for_open_files (n_files);
}

static void
test_nothing_taken (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (GError) error = NULL;
  guint n_files = lease_fixture_count_open_files ();

  g_object_unref (iommud_host_lease_devices (fixture->host, devices, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  lease_fixture_wait_for_end (fixture);
  lease_fixture_wait_for_open_files (n_files);
}

static void
test_wrong_devices (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) twice = lease_fixture_devices (fixture, DIRTY_A, DIRTY_A, NULL);
  g_autoptr (GPtrArray) no_node = lease_fixture_devices (fixture, DIRTY_B, NO_NODE, NULL);
  g_autoptr (GPtrArray) blocked = lease_fixture_devices (fixture, DIRTY_B, BLOCKED_GROUP, NULL);

  lease_fixture_lease_fails (fixture, none, NULL, IOMMUD_ERROR_INVALID_ARGUMENT, "none is named");
  lease_fixture_lease_fails (fixture, twice, NULL, IOMMUD_ERROR_INVALID_ARGUMENT,
                             DIRTY_A " is named twice");
  lease_fixture_lease_fails (fixture, no_node, NULL, IOMMUD_ERROR_NOT_SUPPORTED, NO_NODE);
  lease_fixture_lease_fails (fixture, blocked, "vm1", IOMMUD_ERROR_BUSY, "snd_hda_intel");
  g_assert_null (lease_fixture_get_lease_of (fixture, DIRTY_B));
  g_assert_cmpint (get_state (fixture, DIRTY_B), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
}

static void
test_group (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) first = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (GPtrArray) second = lease_fixture_devices (fixture, DIRTY_B, DIRTY_A_SIBLING, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, first, "vm1", &files);
  g_autoptr (IommudContainer) container =
      model_fixture_container (fixture, "c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GError) error = NULL;
  int fd;

  lease_fixture_lease_fails (fixture, first, NULL, IOMMUD_ERROR_BUSY,
                             DIRTY_A " belongs to lease vm1");
  lease_fixture_lease_fails (fixture, second, NULL, IOMMUD_ERROR_BUSY,
                             DIRTY_A " of the same IOMMU group 10 belongs to lease vm1");
  model_fixture_attach_fails (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_BUSY, "belongs to lease vm1");
  model_fixture_attach_fails (fixture, container, DIRTY_A_SIBLING, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_BUSY, "of the same IOMMU group 10 belongs to lease vm1");
  fd = iommud_lease_open_device (lease, model_fixture_device (fixture, DIRTY_A_SIBLING), NULL, NULL,
                                 &error);
  g_assert_no_error (error);
  close (fd);

  model_fixture_attach (fixture, container, DIRTY_B);
  lease_fixture_lease_fails (fixture, second, NULL, IOMMUD_ERROR_BUSY,
                             DIRTY_B " is in container c");
}

static void
test_group_in_container (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (IommudContainer) container =
      model_fixture_container (fixture, "c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);

  model_fixture_attach (fixture, container, DIRTY_A_SIBLING);
  lease_fixture_lease_fails (fixture, devices, NULL, IOMMUD_ERROR_BUSY,
                             DIRTY_A_SIBLING " of the same IOMMU group 10 is in container c");
}

typedef struct
{
  guint n_done;
  guint n_leased;
} Race;

static void
on_leased (GObject *host, GAsyncResult *result, gpointer user_data)
{
  Race *race = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudLease) lease =
      iommud_host_lease_devices_finish (IOMMUD_HOST (host), result, NULL, &error);

  race->n_done++;
  if (lease != NULL)
    race->n_leased++;
  else
    g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
}

static void
test_group_race (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) first = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (GPtrArray) second = lease_fixture_devices (fixture, DIRTY_A_SIBLING, NULL);
  Race race = { 0 };

  model_fixture_inject (fixture, "open-cdev", 1, 0, 50);
  iommud_host_lease_devices_async (fixture->host, first, NULL, NULL, on_leased, &race);
  iommud_host_lease_devices_async (fixture->host, second, NULL, NULL, on_leased, &race);
  while (race.n_done < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (race.n_leased, ==, 1);
  lease_fixture_wait_for_end (fixture);
}

/* An attach that is under way decides what the group belongs to. */
static void
on_attached (GObject *container, GAsyncResult *result, gpointer done)
{
  g_autoptr (GError) error = NULL;

  iommud_container_attach_device_finish (IOMMUD_CONTAINER (container), result, NULL, &error);
  g_assert_no_error (error);
  *(gboolean *) done = TRUE;
}

static void
test_attach_race (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (IommudContainer) container =
      model_fixture_container (fixture, "c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  gboolean done = FALSE;

  model_fixture_inject (fixture, "open-cdev", 1, 0, 50);
  iommud_container_attach_device_async (container, model_fixture_device (fixture, DIRTY_A_SIBLING),
                                        NULL, NULL, on_attached, &done);
  lease_fixture_lease_fails (fixture, devices, NULL, IOMMUD_ERROR_BUSY,
                             "an operation on " DIRTY_A_SIBLING);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_faults (ModelFixture *fixture, gconstpointer unused)
{
  const struct
  {
    const char *operation;
    guint nth;
    int errnum;
    IommudError code;
  } faults[] = {
    { "open-iommufd", 1, EACCES, IOMMUD_ERROR_PERMISSION_DENIED },
    { "option", 1, EPERM, IOMMUD_ERROR_PERMISSION_DENIED },
    { "open-cdev", 1, EMFILE, IOMMUD_ERROR_LIMITS_EXCEEDED },
    { "open-cdev", 2, ENODEV, IOMMUD_ERROR_DEVICE_GONE },
    { "open-cdev", 3, ENOMEM, IOMMUD_ERROR_NO_MEMORY },
  };
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, DIRTY_B, PLAIN_A, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      model_fixture_inject (fixture, faults[i].operation, faults[i].nth, faults[i].errnum, 0);
      lease_fixture_lease_fails (fixture, devices, "vm1", faults[i].code, "Cannot lease");
      g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
    }
  g_object_unref (lease_fixture_lease (fixture, devices, "vm1", NULL));
  lease_fixture_wait_for_end (fixture);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/leases/" path, ModelFixture, NULL, lease_fixture_set_up, func,                     \
              lease_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("guard", test_guard);
  ADD ("names", test_names);
  ADD ("next-name", test_next_name);
  ADD ("lease-devices", test_lease_devices);
  ADD ("nothing-taken", test_nothing_taken);
  ADD ("wrong-devices", test_wrong_devices);
  ADD ("group", test_group);
  ADD ("group-in-container", test_group_in_container);
  ADD ("group-race", test_group_race);
  ADD ("attach-race", test_attach_race);
  ADD ("faults", test_faults);
  return g_test_run ();
}
