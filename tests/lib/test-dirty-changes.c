/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to dirty pages while devices come, go and move, and while memory is mapped. */
#include "config.h"

#include "dirty-fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static IommudHwpt *
get_hwpt (MappingFixture *self, const char *device)
{
  return iommud_device_get_hwpt (model_fixture_device (&self->model, device));
}

static void
test_attach_while_active (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_write (self, LOGGING, PAGE, 1);
  dirty_fixture_write (self, DIRTY_A, 2 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1-2");
  /* A second device on the HWPT: what is recorded there is not forgotten. */
  dirty_fixture_write (self, DIRTY_A, 3 * PAGE, 1);
  dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_true (get_hwpt (self, DIRTY_A) == get_hwpt (self, DIRTY_B));
  dirty_fixture_assert_dirty (self, 0, MIB, "3");
  /* A HWPT that was not needed until now. */
  dirty_fixture_detach (self, DIRTY_A);
  dirty_fixture_detach (self, DIRTY_B);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_true (get_hwpt (self, BOTH) == get_hwpt (self, DIRTY_A));
  dirty_fixture_write (self, DIRTY_A, 4 * PAGE, 1);
  dirty_fixture_write (self, BOTH, 5 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "4-5");
  dirty_fixture_stop (self);
}

static void
test_detach_while_active (MappingFixture *self, gconstpointer unused)
{
  guint before;

  dirty_fixture_map (self, 0, 3 * GIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, LOGGING, 2 * GIB, 1);
  before = dirty_fixture_count (self, "set-dirty-tracking");
  dirty_fixture_detach (self, DIRTY_A);
  /* Only a device with a log is left on the HWPT. */
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, before + 1);
  dirty_fixture_detach (self, LOGGING);
  dirty_fixture_detach (self, BOTH);
  assert_n_items (iommud_container_get_hwpts (self->container), 0);
  g_assert_true (dirty_fixture_is_active (self));
  dirty_fixture_assert_dirty (self, 0, 3 * GIB, "1 524288");
  dirty_fixture_assert_dirty (self, 0, 3 * GIB, "");
  dirty_fixture_stop (self);
}

/* Saved bits are of the kind of the tracker that had them. */
static void
test_saved_by_kind (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *logs = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, LOGGING, 2 * PAGE, 1);
  dirty_fixture_detach (self, DIRTY_A);
  dirty_fixture_detach (self, LOGGING);
  logs = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_DEVICE);
  g_assert_cmpstr (logs, ==, "2");
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

static void
test_replace_while_active (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *dirty = model_fixture_device (&self->model, DIRTY_B);
  IommudDevice *both = model_fixture_device (&self->model, BOTH);
  g_autoptr (IommudHwpt) tracking = NULL;
  g_autoptr (IommudHwpt) plain = NULL;
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  tracking =
      call_alloc_hwpt (self->container, dirty, IOMMUD_HWPT_FLAGS_DIRTY_TRACKING, NULL, &error);
  plain = call_alloc_hwpt (self->container, dirty, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_B, 0, 1);
  g_assert_true (iommud_hwpt_attach_device (tracking, dirty, NULL, &error));
  dirty_fixture_write (self, DIRTY_B, 2 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "0 2");

  /* From its IOMMU's tracker to its own log and back. */
  dirty_fixture_write (self, BOTH, 4 * PAGE, 1);
  g_assert_true (iommud_hwpt_attach_device (plain, both, NULL, &error));
  dirty_fixture_write (self, BOTH, 6 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "4 6");
  dirty_fixture_write (self, BOTH, 8 * PAGE, 1);
  g_assert_true (iommud_hwpt_attach_device (tracking, both, NULL, &error));
  dirty_fixture_write (self, BOTH, 10 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "8 10");

  /* Replaced by a HWPT on which nothing covers the device. */
  dirty_fixture_write (self, DIRTY_B, 12 * PAGE, 1);
  g_assert_true (iommud_hwpt_attach_device (plain, dirty, NULL, &error));
  dirty_fixture_write (self, DIRTY_B, 14 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "12");
  dirty_fixture_stop (self);
}

