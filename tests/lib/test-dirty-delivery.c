/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bitmaps that do not reach their readers: the next read has their pages. */
#include "config.h"

#include "dirty-fixture.h"

#include <unistd.h>

typedef struct
{
  gboolean take;      /* call the finish function */
  gboolean give_back; /* and then give the bitmap back */
  guint64 dirty_pages;
  gboolean done;
} Reader;

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  IommudDirtyTracking *tracking = IOMMUD_DIRTY_TRACKING (source);
  Reader *reader = data;
  int bitmap;

  reader->done = TRUE;
  if (!reader->take)
    return;
  bitmap = iommud_dirty_tracking_read_bitmap_finish (tracking, result, &reader->dirty_pages, NULL);
  g_assert_cmpint (bitmap, >=, 0);
  if (reader->give_back)
    iommud_dirty_tracking_give_back_bitmap (tracking, result, bitmap);
  else
    close (bitmap);
}

static void
begin_read (MappingFixture *self, gboolean no_clear, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (IommudReadOptions) options = iommud_read_options_new ();

  g_object_set (options, "no-clear", no_clear, NULL);
  iommud_dirty_tracking_read_bitmap_async (iommud_container_get_dirty_tracking (self->container), 0,
                                           MIB, PAGE, options, NULL, callback, data);
}

static void
wait_for (const gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
}

static void
start_and_write (MappingFixture *self)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, LOGGING, 3 * PAGE, 1);
}

static void
test_not_taken (MappingFixture *self, gconstpointer unused)
{
  Reader reader = { 0 };

  start_and_write (self);
  begin_read (self, FALSE, on_read, &reader);
  wait_for (&reader.done);
  dirty_fixture_write (self, DIRTY_A, 5 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3 5");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* A read without a callback is before one that wants its bits. */
static void
test_next_in_queue (MappingFixture *self, gconstpointer unused)
{
  Reader second = { .take = TRUE };

  start_and_write (self);
  begin_read (self, FALSE, NULL, NULL);
  begin_read (self, FALSE, on_read, &second);
  wait_for (&second.done);
  g_assert_cmpuint (second.dirty_pages, ==, 2);
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

static void
test_given_back (MappingFixture *self, gconstpointer unused)
{
  Reader reader = { .take = TRUE, .give_back = TRUE };
  guint files;

  start_and_write (self);
  files = mapping_fixture_count_files ();
  begin_read (self, FALSE, on_read, &reader);
  wait_for (&reader.done);
  g_assert_cmpuint (reader.dirty_pages, ==, 2);
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3");
  g_assert_cmpuint (mapping_fixture_count_files (), ==, files);
  dirty_fixture_stop (self);
}

/* Of a read that clears nothing, nothing is saved: another tracker would never report it. */
static void
test_not_cleared (MappingFixture *self, gconstpointer unused)
{
  Reader reader = { 0 };
  g_autofree char *pages = NULL;

  start_and_write (self);
  begin_read (self, TRUE, on_read, &reader);
  wait_for (&reader.done);
  pages = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpstr (pages, ==, "1");
  dirty_fixture_assert_dirty (self, 0, MIB, "3");
  dirty_fixture_stop (self);
}

static void
on_unmapped (GObject *source, GAsyncResult *result, gpointer done)
{
  *(gboolean *) done = TRUE;
}

static void
test_unmapped (MappingFixture *self, gconstpointer unused)
{
  gboolean done = FALSE;

  start_and_write (self);
  iommud_dirty_tracking_unmap_and_read_bitmap_async (
      iommud_container_get_dirty_tracking (self->container), 0, MIB, PAGE, NULL, on_unmapped,
      &done);
  wait_for (&done);
  mapping_fixture_assert_mapped (self->container, "[]");
  dirty_fixture_assert_dirty (self, 0, MIB, "1 3");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* Tracking is stopped before the pages are saved: the next tracking does not know them. */
static void
test_stopped (MappingFixture *self, gconstpointer unused)
{
  Reader reader = { 0 };

  start_and_write (self);
  begin_read (self, FALSE, on_read, &reader);
  wait_for (&reader.done);
  dirty_fixture_stop (self);
  dirty_fixture_start (self);
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty-delivery/" path, MappingFixture, NULL, mapping_fixture_set_up, function,     \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("not-taken", test_not_taken);
  ADD ("next-in-queue", test_next_in_queue);
  ADD ("given-back", test_given_back);
  ADD ("not-cleared", test_not_cleared);
  ADD ("unmapped", test_unmapped);
  ADD ("stopped", test_stopped);
  return g_test_run ();
}
