/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device changes, leaves, or leaves and comes back while an operation on it is under way, as
 * discovery reports it. */
#include "config.h"

#include "model-fixture.h"

#include "backend/backend.h"
#include "model/device.h"

typedef struct
{
  ModelFixture model;
  IommudContainer *container; /* NULL once the operation has freed it */
  IommudHwpt *hwpt;           /* made for another device */
  IommudDevice *device;       /* DIRTY_A, as it is at first */
  GAsyncResult *result;       /* of the operation */
} Fixture;

/* An operation on the device, and the kernel call in which it is when discovery reports. */
typedef struct
{
  const char *name;
  const char *call;
  gboolean attached; /* the device is, before it */
  void (*start) (Fixture *self);
  IommudDeviceState after;
} Operation;

/* --- Operations ------------------------------------------------------------------------------- */

static void
on_ready (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_set_object (&((Fixture *) user_data)->result, result);
}

static void
start_attach (Fixture *self)
{
  iommud_container_attach_device_async (self->container, self->device, NULL, NULL, on_ready, self);
}

static void
start_attach_to_hwpt (Fixture *self)
{
  iommud_hwpt_attach_device_async (self->hwpt, self->device, NULL, on_ready, self);
}

static void
start_alloc (Fixture *self)
{
  iommud_container_alloc_hwpt_async (self->container, self->device, NULL, NULL, on_ready, self);
}

static void
start_detach (Fixture *self)
{
  iommud_device_detach_async (self->device, NULL, on_ready, self);
}

static void
start_free (Fixture *self)
{
  g_autoptr (IommudContainer) container = g_steal_pointer (&self->container);

  iommud_container_free_async (container, TRUE, NULL, on_ready, self);
}

static const Operation operations[] = {
  { "attach", "attach", FALSE, start_attach, IOMMUD_DEVICE_STATE_ATTACHED },
  { "bind", "bind", FALSE, start_attach, IOMMUD_DEVICE_STATE_ATTACHED },
  { "attach-to-hwpt", "attach", FALSE, start_attach_to_hwpt, IOMMUD_DEVICE_STATE_ATTACHED },
  { "move", "attach", TRUE, start_attach_to_hwpt, IOMMUD_DEVICE_STATE_ATTACHED },
  { "alloc-hwpt", "hwpt-alloc", FALSE, start_alloc, IOMMUD_DEVICE_STATE_BOUND },
  { "detach", "detach", TRUE, start_detach, IOMMUD_DEVICE_STATE_AVAILABLE },
  { "free-container", "detach", TRUE, start_free, IOMMUD_DEVICE_STATE_AVAILABLE },
};

/* The call takes a while, and what came of it is published by the main loop. FALSE: the main loop
 * was kept from running for so long that this has happened already. */
static gboolean
start (Fixture *self, const Operation *operation)
{
  guint before = iommud_simulator_count_calls (self->model.simulator, operation->call);

  model_fixture_inject (&self->model, operation->call, 1, 0, 100);
  operation->start (self);
  while (iommud_simulator_count_calls (self->model.simulator, operation->call) == before)
    g_main_context_iteration (NULL, FALSE);
  if (self->result == NULL)
    return TRUE;
  g_test_skip ("The operation was too fast");
  return FALSE;
}

