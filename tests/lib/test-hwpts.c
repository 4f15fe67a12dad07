/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HWPTs that a caller allocates and frees, and those that the kernel would not free. */
#include <errno.h>
#include <string.h>

#include "model-fixture.h"

/* The kernel would not free it, so it is still listed; only freeing the container frees it. */
static void
test_free_with_left_over_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (IommudContainer) container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  g_autoptr (GError) error = NULL;

  model_fixture_attach (fixture, container, DIRTY_A);
  model_fixture_inject (fixture, "destroy", 1, EBUSY, 0);
  g_assert_false (iommud_device_detach (device, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  assert_n_items (iommud_container_get_hwpts (container), 1);
  g_assert_true (iommud_container_free (container, FALSE, NULL, &error));
  g_assert_no_error (error);
}

static void
test_manual_hwpt (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  IommudDevice *device = model_fixture_device (fixture, DIRTY_A);
  g_autoptr (IommudHwpt) hwpt = NULL;
  g_autoptr (GError) error = NULL;

  hwpt = call_alloc_hwpt (container, device,
                          IOMMUD_HWPT_FLAGS_DIRTY_TRACKING | IOMMUD_HWPT_FLAGS_NEST_PARENT, NULL,
                          &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_BOUND);
  g_assert_cmpuint (iommud_hwpt_get_management (hwpt), ==, IOMMUD_HWPT_MANAGEMENT_MANUAL);
  g_assert_true (iommud_hwpt_attach_device (hwpt, device, NULL, &error));
  g_assert_false (iommud_hwpt_free (hwpt, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&error);

  /* A manual HWPT outlives its last device, and auto attachments keep off it. */
  model_fixture_detach (fixture, DIRTY_A);
  g_assert_true (model_fixture_attach (fixture, container, DIRTY_A) != hwpt);
  g_assert_true (iommud_hwpt_free (hwpt, NULL, &error));
  g_assert_false (iommud_hwpt_free (hwpt, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (
      iommud_hwpt_attach_device (hwpt, model_fixture_device (fixture, DIRTY_B), NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
  model_fixture_free_container (container);
}

static void
test_alloc_refused (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  g_autoptr (GError) error = NULL;

  g_assert_null (call_alloc_hwpt (container, model_fixture_device (fixture, MDEV),
                                  IOMMUD_HWPT_FLAGS_NONE, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);
  g_assert_null (call_alloc_hwpt (container, model_fixture_device (fixture, PLAIN_A),
                                  IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "dmar1"));
  g_assert_cmpuint (iommud_device_get_state (model_fixture_device (fixture, PLAIN_A)), ==,
                    IOMMUD_DEVICE_STATE_AVAILABLE);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->simulator), ==, 1);
  model_fixture_free_container (container);
}

/* Any other HWPT of the IOAS would refuse the device for the same reason. */
static void
test_reserved_address_ends_it (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint attached;
  guint allocated;

  model_fixture_attach (fixture, container, DIRTY_A);
  attached = iommud_simulator_count_calls (fixture->simulator, "attach");
  allocated = iommud_simulator_count_calls (fixture->simulator, "hwpt-alloc");
  model_fixture_inject (fixture, "attach", 1, EADDRINUSE, 0);
  model_fixture_attach_fails (fixture, container, DIRTY_B, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_ADDRESS_IN_USE, "EADDRINUSE");
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "attach"), ==, attached + 1);
  g_assert_cmpuint (iommud_simulator_count_calls (fixture->simulator, "hwpt-alloc"), ==, allocated);
  model_fixture_free_container (container);
}

/* Attached once more to the HWPT that it is on, a device is there once. */
static void
test_attach_twice (ModelFixture *fixture, gconstpointer unused)
{
  IommudContainer *container =
      model_fixture_container (fixture, "a", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  IommudHwpt *hwpt = model_fixture_attach (fixture, container, DIRTY_A);
  g_autoptr (GError) error = NULL;

  g_assert_true (model_fixture_attach (fixture, container, DIRTY_B) == hwpt);
  iommud_hwpt_attach_device (hwpt, model_fixture_device (fixture, DIRTY_A), NULL, &error);
  g_assert_no_error (error);
  assert_n_items (iommud_hwpt_get_devices (hwpt), 2);
  model_fixture_free_container (container);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/hwpts/" path, ModelFixture, NULL, model_fixture_set_up, function,                  \
              model_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("free-with-left-over-hwpt", test_free_with_left_over_hwpt);
  ADD ("manual-hwpt", test_manual_hwpt);
  ADD ("attach-twice", test_attach_twice);
  ADD ("alloc-refused", test_alloc_refused);
  ADD ("reserved-address-ends-it", test_reserved_address_ends_it);
  return g_test_run ();
}
