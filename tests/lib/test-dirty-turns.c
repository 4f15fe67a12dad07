/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A long unmap with a bitmap: what runs between its turns, and that no page is lost meanwhile. */
#include "config.h"

#include "dirty-fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

#define BASE (4 * GIB)
#define LENGTH (8 * GIB)
/* What stays mapped behind the range. */
#define OUTSIDE (16 * GIB)

typedef struct
{
  MappingFixture *fixture;
  GCancellable *cancellable;
  gboolean done;
  int bitmap;
  guint64 dirty_pages;
  guint64 bytes;
  GError *error;
} Unmapping;

static void
on_unmapped (GObject *source, GAsyncResult *result, gpointer data)
{
  Unmapping *self = data;

  self->done = TRUE;
  iommud_dirty_tracking_unmap_and_read_bitmap_finish (IOMMUD_DIRTY_TRACKING (source), result,
                                                      &self->bytes, &self->bitmap,
                                                      &self->dirty_pages, &self->error);
}

static void
set_up (Unmapping *self, MappingFixture *fixture)
{
  *self = (Unmapping){ .fixture = fixture, .bitmap = -1, .cancellable = g_cancellable_new () };
  dirty_fixture_map (fixture, BASE, LENGTH);
  dirty_fixture_map (fixture, OUTSIDE, MIB);
  dirty_fixture_attach (fixture, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (fixture, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (fixture);
}

static void
begin (Unmapping *self)
{
  iommud_dirty_tracking_unmap_and_read_bitmap_async (
      iommud_container_get_dirty_tracking (self->fixture->container), BASE, LENGTH, PAGE,
      self->cancellable, on_unmapped, self);
}

/* Until some of it is unmapped. */
static void
wait_for_turn (Unmapping *self)
{
  while (mapping_fixture_get_mapped_bytes (self->fixture->container) == LENGTH + MIB)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (self->done);
}

static void
wait_for_end (Unmapping *self)
{
  while (!self->done)
    g_main_context_iteration (NULL, TRUE);
}

/* The pages of the bitmap. */
static char *
end (Unmapping *self)
{
  wait_for_end (self);
  g_assert_no_error (self->error);
  g_assert_cmphex (self->bytes, ==, LENGTH);
  mapping_fixture_assert_mapped (self->fixture->container,
                                 "[(0x400000000, 0x100000, 0x400000000, 3)]");
  g_object_unref (self->cancellable);
  return dirty_fixture_describe (self->bitmap, LENGTH / PAGE, self->dirty_pages);
}

/* Every operation below has to end before the unmap does. */
static void
test_others_run (MappingFixture *fixture, gconstpointer unused)
{
  Unmapping self;
  guint objects;
  g_autofree char *dirty = NULL;

  set_up (&self, fixture);
  dirty_fixture_write (fixture, DIRTY_A, BASE, 1);
  dirty_fixture_write (fixture, DIRTY_A, BASE + LENGTH - PAGE, 1);
  dirty_fixture_write (fixture, LOGGING, BASE + LENGTH - 2 * PAGE, 1);
  dirty_fixture_write (fixture, LOGGING, BASE + GIB, 1);
  begin (&self);
  wait_for_turn (&self);
  dirty_fixture_attach (fixture, DIRTY_B, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_write (fixture, DIRTY_B, BASE + PAGE, 1);
  dirty_fixture_write (fixture, DIRTY_B, OUTSIDE, 1);
  dirty_fixture_detach (fixture, DIRTY_B);
  g_assert_false (self.done);
  dirty_fixture_detach (fixture, LOGGING);
  g_assert_false (self.done);
  /* What lies outside is reported at once. */
  dirty_fixture_assert_dirty (fixture, OUTSIDE, MIB, "0");
  g_assert_false (self.done);
  dirty = end (&self);
  g_assert_cmpstr (dirty, ==, "0-1 262144 2097150-2097151");
  dirty_fixture_assert_dirty (fixture, OUTSIDE, MIB, "");
  objects = model_fixture_count_objects (&fixture->model);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->model.simulator), ==, objects);
  dirty_fixture_stop (fixture);
}

/* During a turn the device is where the range is not mapped; at its end it is back. The last turn
 * does not begin before the main loop runs. */
static void
write_between (Unmapping *self, const char *device, guint64 iova)
{
  while (
      !iommud_simulator_device_write (self->fixture->model.simulator, device, iova, PAGE, 1, NULL))
    g_usleep (1000);
}

/* A read between two turns takes what is there, and the bitmap has what comes later. */
static void
test_read_between (MappingFixture *fixture, gconstpointer unused)
{
  Unmapping self;
  g_autofree char *dirty = NULL;

  set_up (&self, fixture);
  dirty_fixture_write (fixture, DIRTY_A, BASE + PAGE, 1);
  dirty_fixture_write (fixture, LOGGING, BASE + 2 * PAGE, 1);
  dirty_fixture_write (fixture, LOGGING, BASE + LENGTH - PAGE, 1);
  begin (&self);
  wait_for_turn (&self);
  dirty_fixture_assert_dirty (fixture, BASE, MIB, "1-2");
  g_assert_false (self.done);
  write_between (&self, DIRTY_A, BASE + 3 * PAGE);
  dirty = end (&self);
  g_assert_cmpstr (dirty, ==, "3 2097151");
  dirty_fixture_stop (fixture);
}

/* Nothing recorded what was written after the stop. */
static void
test_stop_between (MappingFixture *fixture, gconstpointer unused)
{
  Unmapping self;
  guint64 clean_from = 0;
  g_autofree char *dirty = NULL;
  g_autofree char *expected = NULL;

  set_up (&self, fixture);
  begin (&self);
  wait_for_turn (&self);
  dirty_fixture_stop (fixture);
  g_assert_false (self.done);
  clean_from = mapping_fixture_get_mapped_bytes (fixture->container) - MIB;
  dirty = end (&self);
  g_assert_cmphex (clean_from, <, LENGTH);
  expected = g_strdup_printf ("0-%" G_GUINT64_FORMAT, clean_from / PAGE - 1);
  g_assert_cmpstr (dirty, ==, expected);
}

static void
test_cancel_between (MappingFixture *fixture, gconstpointer unused)
{
  Unmapping self;
  guint64 left;

  set_up (&self, fixture);
  dirty_fixture_write (fixture, DIRTY_A, BASE + PAGE, 1);
  dirty_fixture_write (fixture, DIRTY_A, BASE + LENGTH - PAGE, 1);
  dirty_fixture_write (fixture, LOGGING, BASE + LENGTH - 2 * PAGE, 1);
  begin (&self);
  wait_for_turn (&self);
  left = mapping_fixture_get_mapped_bytes (fixture->container);
  g_cancellable_cancel (self.cancellable);
  wait_for_end (&self);
  g_assert_error (self.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_nonnull (strstr (self.error->message, "A part of the range was unmapped"));
  g_clear_error (&self.error);
  g_clear_object (&self.cancellable);
  /* At most the turn that ran already. */
  g_assert_cmphex (mapping_fixture_get_mapped_bytes (fixture->container) + GIB, >=, left);
  g_assert_cmphex (mapping_fixture_get_mapped_bytes (fixture->container), >, MIB);
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->model.simulator), ==,
                    model_fixture_count_objects (&fixture->model));
  dirty_fixture_assert_dirty (fixture, BASE, LENGTH, "1 2097150-2097151");
  dirty_fixture_stop (fixture);
}

/* The devices cannot move at a later turn: from there on all of the range counts as dirty. */
static void
test_stays_behind (MappingFixture *fixture, gconstpointer unused)
{
  Unmapping self;
  g_autofree char *dirty = NULL;

  set_up (&self, fixture);
  /* Two attaches a turn: to the twin, and back. */
  model_fixture_inject (&fixture->model, "attach", 5, ENOMEM, 0);
  begin (&self);
  dirty = end (&self);
  g_assert_cmpstr (dirty, ==, "0-1572863");
  g_assert_cmpuint (iommud_simulator_count_objects (fixture->model.simulator), ==,
                    model_fixture_count_objects (&fixture->model));
  dirty_fixture_stop (fixture);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-turns/" path, MappingFixture, NULL, mapping_fixture_set_up, function,        \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("others-run", test_others_run);
  ADD ("read-between", test_read_between);
  ADD ("stop-between", test_stop_between);
  ADD ("cancel-between", test_cancel_between);
  ADD ("stays-behind", test_stays_behind);
  return g_test_run ();
}
