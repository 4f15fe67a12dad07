/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is left of dirty tracking when a call on a device or its container fails: what was started
 * for it ends, and no page is lost. */
#include "config.h"

#include "dirty-fixture.h"

#include <errno.h>

/* The device stays on the HWPT that records for it, and its log, which was started for the other
 * HWPT, ends. */
static void
test_replace_refused (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *both = model_fixture_device (&self->model, BOTH);
  g_autoptr (IommudHwpt) plain = NULL;
  g_autoptr (GError) error = NULL;
  guint stops;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  plain = call_alloc_hwpt (self->container, both, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  g_assert_no_error (error);
  dirty_fixture_start (self);
  stops = dirty_fixture_count (self, "dma-logging-stop");
  model_fixture_inject (&self->model, "attach", 1, ENOMEM, 0);
  g_assert_false (iommud_hwpt_attach_device (plain, both, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_cmpuint (dirty_fixture_count (self, "dma-logging-stop"), ==, stops + 1);
  dirty_fixture_write (self, BOTH, 2 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "2");
  dirty_fixture_stop (self);
}

/* The device stays bound, and its log ends. */
static void
test_attach_refused_while_bound (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, BOTH);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      call_alloc_hwpt (self->container, device, IOMMUD_HWPT_FLAGS_NONE, NULL, &error);
  guint stops;

  g_assert_no_error (error);
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
  stops = dirty_fixture_count (self, "dma-logging-stop");
  model_fixture_inject (&self->model, "attach", 1, ENOMEM, 0);
  g_assert_false (call_attach_device (self->container, device, IOMMUD_ATTACH_MODE_AUTO,
                                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_BOUND);
  g_assert_cmpuint (dirty_fixture_count (self, "dma-logging-stop"), ==, stops + 1);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_stop (self);
}

/* The container stays, and its devices have left it: nothing has read what they wrote at last. */
static void
test_free_fails (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, 16 * PAGE);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, LOGGING, 2 * PAGE, 1);
  model_fixture_inject (&self->model, "destroy", 1, EBUSY, 0);
  g_assert_false (iommud_container_free (self->container, TRUE, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  assert_n_items (iommud_container_get_devices (self->container), 0);
  /* The kernel has the address of what is mapped still. */
  g_assert_cmpuint (mapping_fixture_count_memory (), >, 0);
  dirty_fixture_assert_dirty (self, 0, MIB, "0-15");
  dirty_fixture_stop (self);
}

/* The device leaves the HWPT of another one, which has a log and needs no tracker there. */
static void
test_attach_undone_on_shared_hwpt (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  guint switched;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  switched = dirty_fixture_count (self, "set-dirty-tracking");
  model_fixture_inject (&self->model, "ioas-iova-ranges", 1, ENOMEM, 0);
  g_assert_false (call_attach_device (self->container, model_fixture_device (&self->model, DIRTY_A),
                                      IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL,
                                      NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NO_MEMORY);
  assert_n_items (iommud_container_get_hwpts (self->container), 1);
  /* On and off. */
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, switched + 2);
  dirty_fixture_stop (self);
}

/* The HWPT that has recorded while the log was started again records on: it is read and stopped
 * with the others. */
static void
test_stand_in_does_not_stop (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *dirty = NULL;
  guint switches;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  model_fixture_inject (&self->model, "set-dirty-tracking", 2, EIO, 0);
  dirty_fixture_map (self, 64 * GIB, MIB);
  dirty_fixture_write (self, BOTH, 3 * PAGE, 1);
  dirty = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpstr (dirty, ==, "3");
  switches = dirty_fixture_count (self, "set-dirty-tracking");
  dirty_fixture_stop (self);
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, switches + 1);
}

/* A HWPT did not stop and is gone by now: what was saved before is not told as of the next time. */
static void
test_next_start_is_clean (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 2 * PAGE, 1);
  dirty_fixture_write (self, LOGGING, 4 * PAGE, 1);
  dirty_fixture_detach (self, LOGGING);
  dirty_fixture_detach (self, DIRTY_A);
  dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  model_fixture_inject (&self->model, "set-dirty-tracking", 1, EIO, 0);
  g_assert_false (call_stop_dirty_tracking (self->container, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  dirty_fixture_detach (self, DIRTY_B);
  g_assert_false (dirty_fixture_is_active (self));
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* An unmap forgets what was saved of its range, to the page, and nothing beside it. */
static void
test_unmap_between_saved_pages (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, 4 * PAGE);
  dirty_fixture_map (self, 4 * PAGE, 4 * PAGE);
  dirty_fixture_map (self, 8 * PAGE, 4 * PAGE);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 3 * PAGE, 6);
  dirty_fixture_write (self, LOGGING, 3 * PAGE, 6);
  dirty_fixture_detach (self, DIRTY_A);
  dirty_fixture_detach (self, LOGGING);
  mapping_fixture_unmap (self->container, 4 * PAGE, 4 * PAGE);
  dirty_fixture_assert_dirty (self, 0, 12 * PAGE, "3 8");
  dirty_fixture_stop (self);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-failures/" path, MappingFixture, NULL, mapping_fixture_set_up, function,     \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("replace-refused", test_replace_refused);
  ADD ("attach-refused-while-bound", test_attach_refused_while_bound);
  ADD ("attach-undone-on-shared-hwpt", test_attach_undone_on_shared_hwpt);
  ADD ("free-fails", test_free_fails);
  ADD ("stand-in-does-not-stop", test_stand_in_does_not_stop);
  ADD ("next-start-is-clean", test_next_start_is_clean);
  ADD ("unmap-between-saved-pages", test_unmap_between_saved_pages);
  return g_test_run ();
}
