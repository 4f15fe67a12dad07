/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How leases end: by their guard, by release, and with processes that hold what was handed out. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lease-fixture.h"
#include "slow-exit.h"

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
assert_holder (IommudLease *lease, guint pid)
{
  g_autoptr (GVariant) holders = NULL;
  guint found = 0;

  g_object_get (lease, "holders", &holders, NULL);
  g_assert_cmpuint (g_variant_n_children (holders), ==, 1);
  g_variant_get_child (holders, 0, "(u&s&s)", &found, NULL, NULL);
  g_assert_cmpuint (found, ==, pid);
}

static void
test_lingering (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, DIRTY_B, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (LeaseHolder) holder = lease_holder_new (peek_device (files, DIRTY_A));
  g_autofree char *held_by =
      g_strdup_printf ("(pid %u) still has a device of it open", lease_holder_get_pid (holder));

  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_state (lease, IOMMUD_LEASE_STATE_LINGERING);
  lease_fixture_wait_for_holders (lease);
  assert_holder (lease, lease_holder_get_pid (holder));
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_LEASED);
  g_assert_cmpint (get_state (fixture, DIRTY_B), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  lease_fixture_lease_fails (fixture, devices, NULL, IOMMUD_ERROR_BUSY, held_by);

  g_clear_pointer (&holder, lease_holder_free);
  lease_fixture_wait_for_end (fixture);
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
}

/* Nobody can see what a process has that is ending. */
static void
test_slow_exit (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  g_autoptr (IommudLease) lease = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (SlowExit) slow = slow_exit_new ();

  if (slow == NULL)
    {
      g_test_skip ("there are no pid namespaces for this user");
      return;
    }
  slow_exit_begin (slow);
  g_object_set (options, "name", "vm1", "pid", (guint) slow_exit_get_pid (slow), NULL);
  lease = iommud_host_lease_devices (fixture->host, devices, options, NULL, &files, &error);
  g_assert_no_error (error);
  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_state (lease, IOMMUD_LEASE_STATE_LINGERING);
  lease_fixture_lease_fails (fixture, devices, NULL, IOMMUD_ERROR_BUSY, "vm1, which is ending");
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_LEASED);

  slow_exit_finish (slow);
  lease_fixture_wait_for_end (fixture);
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
}

/* What is kept for the next life of the service is no use of a device. */
static void
test_file_keeper (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease G_GNUC_UNUSED =
      lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (LeaseHolder) keeper = lease_holder_new (peek_device (files, DIRTY_A));

  iommud_host_set_file_keeper (fixture->host, lease_holder_get_pid (keeper));
  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_end (fixture);
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
}

/* Nobody tells that a process has closed a file, so it is looked for when it matters. */
static void
test_closed_silently (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (IommudLease) next = NULL;
  g_autoptr (LeaseHolder) holder = lease_holder_new (peek_device (files, DIRTY_A));

  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_holders (lease);
  lease_holder_close (holder);
  next = lease_fixture_lease (fixture, devices, "vm2", NULL);
  g_assert_cmpint (iommud_lease_get_state (lease), ==, IOMMUD_LEASE_STATE_LINGERING);
  g_assert_true (next != lease);
  lease_fixture_wait_for_end (fixture);
}

/* The same before a device of its group is leased, and before a container takes one. */
static void
test_sibling_closed_silently (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (GPtrArray) siblings = lease_fixture_devices (fixture, DIRTY_A_SIBLING, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (IommudLease) next = NULL;

  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_state (lease, IOMMUD_LEASE_STATE_LINGERING);
  next = lease_fixture_lease (fixture, siblings, "vm2", &files);
  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_state (next, IOMMUD_LEASE_STATE_LINGERING);
  g_object_unref (lease_fixture_lease (fixture, devices, "vm3", NULL));
  lease_fixture_wait_for_end (fixture);
}

/* Leases the device, and lets it be closed when the service does not look any more. */
static void
leave_closed (ModelFixture *fixture, GPtrArray *devices)
{
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, NULL, &files);
  g_autoptr (LeaseHolder) holder = lease_holder_new (peek_device (files, DIRTY_A));

  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_holders (lease);
  lease_holder_close (holder);
}