static void
finish (Fixture *self)
{
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* --- Reports ---------------------------------------------------------------------------------- */

static IommudProbe *
get_probe (Fixture *self)
{
  return iommud_backend_get_probe (IOMMUD_BACKEND (self->model.simulator));
}

static void
set_string (char **member, const char *value)
{
  g_free (*member);
  *member = g_strdup (value);
}

/* The device with another driver, by which a report is known. */
static IommudDeviceInfo *
describe (Fixture *self, const char *driver)
{
  const IommudDeviceInfo *info = iommud_device_get_info (self->device);
  IommudDeviceInfo *other = iommud_device_info_new ();

  set_string (&other->name, info->name);
  set_string (&other->bus, info->bus);
  set_string (&other->sysfs_path, info->sysfs_path);
  set_string (&other->cdev_path, info->cdev_path);
  set_string (&other->vfio_name, info->vfio_name);
  set_string (&other->iommu, info->iommu);
  set_string (&other->driver, driver);
  other->iommu_group = info->iommu_group;
  return other;
}

static void
report_added (Fixture *self, const char *driver)
{
  g_autoptr (IommudDeviceInfo) info = describe (self, driver);

  iommud_probe_emit_added (get_probe (self), info);
}

static void
report_changed (Fixture *self, const char *driver)
{
  g_autoptr (IommudDeviceInfo) info = describe (self, driver);

  iommud_probe_emit_changed (get_probe (self), info);
}

static void
report_removed (Fixture *self)
{
  g_autofree char *path = g_strdup (iommud_device_get_info (self->device)->sysfs_path);

  iommud_probe_emit_removed (get_probe (self), path);
}

/* --- What is there ---------------------------------------------------------------------------- */

static IommudDevice *
find (Fixture *self)
{
  return iommud_host_find_device (self->model.host, DIRTY_A, NULL);
}

static void
assert_driver (IommudDevice *device, const char *driver)
{
  g_assert_nonnull (device);
  g_assert_cmpstr (iommud_device_get_info (device)->driver, ==, driver);
}

/* The first device has left, and nothing of it is in the kernel. */
static void
wait_until_gone (Fixture *self)
{
  while (find (self) == self->device)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (iommud_device_get_state (self->device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  g_assert_null (iommud_device_get_container (self->device));
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==,
                    model_fixture_count_objects (&self->model));
}

/* The device that came in its place is another object, and nobody holds it. */
static void
assert_replaced (Fixture *self, const char *driver)
{
  IommudDevice *device = find (self);

  assert_driver (device, driver);
  g_assert_true (device != self->device);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  g_assert_null (iommud_device_get_container (device));
}

/* Once discovery and the simulated kernel agree again, the device can be attached. */
static void
assert_usable (Fixture *self)
{
  g_autoptr (GError) error = NULL;

  iommud_simulator_unplug_device (self->model.simulator, DIRTY_A, &error);
  g_assert_no_error (error);
  g_assert_null (find (self));
  iommud_simulator_plug_device (self->model.simulator, DIRTY_A, &error);
  g_assert_no_error (error);
  if (self->container == NULL)
    return;
  model_fixture_attach (&self->model, self->container, DIRTY_A);
  g_assert_true (iommud_device_get_container (find (self)) == self->container);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  const Operation *operation = data;
  g_autoptr (GError) error = NULL;

  model_fixture_set_up (&self->model, NULL);
  self->container = model_fixture_container (&self->model, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  self->hwpt = call_alloc_hwpt (self->container, model_fixture_device (&self->model, DIRTY_B),
                                IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  self->device = g_object_ref (model_fixture_device (&self->model, DIRTY_A));
  if (operation != NULL && operation->attached)
    model_fixture_attach (&self->model, self->container, DIRTY_A);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_object (&self->result);
  g_clear_object (&self->hwpt);
  g_clear_object (&self->device);
  if (self->container != NULL)
    model_fixture_free_container (self->container);
  model_fixture_tear_down (&self->model, NULL);
}

/* --- While an operation is under way ---------------------------------------------------------- */

/* The operation goes on, and what was reported stays. */
static void
test_change (Fixture *self, gconstpointer data)
{
  const Operation *operation = data;

  if (!start (self, operation))
    return;
  report_changed (self, "new");
  assert_driver (self->device, "new");
  finish (self);
  g_assert_false (g_task_had_error (G_TASK (self->result)));
  g_assert_true (find (self) == self->device);
  assert_driver (self->device, "new");
  g_assert_cmpint (iommud_device_get_state (self->device), ==, operation->after);
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==,
                    model_fixture_count_objects (&self->model));
}

static void
test_removal (Fixture *self, gconstpointer data)
{
  if (!start (self, data))
    return;
  report_removed (self);
  g_assert_true (find (self) == self->device);
  /* There is nothing that it could be a change of. */
  report_changed (self, "late");
  finish (self);
  wait_until_gone (self);
  g_assert_null (find (self));
  assert_usable (self);
}

/* The new device waits until the old one is let go. */
static void
test_replug (Fixture *self, gconstpointer data)
{
  if (!start (self, data))
    return;
  report_removed (self);
  report_added (self, "second");
  g_assert_true (find (self) == self->device);
  g_assert_cmpstr (iommud_device_get_info (self->device)->driver, !=, "second");
  finish (self);
  wait_until_gone (self);
  assert_replaced (self, "second");
  assert_usable (self);
}

/* Only the last one counts, as it is by then. */
static void
test_replug_twice (Fixture *self, gconstpointer data)
{
  if (!start (self, data))
    return;
  report_removed (self);
  report_added (self, "second");
  report_removed (self);
  report_changed (self, "late");
  report_added (self, "third");
  report_changed (self, "fourth");
  g_assert_true (find (self) == self->device);
  finish (self);
  wait_until_gone (self);
  assert_replaced (self, "fourth");
  assert_usable (self);
}

static void
test_replug_and_removal (Fixture *self, gconstpointer data)
{
  if (!start (self, data))
    return;
  report_removed (self);
  report_added (self, "second");
  report_removed (self);
  finish (self);
  wait_until_gone (self);
  g_assert_null (find (self));
  assert_usable (self);
}

/* --- While the operation waits, and without one ----------------------------------------------- */

/* An attach that has not begun ends, since the device that it was to attach is another one. */
static void
test_replug_before_turn (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  model_fixture_inject (&self->model, "hwpt-alloc", 1, 0, 100);
  iommud_container_alloc_hwpt_async (self->container, model_fixture_device (&self->model, PLAIN_A),
                                     NULL, NULL, NULL, NULL);
  start_attach (self);
  report_removed (self);
  report_added (self, "second");
  finish (self);
  g_assert_false (
      iommud_container_attach_device_finish (self->container, self->result, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE);
  wait_until_gone (self);
  assert_replaced (self, "second");
  assert_usable (self);
}

/* Nobody holds the device: it is replaced at once. */
static void
test_replug_at_rest (Fixture *self, gconstpointer data)
{
  report_removed (self);
  g_assert_null (find (self));
  report_changed (self, "late");
  g_assert_null (find (self));
  report_added (self, "second");
  assert_replaced (self, "second");
  assert_usable (self);
}

/* A device that is there can only have changed. */
static void
test_added_twice (Fixture *self, gconstpointer data)
{
  report_added (self, "new");
  g_assert_true (find (self) == self->device);
  assert_driver (self->device, "new");
}

static void
add_tests (const char *name, void (*test) (Fixture *self, gconstpointer data))
{
  for (gsize i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      g_autofree char *path = g_strdup_printf ("/hotplug/%s/%s", name, operations[i].name);

      g_test_add (path, Fixture, &operations[i], set_up, test, tear_down);
    }
}

#define ADD(name, test) g_test_add ("/hotplug/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_tests ("change", test_change);
  add_tests ("removal", test_removal);
  add_tests ("replug", test_replug);
  add_tests ("replug-twice", test_replug_twice);
  add_tests ("replug-and-removal", test_replug_and_removal);
  ADD ("replug-before-turn", test_replug_before_turn);
  ADD ("replug-at-rest", test_replug_at_rest);
  ADD ("added-twice", test_added_twice);
  return g_test_run ();
}
