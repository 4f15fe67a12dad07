/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers and devices as they come and go, and callers that get in each other's way. */
#include <errno.h>
#include <string.h>

#include "model-fixture.h"

typedef struct
{
  gboolean done;
  gboolean ok;
  GError *error;
} Call;

static void
attach_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;

  call->ok =
      iommud_container_attach_device_finish (IOMMUD_CONTAINER (source), result, NULL, &call->error);
  call->done = TRUE;
}

static void
wait_for (const gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_names (ModelFixture *fixture, gconstpointer unused)
{
  const char *const bad[] = { "", "42", "a b", "a/b", "\xc3\xa4", NULL };
  g_autoptr (IommudContainer) container =
      model_fixture_container (fixture, "vm-1.a_b:c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (IommudContainer) unnamed =
      model_fixture_container (fixture, NULL, IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autofree char *longest = g_strnfill (64, 'x');
  g_autofree char *too_long = g_strnfill (65, 'x');
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_host_find_container (fixture->host, "vm-1.a_b:c", NULL) == container);
  g_assert_cmpstr (iommud_container_get_name (unnamed), ==, "container-2");
  g_object_set (options, "name", "vm-1.a_b:c", NULL);
  g_assert_null (iommud_host_create_container (fixture->host, options, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS);
  for (guint i = 0; i <= G_N_ELEMENTS (bad) - 1; i++)
    {
      g_clear_error (&error);
      g_object_set (options, "name", bad[i] != NULL ? bad[i] : too_long, NULL);
      g_assert_null (iommud_host_create_container (fixture->host, options, NULL, &error));
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
    }
  model_fixture_free_container (
      model_fixture_container (fixture, longest, IOMMUD_DIRTY_TRACKING_POLICY_OFF));
  g_clear_error (&error);
  g_assert_null (iommud_host_find_container (fixture->host, longest, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
}

static void
test_find_device (ModelFixture *fixture, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (fixture, MDEV);
  g_autofree char *upper = g_ascii_strup (MDEV, -1);
  g_autofree char *vfio_name = NULL;
  g_autofree char *sysfs_path = NULL;
  g_autoptr (GError) error = NULL;

  g_object_get (device, "vfio-name", &vfio_name, "sysfs-path", &sysfs_path, NULL);
  g_assert_true (iommud_host_find_device (fixture->host, upper, NULL) == device);
  g_assert_true (iommud_host_find_device (fixture->host, vfio_name, NULL) == device);
  g_assert_true (iommud_host_find_device (fixture->host, sysfs_path, NULL) == device);
  g_assert_null (iommud_host_find_device (fixture->host, "", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (iommud_host_find_device (fixture->host, "0000:ff:00.0", &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
}

static void
test_free_in_use (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (IommudContainer) container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GError) error = NULL;

  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_attach (fixture, container, MDEV);
  g_assert_false (iommud_container_free (container, FALSE, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "devices attached (2) and HWPTs (1)"));
  g_clear_error (&error);
  g_assert_true (iommud_container_free (container, TRUE, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_device_get_state (model_fixture_device (fixture, MDEV)), ==,
                    IOMMUD_DEVICE_STATE_AVAILABLE);

  /* What is gone is not found, even if an object is still held. */
  g_assert_false (iommud_container_free (container, TRUE, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  model_fixture_attach_fails (fixture, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_NOT_FOUND, "gone");
}

static void
test_detach_what_is_not_attached (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (iommud_device_detach (model_fixture_device (fixture, DIRTY_A), NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
}

static void
test_shared_context (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *first = model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;
  IommudContainer *second;
  guint64 first_context, second_context;

  g_object_set (options, "share-context", first, NULL);
  second = iommud_host_create_container (fixture->host, options, NULL, &error);
  g_assert_no_error (error);
  g_object_get (first, "context", &first_context, NULL);
  g_object_get (second, "context", &second_context, NULL);
  g_assert_cmpuint (first_context, ==, second_context);
  g_assert_cmpuint (iommud_simulator_count_contexts (fixture->simulator), ==, 1);
  model_fixture_attach (fixture, second, DIRTY_A);

  /* The context lives on with its last container. */
  g_object_set (options, "accounting", IOMMUD_ACCOUNTING_PROCESS, NULL);
  g_assert_null (iommud_host_create_container (fixture->host, options, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (iommud_container_free (first, FALSE, NULL, &error));
  g_assert_cmpuint (iommud_simulator_count_contexts (fixture->simulator), ==, 1);
  g_assert_null (iommud_host_create_container (fixture->host, options, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_object_unref (first);
  model_fixture_free_container (second);
}

static void
test_two_callers (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *first = model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudContainer *second =
      model_fixture_container (fixture, "b", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  Call calls[2] = { 0 };

  call_attach_device_async (first, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO,
                            NULL, attach_ready, &calls[0]);
  call_attach_device_async (second, device, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO,
                            NULL, attach_ready, &calls[1]);
  wait_for (&calls[0].done);
  wait_for (&calls[1].done);
  g_assert_true (calls[0].ok);
  g_assert_error (calls[1].error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_true (iommud_device_get_container (device) == first);
  g_clear_error (&calls[1].error);
  model_fixture_free_container (first);
  model_fixture_free_container (second);
}

/* Whether another context's attach ended while one waited delay_ms for its kernel call. */
static gboolean
overtakes (ModelFixture *fixture, guint delay_ms)
{
  IommudContainer *slow =
      model_fixture_container (fixture, "slow", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudContainer *quick =
      model_fixture_container (fixture, "quick", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  guint calls = iommud_simulator_count_calls (fixture->simulator, "hwpt-alloc");
  gboolean overtaken;
  Call call = { 0 };

  model_fixture_inject (fixture, "hwpt-alloc", 1, 0, delay_ms);
  call_attach_device_async (slow, model_fixture_device (fixture, DIRTY_A), IOMMUD_ATTACH_MODE_AUTO,
                            IOMMUD_TRACKER_CHOICE_AUTO, NULL, attach_ready, &call);
  while (iommud_simulator_count_calls (fixture->simulator, "hwpt-alloc") == calls)
    g_main_context_iteration (NULL, FALSE);
  model_fixture_attach (fixture, quick, PLAIN_A);
  overtaken = !call.done;
  wait_for (&call.done);
  g_assert_true (call.ok);
  model_fixture_free_container (slow);
  model_fixture_free_container (quick);
  return overtaken;
}

/* A machine under load may need more than one try; a loop that blocks never gets there. */
static void
test_loop_runs_on (ModelFixture *fixture, gconstpointer unused)
{
  guint delay_ms = 100;

  while (!overtakes (fixture, delay_ms) && delay_ms < 10000)
    delay_ms *= 4;
  g_assert_cmpuint (delay_ms, <, 10000);
}

static void
test_cancel_while_waiting (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Call calls[2] = { 0 };

  call_attach_device_async (container, model_fixture_device (fixture, DIRTY_A),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, attach_ready,
                            &calls[0]);
  call_attach_device_async (container, model_fixture_device (fixture, DIRTY_B),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, cancellable,
                            attach_ready, &calls[1]);
  g_cancellable_cancel (cancellable);
  wait_for (&calls[0].done);
  wait_for (&calls[1].done);
  g_assert_true (calls[0].ok);
  g_assert_error (calls[1].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&calls[1].error);
  model_fixture_attach (fixture, container, DIRTY_B);
  model_fixture_free_container (container);
}

static gboolean
is_listed (ModelFixture *fixture, const char *name)
{
  return iommud_host_find_device (fixture->host, name, NULL) != NULL;
}

static void
test_unplug_attached (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (IommudDevice) device = g_object_ref (model_fixture_device (fixture, DIRTY_A));
  g_autoptr (GError) error = NULL;

  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_attach (fixture, container, MDEV);
  g_assert_true (iommud_simulator_unplug_device (fixture->simulator, DIRTY_A, &error));
  g_assert_true (iommud_simulator_unplug_device (fixture->simulator, MDEV, &error));
  while (is_listed (fixture, DIRTY_A) || is_listed (fixture, MDEV))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  assert_n_items (iommud_container_get_devices (container), 0);
  assert_n_items (iommud_container_get_hwpts (container), 0);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 1);
  g_assert_false (iommud_device_detach (device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (call_attach_device (container, device, IOMMUD_ATTACH_MODE_AUTO,
                                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  model_fixture_free_container (container);
}

/* No caller hears of it, so the log does. The HWPT stays listed. */
static void
test_unplug_leaves_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (GError) error = NULL;

  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_inject (fixture, "destroy", 1, EBUSY, 0);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING,
                         "*detach " DIRTY_A "*IOMMU_DESTROY of HWPT*(EBUSY)*");
  g_assert_true (iommud_simulator_unplug_device (fixture->simulator, DIRTY_A, &error));
  while (is_listed (fixture, DIRTY_A))
    g_main_context_iteration (NULL, TRUE);
  g_test_assert_expected_messages ();
  assert_n_items (iommud_container_get_hwpts (container), 1);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==,
                    model_fixture_count_objects (fixture));
  model_fixture_free_container (container);
}

/* A failed call leaves no IOAS in the context that it was to share, or it is known. */
static void
test_create_leaves_ioas (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudContainer) second = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (options, "share-context", container, NULL);
  model_fixture_inject (fixture, "ioas-iova-ranges", 1, ENOMEM, 0);
  g_assert_null (iommud_host_create_container (fixture->host, options, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_cmpuint (model_fixture_count_orphans (container), ==, 0);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 1);

  g_clear_error (&error);
  model_fixture_inject (fixture, "ioas-iova-ranges", 1, ENOMEM, 0);
  model_fixture_inject (fixture, "destroy", 1, EBUSY, 0);
  g_assert_null (iommud_host_create_container (fixture->host, options, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_cmpuint (model_fixture_count_orphans (container), ==, 1);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 2);

  g_clear_error (&error);
  second = iommud_host_create_container (fixture->host, options, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (model_fixture_count_orphans (container), ==, 0);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 2);
  model_fixture_free_container (g_steal_pointer (&second));
  model_fixture_free_container (container);
}

static void
test_unplug_in_the_middle (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (GError) error = NULL;
  Call call = { 0 };

  model_fixture_inject (fixture, "bind", 1, 0, 200);
  call_attach_device_async (container, model_fixture_device (fixture, DIRTY_A),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, attach_ready,
                            &call);
  while (iommud_simulator_count_calls (fixture->simulator, "bind") == 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (iommud_simulator_unplug_device (fixture->simulator, DIRTY_A, &error));
  wait_for (&call.done);
  /* 6.12 lets a file that is open already bind and attach; either way the device is unbound. */
  g_clear_error (&call.error);
  while (is_listed (fixture, DIRTY_A))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 1);

  g_assert_true (iommud_simulator_plug_device (fixture->simulator, DIRTY_A, &error));
  while (!is_listed (fixture, DIRTY_A))
    g_main_context_iteration (NULL, TRUE);
  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_free_container (container);
}

static void
test_dropped_host_lets_go (void)
{
  ModelFixture fixture;
  IommudContainer *container;

  model_fixture_set_up (&fixture, NULL);
  container = model_fixture_container (&fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  model_fixture_attach (&fixture, container, DIRTY_A);
  model_fixture_attach (&fixture, container, MDEV);
  model_fixture_iterate ();
  g_assert_finalize_object (fixture.host);
  g_assert_cmpuint (iommud_simulator_count_contexts (fixture.simulator), ==, 0);
  g_assert_finalize_object (container);
  g_assert_finalize_object (fixture.simulator);
}

/* The last reference of a caller can be dropped while an operation is under way, because the
 * operation holds the host. */
static void
test_host_dropped_in_the_middle (void)
{
  ModelFixture fixture;
  g_autoptr (IommudContainer) container = NULL;
  Call call = { 0 };

  model_fixture_set_up (&fixture, NULL);
  container = model_fixture_container (&fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  model_fixture_inject (&fixture, "bind", 1, 0, 50);
  call_attach_device_async (container, model_fixture_device (&fixture, DIRTY_A),
                            IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, attach_ready,
                            &call);
  g_object_add_weak_pointer (G_OBJECT (fixture.host), (gpointer *) &fixture.host);
  g_object_unref (fixture.host);
  g_assert_nonnull (fixture.host);
  wait_for (&call.done);
  g_assert_true (call.ok);
  model_fixture_iterate ();
  g_assert_null (fixture.host);
  g_assert_cmpuint (iommud_simulator_count_contexts (fixture.simulator), ==, 0);
  g_assert_finalize_object (fixture.simulator);
}

static void
on_notify (GObject *host, GParamSpec *pspec, GString *log)
{
  g_string_append_printf (log, "%s ", pspec->name);
}

/* What the kernel offers is asked again when /dev/iommu has come. */
static void
test_late_iommufd (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new (NULL, &error);
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainer) container = NULL;
  g_autoptr (GString) log = g_string_new (NULL);

  g_assert_no_error (error);
  g_assert_true (iommud_simulator_inject_fault (simulator, "open-iommufd", 1, ENOENT, 0, &error));
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  g_assert_false (iommud_host_get_iommufd_available (host));
  g_assert_null (iommud_host_get_features (host)[0]);
  g_signal_connect (host, "notify", G_CALLBACK (on_notify), log);

  container = iommud_host_create_container (host, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (iommud_host_get_iommufd_available (host));
  g_assert_cmpstr (log->str, ==, "iommufd-available features ");
  g_assert_true (g_strv_contains (iommud_host_get_features (host), "hwpt-alloc"));
  g_assert_true (iommud_container_free (container, FALSE, NULL, &error));
}

#define ADD(path, function)                                                                        \
  g_test_add ("/lifecycle/" path, ModelFixture, NULL, model_fixture_set_up, function,              \
              model_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("names", test_names);
  ADD ("find-device", test_find_device);
  ADD ("free-in-use", test_free_in_use);
  ADD ("detach-what-is-not-attached", test_detach_what_is_not_attached);
  ADD ("shared-context", test_shared_context);
  ADD ("two-callers", test_two_callers);
  ADD ("loop-runs-on", test_loop_runs_on);
  ADD ("cancel-while-waiting", test_cancel_while_waiting);
  ADD ("unplug-attached", test_unplug_attached);
  ADD ("unplug-leaves-hwpt", test_unplug_leaves_hwpt);
  ADD ("create-leaves-ioas", test_create_leaves_ioas);
  ADD ("unplug-in-the-middle", test_unplug_in_the_middle);
  g_test_add_func ("/lifecycle/dropped-host-lets-go", test_dropped_host_lets_go);
  g_test_add_func ("/lifecycle/host-dropped-in-the-middle", test_host_dropped_in_the_middle);
  g_test_add_func ("/lifecycle/late-iommufd", test_late_iommufd);
  return g_test_run ();
}