static void
test_taken_by_container (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  IommudContainer *container =
      model_fixture_container (fixture, "vm1", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudDevice *device = devices->pdata[0];
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autoptr (GError) error = NULL;

  leave_closed (fixture, devices);
  hwpt = iommud_container_alloc_hwpt (container, device, NULL, NULL, &error);
  g_assert_no_error (error);
  model_fixture_detach (fixture, DIRTY_A);
  leave_closed (fixture, devices);
  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_detach (fixture, DIRTY_A);
  leave_closed (fixture, devices);
  iommud_hwpt_attach_device (hwpt, device, NULL, &error);
  g_assert_no_error (error);
  lease_fixture_wait_for_end (fixture);
  model_fixture_free_container (container);
}

static void
test_close_device (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (LeaseHolder) holder = lease_holder_new (peek_device (files, DIRTY_A));
  g_autofree char *held_by = g_strdup_printf ("pid %u", lease_holder_get_pid (holder));
  g_autoptr (GError) error = NULL;

  g_assert_false (
      iommud_lease_close_device (lease, model_fixture_device (fixture, DIRTY_B), NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (iommud_lease_close_device (lease, device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, held_by));
  g_clear_error (&error);
  lease_holder_close (holder);
  g_assert_true (iommud_lease_close_device (lease, device, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  assert_n_items (iommud_lease_get_devices (lease), 0);
  g_assert_false (iommud_lease_close_device (lease, device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
}

/* A copy of a bound file keeps the device bound, whatever this host does. */
static void
test_bound_copy_held (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container G_GNUC_UNUSED =
      lease_fixture_container (fixture, lease, DIRTY_A);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  int fd = iommud_lease_open_device (lease, device, NULL, NULL, NULL);
  g_autoptr (LeaseHolder) holder = lease_holder_new (fd);

  close (fd);
  model_fixture_detach (fixture, DIRTY_A);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_LEASED);
  g_assert_true (lease_fixture_get_lease_of (fixture, DIRTY_A) == lease);
  close (guard);
  lease_fixture_wait_for_holders (lease);
  assert_n_items (iommud_lease_get_containers (lease), 0);
  assert_holder (lease, lease_holder_get_pid (holder));
  g_clear_pointer (&holder, lease_holder_free);
  lease_fixture_wait_for_end (fixture);
}

static void
on_release_requested (IommudLease *lease, const char *reason, GString *log)
{
  g_string_append_printf (log, "%s;", reason);
}

static void
test_release (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (LeaseHolder) holder = lease_holder_new (peek_device (files, DIRTY_A));
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  int guard = iommud_descriptors_peek (files, "guard");
  char byte;

  g_signal_connect (lease, "release-requested", G_CALLBACK (on_release_requested), log);
  iommud_lease_release (lease, "for a test", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (log->str, ==, "for a test;");
  g_assert_cmpint (iommud_lease_get_state (lease), ==, IOMMUD_LEASE_STATE_LINGERING);
  assert_holder (lease, lease_holder_get_pid (holder));
  g_assert_cmpint (read (guard, &byte, 1), ==, 0);

  g_assert_cmpint (
      iommud_lease_open_device (lease, model_fixture_device (fixture, DIRTY_B), NULL, NULL, &error),
      ==, -1);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_clear_pointer (&holder, lease_holder_free);
  lease_fixture_wait_for_end (fixture);
  g_assert_false (iommud_lease_release (lease, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
}

static void
test_release_unused (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container G_GNUC_UNUSED =
      lease_fixture_container (fixture, lease, DIRTY_A);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_signal_connect (lease, "release-requested", G_CALLBACK (on_release_requested), log);
  iommud_lease_release (lease, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (log->str, ==, "");
  assert_n_items (iommud_host_get_leases (fixture->host), 0);
  assert_n_items (iommud_host_get_containers (fixture->host), 0);
  close (guard);
}

static void
on_opened (GObject *lease, GAsyncResult *result, gpointer done)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (iommud_lease_open_device_finish (IOMMUD_LEASE (lease), result, NULL, &error), ==,
                   -1);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  *(gboolean *) done = TRUE;
}

static void
test_release_during_open (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  guint n_files = lease_fixture_count_open_files ();
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  model_fixture_inject (fixture, "open-cdev", 1, 0, 50);
  iommud_lease_open_device_async (lease, model_fixture_device (fixture, DIRTY_A), NULL, on_opened,
                                  &done);
  iommud_lease_release (lease, NULL, NULL, &error);
  g_assert_no_error (error);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  lease_fixture_wait_for_end (fixture);
  g_assert_cmpint (get_state (fixture, DIRTY_A), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  /* The service's end of the guard, and what watched it. */
  lease_fixture_wait_for_open_files (n_files - 2);
  close (guard);
}

static void
on_device_wanted (IommudLease *lease, IommudDevice *device, GString *log)
{
  g_string_append_printf (log, "%s;", iommud_device_get_name (device));
}

static void
test_unplug (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, DIRTY_B, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_signal_connect (lease, "device-wanted", G_CALLBACK (on_device_wanted), log);
  iommud_simulator_unplug_device (fixture->simulator, DIRTY_A, &error);
  g_assert_no_error (error);
  while (g_list_model_get_n_items (iommud_lease_get_devices (lease)) > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (log->str, ==, DIRTY_A ";");
  g_assert_null (iommud_host_find_device (fixture->host, DIRTY_A, NULL));
  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_end (fixture);
}

/* A container that the kernel would not free keeps the lease, until it can be freed. */
static void
test_container_stays (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autoptr (IommudContainer) container G_GNUC_UNUSED =
      lease_fixture_container (fixture, lease, DIRTY_A);
  g_autoptr (GError) error = NULL;

  model_fixture_inject (fixture, "destroy", 1, EBUSY, 0);
  model_fixture_inject (fixture, "destroy", 2, EBUSY, 0); /* it is said once */
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*its container stays*");
  iommud_lease_release (lease, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_assert_expected_messages ();
  assert_n_items (iommud_lease_get_containers (lease), 1);
  lease_fixture_wait_for_end (fixture);
  assert_n_items (iommud_host_get_containers (fixture->host), 0);
  close (guard);
}

/* Whatever is done with a guard but closing it says nothing. */
static void
test_guard_abuse (ModelFixture *fixture, gconstpointer unused)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (fixture, "vm1", &guard);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", guard);
  g_autoptr (LeaseHolder) holder = NULL;
  int copies[1000];
  int writable;

  g_assert_cmpint (shutdown (guard, SHUT_RDWR), ==, -1);
  g_assert_cmpint (write (guard, "x", 1), ==, -1);
  writable = open (path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  g_assert_cmpint (writable, >=, 0);
  while (write (writable, path, 1) == 1)
    ;
  close (writable);
  for (gsize i = 0; i < G_N_ELEMENTS (copies); i++)
    copies[i] = fcntl (guard, F_DUPFD_CLOEXEC, 0);
  holder = lease_holder_new (guard);
  close (guard);
  for (gsize i = 0; i < G_N_ELEMENTS (copies); i++)
    close (copies[i]);
  model_fixture_iterate ();
  g_assert_cmpint (iommud_lease_get_state (lease), ==, IOMMUD_LEASE_STATE_ACTIVE);
  g_clear_pointer (&holder, lease_holder_free);
  lease_fixture_wait_for_end (fixture);
}

#define ADD(path, func)                                                                            \
  g_test_add ("/lease-ends/" path, ModelFixture, NULL, lease_fixture_set_up, func,                 \
              lease_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("lingering", test_lingering);
  ADD ("slow-exit", test_slow_exit);
  ADD ("file-keeper", test_file_keeper);
  ADD ("closed-silently", test_closed_silently);
  ADD ("sibling-closed-silently", test_sibling_closed_silently);
  ADD ("taken-by-container", test_taken_by_container);
  ADD ("close-device", test_close_device);
  ADD ("bound-copy-held", test_bound_copy_held);
  ADD ("release", test_release);
  ADD ("release-unused", test_release_unused);
  ADD ("release-during-open", test_release_during_open);
  ADD ("unplug", test_unplug);
  ADD ("container-stays", test_container_stays);
  ADD ("guard-abuse", test_guard_abuse);
  return g_test_run ();
}
