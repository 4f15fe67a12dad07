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
  return g_test_run ();
}
