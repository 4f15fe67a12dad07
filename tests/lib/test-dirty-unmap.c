/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping with a bitmap: dirty pages are reported when they are unmapped, even if calls fail. */
#include "config.h"

#include "dirty-fixture.h"

#include <errno.h>
#include <string.h>

static void
test_unmap (MappingFixture *self, gconstpointer unused)
{
  guint objects;
  g_autofree char *dirty = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_map (self, MIB, MIB);
  dirty_fixture_map (self, 2 * MIB, MIB);
  mapping_fixture_map (self, self->container, 0, MIB, 3 * MIB,
                       IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_FIXED);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_A_SIBLING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, DIRTY_B, MIB, 1);
  dirty_fixture_write (self, LOGGING, MIB + 2 * PAGE, 1);
  dirty_fixture_write (self, LOGGING, 2 * MIB, 1);
  dirty_fixture_write (self, DIRTY_A_SIBLING, 2 * MIB + PAGE, 1);
  objects = iommud_simulator_count_objects (self->model.simulator);
  dirty = dirty_fixture_unmap (self, MIB, MIB);
  g_assert_cmpstr (dirty, ==, "0 2");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
  dirty_fixture_assert_dirty (self, 0, 4 * MIB, "1 512-513");
  dirty_fixture_write (self, DIRTY_B, PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, 4 * MIB, "1");
  /* The devices' reserved regions are back. */
  mapping_fixture_map_fails (self, self->file, 0, MIB, 0xfee00000, FIXED,
                             IOMMUD_ERROR_ADDRESS_IN_USE, "");
  dirty_fixture_stop (self);
}

/* If the kernel refuses the move, more pages are dirty than were written to, and nothing is left
 * behind. */
static void
test_unmap_cannot_move (MappingFixture *self, gconstpointer unused)
{
  const char *const calls[] = { "ioas-alloc", "ioas-copy", "hwpt-alloc", "set-dirty-tracking",
                                "attach" };

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      guint objects = iommud_simulator_count_objects (self->model.simulator);
      g_autofree char *dirty = NULL;

      dirty_fixture_map (self, MIB, 16 * PAGE);
      dirty_fixture_write (self, DIRTY_A, MIB, 1);
      dirty_fixture_write (self, DIRTY_A, 0, 1);
      model_fixture_inject (&self->model, calls[i], 1, ENOMEM, 0);
      dirty = dirty_fixture_unmap (self, MIB, 16 * PAGE);
      g_assert_cmpstr (dirty, ==, "0-15");
      g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
      dirty_fixture_assert_dirty (self, 0, 2 * MIB, "0");
    }
  dirty_fixture_stop (self);
}

/* Bits that were not read are forgotten with the mapping, even if they were saved; what was
 * delivered is not delivered again. */
