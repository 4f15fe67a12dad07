/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trackers of a device that was to go to another HWPT and did not: what was started for that is
 * stopped, and what records the device goes on. */
#include "config.h"

#include "dirty-fixture.h"

#include <errno.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

static IommudSimulatedKernel *
get_kernel (MappingFixture *self)
{
  return iommud_simulator_get_kernel (self->model.simulator);
}

static IommudHwpt *
alloc (MappingFixture *self, IommudHwptFlags flags)
{
  g_autoptr (GError) error = NULL;
  IommudHwpt *hwpt = call_alloc_hwpt (self->container, model_fixture_device (&self->model, DIRTY_B),
                                      flags, NULL, &error);

  g_assert_no_error (error);
  return hwpt;
}

static void
start (MappingFixture *self)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
}

static void
replace_fails (MappingFixture *self, const char *device, IommudHwpt *hwpt, IommudError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (
      iommud_hwpt_attach_device (hwpt, model_fixture_device (&self->model, device), NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
}

static void
assert_state (MappingFixture *self, const char *device, gboolean attached, gboolean logging)
{
  IommudSimulatedDeviceState state;

  g_assert_cmpint (iommud_simulated_kernel_get_state (get_kernel (self), device, &state), ==, 0);
  g_assert_true (state.bound);
  g_assert_cmpint (state.attached, ==, attached);
  g_assert_cmpint (state.logging, ==, logging);
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (&self->model, device)), ==,
                   attached ? IOMMUD_DEVICE_STATE_ATTACHED : IOMMUD_DEVICE_STATE_BOUND);
}

/* Tracking of a HWPT without devices that was switched on is switched off. */
static void
test_hwpt (MappingFixture *self, gconstpointer bound)
{
  g_autoptr (IommudHwpt) hwpt = alloc (self, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING);
  gboolean attached = bound == NULL;
  guint switches;

  if (attached)
    dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  start (self);
  if (attached)
    dirty_fixture_write (self, DIRTY_B, PAGE, 1);
  switches = dirty_fixture_count (self, "set-dirty-tracking");
  model_fixture_inject (&self->model, "attach", 1, EIO, 0);
  replace_fails (self, DIRTY_B, hwpt, IOMMUD_ERROR_FAILED);
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, switches + 2);
  assert_state (self, DIRTY_B, attached, FALSE);
  dirty_fixture_assert_dirty (self, 0, MIB, attached ? "1" : "");
  dirty_fixture_stop (self);
}

/* A device that its IOMMU records was to go where only its own log could. */
static void
test_log (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (IommudHwpt) plain = alloc (self, IOMMUD_HWPT_FLAGS_NONE);

  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  start (self);
  dirty_fixture_write (self, BOTH, PAGE, 1);
  model_fixture_inject (&self->model, "attach", 1, EIO, 0);
  replace_fails (self, BOTH, plain, IOMMUD_ERROR_FAILED);
  assert_state (self, BOTH, TRUE, FALSE);
  dirty_fixture_write (self, BOTH, 3 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3");
  dirty_fixture_stop (self);
}

/* The log of a device that is on no HWPT any more is read, and stopped. */
static void
test_lost_device (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (IommudHwpt) hwpt = alloc (self, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING);

  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  start (self);
  assert_state (self, BOTH, TRUE, TRUE);
  dirty_fixture_write (self, BOTH, PAGE, 1);
  g_assert_cmpint (
      iommud_simulated_kernel_fail_driver (get_kernel (self), BOTH, "attach", ENOMEM, 1), ==, 0);
  model_fixture_inject (&self->model, "attach", 2, EIO, 0);
  replace_fails (self, BOTH, hwpt, IOMMUD_ERROR_NO_MEMORY);
  assert_state (self, BOTH, FALSE, FALSE);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

#define ADD(name, data, test)                                                                      \
  g_test_add ("/dirty-replace/" name, MappingFixture, data, mapping_set_up, test,                  \
              mapping_fixture_tear_down)

/* The data of a test is no kernel's version. */
static void
mapping_set_up (MappingFixture *self, gconstpointer data)
{
  mapping_fixture_set_up (self, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("hwpt", NULL, test_hwpt);
  ADD ("hwpt-of-bound", "bound", test_hwpt);
  ADD ("log", NULL, test_log);
  ADD ("lost-device", NULL, test_lost_device);
  return g_test_run ();
}