/* The tracker that would not stop does so when its last device leaves it. */
static void
test_replace_ends_stop (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, DIRTY_B);
  g_autoptr (IommudHwpt) plain = NULL;
  g_autoptr (GError) error = NULL;

  dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  plain = call_alloc_hwpt (self->container, device, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  dirty_fixture_start (self);
  model_fixture_inject (&self->model, "set-dirty-tracking", 1, EIO, 0);
  g_assert_false (call_stop_dirty_tracking (self->container, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_true (dirty_fixture_is_active (self));
  g_assert_true (iommud_hwpt_attach_device (plain, device, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (dirty_fixture_is_active (self));
}

static void
test_unplug_while_active (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, LOGGING, 2 * PAGE, 1);
  g_assert_true (iommud_simulator_unplug_device (self->model.simulator, DIRTY_A, &error));
  g_assert_true (iommud_simulator_unplug_device (self->model.simulator, LOGGING, &error));
  while (g_list_model_get_n_items (iommud_container_get_devices (self->container)) > 0)
    g_main_context_iteration (NULL, TRUE);
  dirty_fixture_assert_dirty (self, 0, MIB, "1-2");
  dirty_fixture_stop (self);
}

/* The kernel refuses the DETACH: the device stays attached, and its trackers go on. */
static void
test_detach_refused (MappingFixture *self, gconstpointer unused)
{
  static const char *const names[] = { DIRTY_A, LOGGING };

  dirty_fixture_map (self, 0, MIB);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    dirty_fixture_attach (self, names[i], IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      IommudDevice *device = model_fixture_device (&self->model, names[i]);
      g_autoptr (GError) error = NULL;

      dirty_fixture_write (self, names[i], i * PAGE, 1);
      model_fixture_inject (&self->model, "detach", 1, EIO, 0);
      g_assert_false (iommud_device_detach (device, NULL, &error));
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
      g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_ATTACHED);
      dirty_fixture_write (self, names[i], (8 + i) * PAGE, 1);
    }
  dirty_fixture_assert_dirty (self, 0, MIB, "0-1 8-9");
  dirty_fixture_stop (self);
}

/* The device could write until its file was closed, and nothing recorded that: an unplugged device
 * whose DETACH fails counts as one that wrote to everything. */
static void
test_forced_detach (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, 16 * PAGE);
  mapping_fixture_map (self, self->container, GIB, 16 * PAGE, 16 * PAGE,
                       IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, LOGGING, 2 * PAGE, 1);
  model_fixture_inject (&self->model, "detach", 1, EIO, 0);
  g_assert_true (iommud_simulator_unplug_device (self->model.simulator, LOGGING, &error));
  while (g_list_model_get_n_items (iommud_container_get_devices (self->container)) > 0)
    g_main_context_iteration (NULL, TRUE);
  dirty_fixture_assert_dirty (self, 0, MIB, "0-15");
  dirty_fixture_stop (self);
}

/* Its IOMMU records until the file is closed, so what is read then is exact. */
static void
test_forced_detach_of_hwpt (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, 16 * PAGE);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 2 * PAGE, 1);
  model_fixture_inject (&self->model, "detach", 1, EIO, 0);
  g_assert_true (iommud_simulator_unplug_device (self->model.simulator, DIRTY_A, &error));
  while (g_list_model_get_n_items (iommud_container_get_devices (self->container)) > 0)
    g_main_context_iteration (NULL, TRUE);
  /* The IOAS alone. */
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "2");
  dirty_fixture_stop (self);
}

/* Its group still translates after its DETACH, for the sake of a sibling, and its log ends before
 * its file is closed: until then it may have written to anything. */
static void
test_detach_beside_sibling (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (iommud_simulator_plug_device (self->model.simulator, LOGGING_SIBLING, &error));
  while (iommud_host_find_device (self->model.host, LOGGING_SIBLING, NULL) == NULL)
    g_main_context_iteration (NULL, TRUE);
  dirty_fixture_map (self, 0, 16 * PAGE);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING_SIBLING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_detach (self, LOGGING);
  dirty_fixture_assert_dirty (self, 0, MIB, "0-15");
  /* After the last DETACH nothing translates any more. */
  dirty_fixture_detach (self, LOGGING_SIBLING);
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* A log that cannot be read when its device leaves: all that it could write to is dirty. */
static void
test_unreadable_log (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, 16 * PAGE);
  mapping_fixture_map (self, self->container, GIB, 16 * PAGE, 16 * PAGE,
                       IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED);
  dirty_fixture_map (self, 5 * GIB, 16 * PAGE);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, LOGGING, PAGE, 1);
  model_fixture_inject (&self->model, "feature", 1, EIO, 0);
  dirty_fixture_detach (self, LOGGING);
  dirty_fixture_assert_dirty (self, 0, 6 * GIB, "0-15 1310720-1310735");
  dirty_fixture_stop (self);
}

/* The device is attached, the next step fails, and so does the DETACH that undoes the first one:
 * only closing the device ends its DMA. It may have written to anything by then. */
static void
fail_attach_and_its_undo (MappingFixture *self, IommudHwpt *hwpt, gboolean was_bound)
{
  IommudDevice *device = model_fixture_device (&self->model, BOTH);
  g_autoptr (GError) error = NULL;

  model_fixture_inject (&self->model, "ioas-iova-ranges", 1, ENOMEM, 0);
  model_fixture_inject (&self->model, "detach", 1, EIO, 0);
  if (hwpt != NULL)
    iommud_hwpt_attach_device (hwpt, device, NULL, &error);
  else
    call_attach_device (self->container, device, IOMMUD_ATTACH_MODE_AUTO,
                        IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_cmpint (strstr (error->message, "is no longer bound. ") != NULL, ==, was_bound);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==,
                    model_fixture_count_objects (&self->model));
  dirty_fixture_assert_dirty (self, 0, MIB, "0-255");
}