static void
test_unmap_forgets (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *dirty = NULL;

  for (guint i = 0; i < 3; i++)
    dirty_fixture_map (self, i * MIB, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (guint i = 0; i < 3; i++)
    {
      dirty_fixture_write (self, DIRTY_A, i * MIB, 1);
      dirty_fixture_write (self, LOGGING, i * MIB + PAGE, 1);
    }
  dirty_fixture_detach (self, DIRTY_A);
  dirty_fixture_detach (self, LOGGING);
  mapping_fixture_unmap (self->container, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  model_fixture_inject (&self->model, "ioas-alloc", 1, ENOMEM, 0);
  dirty = dirty_fixture_unmap (self, MIB, MIB);
  g_assert_cmpstr (dirty, ==, "0-255");
  dirty_fixture_assert_dirty (self, 0, 3 * MIB, "512-513");
  dirty_fixture_stop (self);
}

static void
test_unmap_refused (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  g_assert_false (call_unmap (self->container, 0, MIB, PAGE, NULL, NULL, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "not active"));
  g_clear_error (&error);
  dirty_fixture_start (self);
  g_assert_false (call_unmap (self->container, 0, MIB, 3, NULL, NULL, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  mapping_fixture_assert_mapped (self->container, "[(0, 1048576, 0, 3)]");
  dirty_fixture_stop (self);
}

/* UNMAP fails: what was read is there for the next one. */
static void
test_unmap_fails (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, LOGGING, 3 * PAGE, 1);
  model_fixture_inject (&self->model, "ioas-unmap", 1, EBUSY, 0);
  g_assert_false (call_unmap (self->container, 0, MIB, PAGE, NULL, NULL, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  dirty_fixture_write (self, DIRTY_A, 5 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3 5");
  dirty_fixture_stop (self);
}

/* The range is unmapped, but some device could not be moved back. */
static void
unmap_strands (MappingFixture *self, const char *text, const char *errnum)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (call_unmap (self->container, 0, MIB, PAGE, NULL, NULL, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, text));
  g_assert_nonnull (strstr (error->message, errnum));
  g_assert_true (g_str_has_prefix (error->message, "The range was unmapped"));
  mapping_fixture_assert_mapped (self->container, "[]");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==,
                    model_fixture_count_objects (&self->model));
}

/* A group is on the twin, and the move of one or of both of its devices back is refused. */
static void
unmap_with_group (MappingFixture *self, guint first, guint last, guint detaches)
{
  IommudDevice *device = model_fixture_device (&self->model, DIRTY_A);
  IommudDevice *sibling = model_fixture_device (&self->model, DIRTY_A_SIBLING);
  guint before;
  g_autofree char *dirty = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_map (self, MIB, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_A_SIBLING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  before = dirty_fixture_count (self, "detach");
  for (guint nth = first; nth <= last; nth++)
    model_fixture_inject (&self->model, "attach", nth, EIO, 0);
  dirty = dirty_fixture_unmap (self, 0, MIB);
  g_assert_cmpstr (dirty, ==, "1");
  g_assert_cmpuint (dirty_fixture_count (self, "detach"), ==, before + detaches);
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_ATTACHED);
  g_assert_true (iommud_device_get_hwpt (device) == iommud_device_get_hwpt (sibling));
  dirty_fixture_write (self, DIRTY_A, MIB + PAGE, 1);
  dirty_fixture_write (self, DIRTY_A_SIBLING, MIB + 2 * PAGE, 1);
  dirty_fixture_assert_dirty (self, MIB, MIB, "1-2");
  dirty_fixture_stop (self);
}

/* The second device takes the first one along, whose DMA is not stopped for that. */
static void
test_unmap_sibling_moves_both (MappingFixture *self, gconstpointer unused)
{
  unmap_with_group (self, 3, 3, 0);
}

/* Neither can be moved: both leave the twin before either is attached again. */
static void
test_unmap_group_is_attached_anew (MappingFixture *self, gconstpointer unused)
{
  unmap_with_group (self, 3, 6, 2);
}

/* The first device is moved, and with it the second, whose own move fails; so do the next moves
 * back, up to the last one here. */
static void
unmap_half_a_group (MappingFixture *self, guint last)
{
  g_autofree char *dirty = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, DIRTY_A_SIBLING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (guint nth = 2; nth <= last; nth++)
    model_fixture_inject (&self->model, "attach", nth, EIO, 0);
  dirty = dirty_fixture_unmap (self, 0, MIB);
  g_assert_cmpstr (dirty, ==, "0-255");
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==,
                    model_fixture_count_objects (&self->model));
  dirty_fixture_stop (self);
}

static void
test_unmap_moves_half_a_group (MappingFixture *self, gconstpointer unused)
{
  unmap_half_a_group (self, 3);
}

/* Both are known to be on the twin, so neither is detached while the other one is there. */
static void
test_unmap_moves_half_a_group_late (MappingFixture *self, gconstpointer unused)
{
  guint detaches = dirty_fixture_count (self, "detach");

  unmap_half_a_group (self, 4);
  g_assert_cmpuint (dirty_fixture_count (self, "detach"), ==, detaches);
}

static void
start_with_dirty_page (MappingFixture *self)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
}

/* The move back is refused, once more after the others, and after DETACH: the device is no longer
 * attached, and the model says so. */
static void
test_unmap_loses_device (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, DIRTY_A);

  start_with_dirty_page (self);
  model_fixture_inject (&self->model, "attach", 2, ENOMEM, 0);
  model_fixture_inject (&self->model, "attach", 3, EIO, 0);
  model_fixture_inject (&self->model, "attach", 4, EIO, 0);
  unmap_strands (self, "is no longer attached. Cannot unmap", "ENOMEM");
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_BOUND);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

/* Two devices of two groups: the error names both. */
static void
test_unmap_loses_both (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_attach (self, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  start_with_dirty_page (self);
  for (guint nth = 3; nth <= 8; nth++)
    model_fixture_inject (&self->model, "attach", nth, EIO, 0);
  unmap_strands (self, DIRTY_B " is no longer attached. Device " DIRTY_A " is no longer", "EIO");
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

/* The host is written down, let go of and adopted. */
static void
readopt (MappingFixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) records = iommud_host_write_down (self->model.host, &error);
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_auto (GStrv) dropped = NULL;

  g_assert_no_error (error);
  g_clear_object (&self->container);
  descriptors = iommud_host_disown (self->model.host, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&self->model.host));
  self->model.host = iommud_host_adopt (IOMMUD_BACKEND (self->model.simulator), records,
                                        descriptors, &dropped, &error);
  g_assert_no_error (error);
  g_assert_null (dropped[0]);
  self->container = g_object_ref (iommud_host_find_container (self->model.host, "a", &error));
}

/* The dirty pages of the range, which is not mapped any more, are still there after that. */
static void
test_unmap_fails_before_adoption (MappingFixture *self, gconstpointer unused)
{
  start_with_dirty_page (self);
  for (guint nth = 2; nth <= 4; nth++)
    model_fixture_inject (&self->model, "attach", nth, EIO, 0);
  unmap_strands (self, "is no longer attached. Cannot unmap", "EIO");
  readopt (self);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* A device is lost and nothing is unmapped either: the error tells of both. */
static void
test_unmap_fails_and_loses_device (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  start_with_dirty_page (self);
  for (guint nth = 2; nth <= 4; nth++)
    model_fixture_inject (&self->model, "attach", nth, EIO, 0);
  model_fixture_inject (&self->model, "ioas-unmap", 1, EBUSY, 0);
  g_assert_false (call_unmap (self->container, 0, MIB, PAGE, NULL, NULL, NULL, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "IOMMU_IOAS_UNMAP"));
  g_assert_nonnull (strstr (error->message, DIRTY_A " is no longer attached. "));
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (&self->model, DIRTY_A)), ==,
                   IOMMUD_DEVICE_STATE_BOUND);
  mapping_fixture_assert_mapped (self->container, "[(0, 1048576, 0, 3)]");
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

/* Even DETACH is refused: the device is closed, so that it is not left on a HWPT that the model
 * does not know. */
static void
test_unmap_closes_device (MappingFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->model, DIRTY_A);

  start_with_dirty_page (self);
  model_fixture_inject (&self->model, "attach", 2, EIO, 0);
  model_fixture_inject (&self->model, "attach", 3, EIO, 0);
  model_fixture_inject (&self->model, "detach", 1, EIO, 0);
  unmap_strands (self, "is no longer attached or bound", "EIO");
  g_assert_cmpint (iommud_device_get_state (device), ==, IOMMUD_DEVICE_STATE_AVAILABLE);
  assert_n_items (iommud_container_get_devices (self->container), 0);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

/* The same of one that logs: what it writes between the end of its log and of its DMA is not seen.
 */
static void
test_unmap_closes_log (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *pages = NULL;

  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  start_with_dirty_page (self);
  model_fixture_inject (&self->model, "attach", 3, EIO, 0);
  model_fixture_inject (&self->model, "attach", 5, EIO, 0);
  model_fixture_inject (&self->model, "detach", 1, EIO, 0);
  unmap_strands (self, "is no longer attached or bound", "EIO");
  pages = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_DEVICE);
  g_assert_cmpstr (pages, ==, "0-255");
  dirty_fixture_stop (self);
}