/* Allocating a HWPT for it has bound the device. */
static IommudHwpt *
alloc_and_bind (MappingFixture *self)
{
  g_autoptr (GError) error = NULL;
  IommudHwpt *hwpt = call_alloc_hwpt (self->container, model_fixture_device (&self->model, BOTH),
                                      IOMMUD_HWPT_FLAGS_NONE, NULL, &error);

  g_assert_no_error (error);
  return hwpt;
}

static void
test_attach_is_not_undone (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (IommudHwpt) hwpt = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
  fail_attach_and_its_undo (self, NULL, FALSE);
  hwpt = alloc_and_bind (self);
  fail_attach_and_its_undo (self, NULL, TRUE);
  dirty_fixture_stop (self);
}

static void
test_attach_to_hwpt_is_not_undone (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (IommudHwpt) hwpt = alloc_and_bind (self);

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
  fail_attach_and_its_undo (self, hwpt, TRUE);
  fail_attach_and_its_undo (self, hwpt, FALSE);
  dirty_fixture_stop (self);
}

static void
test_map_while_active (MappingFixture *self, gconstpointer unused)
{
  guint64 iova;

  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_map (self, MIB, MIB);
  dirty_fixture_write (self, LOGGING, MIB, 1);
  dirty_fixture_write (self, DIRTY_A, MIB + PAGE, 1);
  dirty_fixture_assert_dirty (self, MIB, MIB, "0-1");
  /* Inside of what is logged already: nothing is missed. */
  dirty_fixture_map (self, 4 * MIB, MIB);
  g_free (dirty_fixture_read_all (self, 0, 8 * MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_AUTO));
  dirty_fixture_write (self, LOGGING, MIB, 1);
  dirty_fixture_map (self, 3 * MIB, PAGE);
  dirty_fixture_write (self, LOGGING, 3 * MIB, 1);
  dirty_fixture_assert_dirty (self, 0, 8 * MIB, "256 768");
  /* Outside: what the log did not see meanwhile counts as dirty, and what it had is kept. */
  dirty_fixture_write (self, LOGGING, MIB, 1);
  dirty_fixture_map (self, 5 * GIB, PAGE);
  dirty_fixture_write (self, LOGGING, 5 * GIB, 1);
  dirty_fixture_assert_dirty (self, 0, 6 * GIB, "256 1310720");
  iova = mapping_fixture_map (self, self->container, 0, MIB, 0, READ_WRITE);
  dirty_fixture_write (self, LOGGING, iova, 1);
  g_free (dirty_fixture_read_all (self, 0, 6 * GIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_AUTO));
  dirty_fixture_write (self, LOGGING, iova + PAGE, 1);
  dirty_fixture_assert_dirty (self, iova, MIB, "1");
  dirty_fixture_stop (self);
}

static void
test_free_while_active (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  IommudContainer *container =
      model_fixture_container (&self->model, "b", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);

  call_attach_device (container, model_fixture_device (&self->model, BOTH), IOMMUD_ATTACH_MODE_AUTO,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  call_attach_device (container, model_fixture_device (&self->model, DIRTY_B),
                      IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  call_start_dirty_tracking (container, 0, NULL, &error);
  g_assert_no_error (error);
  model_fixture_free_container (container);
}

/* What the kernel would not free of the twin goes with the container, or the container stays. */
static void
test_free_with_twin_left (MappingFixture *self, gconstpointer unused)
{
  IommudContainer *other = mapping_fixture_share (self, "other");
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  g_autoptr (GError) error = NULL;
  int file = -1;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  model_fixture_inject (&self->model, "destroy", 2, EBUSY, 0);
  g_assert_true (call_unmap (self->container, 0, MIB, PAGE, NULL, NULL, &file, NULL, NULL));
  close (file);
  /* The first one is of the device's HWPT. */
  model_fixture_inject (&self->model, "destroy", 2, EBUSY, 0);
  g_assert_false (iommud_container_free (self->container, TRUE, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  model_fixture_free_container (self->container);
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects - 1);
  self->container = other;
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-changes/" path, MappingFixture, NULL, mapping_fixture_set_up, function,      \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("attach", test_attach_while_active);
  ADD ("detach", test_detach_while_active);
  ADD ("saved-by-kind", test_saved_by_kind);
  ADD ("replace", test_replace_while_active);
  ADD ("replace-ends-stop", test_replace_ends_stop);
  ADD ("unplug", test_unplug_while_active);
  ADD ("detach-refused", test_detach_refused);
  ADD ("forced-detach", test_forced_detach);
  ADD ("forced-detach-of-hwpt", test_forced_detach_of_hwpt);
  ADD ("detach-beside-sibling", test_detach_beside_sibling);
  ADD ("unreadable-log", test_unreadable_log);
  ADD ("attach-is-not-undone", test_attach_is_not_undone);
  ADD ("attach-to-hwpt-is-not-undone", test_attach_to_hwpt_is_not_undone);
  ADD ("map", test_map_while_active);
  ADD ("free", test_free_while_active);
  ADD ("free-with-twin-left", test_free_with_twin_left);
  return g_test_run ();
}