/* The kernel would free neither the HWPT nor, because of it, the IOAS that the device was moved to:
 * the next operation frees both, the HWPT first. */
static void
test_unmap_leaves_twin (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *pages = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  model_fixture_inject (&self->model, "destroy", 1, EBUSY, 0);
  pages = dirty_fixture_unmap (self, 0, MIB);
  g_assert_cmpstr (pages, ==, "");
  g_assert_cmpuint (model_fixture_count_orphans (self->container), ==, 2);
  dirty_fixture_detach (self, DIRTY_A);
  g_assert_cmpuint (model_fixture_count_orphans (self->container), ==, 0);
  dirty_fixture_stop (self);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-unmap/" path, MappingFixture, NULL, mapping_fixture_set_up, function,        \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("pages", test_unmap);
  ADD ("cannot-move", test_unmap_cannot_move);
  ADD ("forgets", test_unmap_forgets);
  ADD ("refused", test_unmap_refused);
  ADD ("fails", test_unmap_fails);
  ADD ("sibling-moves-both", test_unmap_sibling_moves_both);
  ADD ("group-is-attached-anew", test_unmap_group_is_attached_anew);
  ADD ("moves-half-a-group", test_unmap_moves_half_a_group);
  ADD ("moves-half-a-group-late", test_unmap_moves_half_a_group_late);
  ADD ("loses-device", test_unmap_loses_device);
  ADD ("loses-both", test_unmap_loses_both);
  ADD ("fails-before-adoption", test_unmap_fails_before_adoption);
  ADD ("fails-and-loses-device", test_unmap_fails_and_loses_device);
  ADD ("closes-device", test_unmap_closes_device);
  ADD ("closes-log", test_unmap_closes_log);
  ADD ("leaves-twin", test_unmap_leaves_twin);
  return g_test_run ();
}
