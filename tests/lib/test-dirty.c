/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dirty tracking of a container as one: start, stop, and bitmaps joined from all trackers. */
#include "config.h"

#include "dirty-fixture.h"

#include <string.h>

static void
start_fails (MappingFixture *self, guint64 page_size, IommudError code, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (call_start_dirty_tracking (self->container, page_size, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, (gint) code);
  if (strstr (error->message, text) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, text);
}

static void
test_joined (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_write (self, DIRTY_A, 9 * PAGE, 1);
  dirty_fixture_start (self);
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_write (self, DIRTY_A, 3 * PAGE, 2);
  dirty_fixture_write (self, LOGGING, 4 * PAGE, 2);
  dirty_fixture_write (self, LOGGING, 255 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "3-5 255");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* A device with its own log costs the IOMMU nothing. */
static void
test_only_what_is_used (MappingFixture *self, gconstpointer unused)
{
  guint before = dirty_fixture_count (self, "set-dirty-tracking");

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, BOTH, PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  g_assert_cmpuint (dirty_fixture_count (self, "set-dirty-tracking"), ==, before);
  dirty_fixture_stop (self);
  dirty_fixture_detach (self, BOTH);

  dirty_fixture_attach (self, BOTH, IOMMUD_TRACKER_CHOICE_IOMMU);
  before = dirty_fixture_count (self, "feature");
  dirty_fixture_start (self);
  dirty_fixture_write (self, BOTH, PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
  g_assert_cmpuint (dirty_fixture_count (self, "feature"), ==, before);
}

static void
test_no_clear (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 0, 1);
  dirty_fixture_write (self, LOGGING, 2 * PAGE, 1);
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *dirty =
          dirty_fixture_read_all (self, 0, MIB, PAGE, TRUE, IOMMUD_TRACKER_CHOICE_AUTO);

      g_assert_cmpstr (dirty, ==, i < 2 ? "0 2" : "0 2 4");
      if (i == 1)
        dirty_fixture_write (self, LOGGING, 4 * PAGE, 1);
    }
  dirty_fixture_assert_dirty (self, 0, MIB, "0 2 4");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

static void
test_one_kind (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *logs = NULL;
  g_autofree char *hwpts = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 0, 1);
  dirty_fixture_write (self, LOGGING, 2 * PAGE, 1);
  logs = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_DEVICE);
  g_assert_cmpstr (logs, ==, "2");
  hwpts = dirty_fixture_read_all (self, 0, MIB, PAGE, FALSE, IOMMUD_TRACKER_CHOICE_IOMMU);
  g_assert_cmpstr (hwpts, ==, "0");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* The kernel stops at holes and does not report it. */
static void
test_holes (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 16 * PAGE, 16 * PAGE);
  dirty_fixture_map (self, 33 * PAGE, PAGE);
  dirty_fixture_map (self, 5 * GIB + 7 * PAGE, 200 * PAGE);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 17 * PAGE, 1);
  dirty_fixture_write (self, LOGGING, 33 * PAGE, 1);
  dirty_fixture_write (self, DIRTY_A, 5 * GIB + 100 * PAGE, 100);
  dirty_fixture_write (self, LOGGING, 5 * GIB + 206 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, 6 * GIB, "17 33 1310820-1310919 1310926");
  dirty_fixture_write (self, DIRTY_A, 5 * GIB + 8 * PAGE, 1);
  /* A range that begins and ends anywhere. */
  dirty_fixture_assert_dirty (self, 5 * GIB + 3 * PAGE, 7 * PAGE, "5");
  dirty_fixture_stop (self);
}

/* What is mapped begins inside of a page of the bitmap. */
static void
test_parts_of_large_pages (MappingFixture *self, gconstpointer unused)
{
  g_autofree char *dirty = NULL;

  dirty_fixture_map (self, PAGE, 15 * PAGE);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_write (self, LOGGING, 15 * PAGE, 1);
  dirty = dirty_fixture_read_all (self, 0, 16 * PAGE, 4 * PAGE, FALSE, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_cmpstr (dirty, ==, "0 3");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

/* Pages beside the range stay dirty for a read of them. */
static void
test_parts (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, 3 * GIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, GIB, 8);
  dirty_fixture_write (self, LOGGING, 2 * GIB - PAGE, 2);
  dirty_fixture_assert_dirty (self, GIB + 3 * PAGE, PAGE, "0");
  dirty_fixture_assert_dirty (self, GIB, 3 * PAGE, "0-2");
  dirty_fixture_assert_dirty (self, 2 * GIB, PAGE, "0");
  dirty_fixture_assert_dirty (self, 0, 3 * GIB, "262148-262151 524287");
  dirty_fixture_stop (self);
}

static void
test_page_sizes (MappingFixture *self, gconstpointer unused)
{
  const struct
  {
    guint64 page_size;
    const char *pages;
  } reads[] = {
    { 512, "24-39 4088-4095" }, { 2048, "6-9 1022-1023" }, { 4096, "3-4 511" },
    { 8192, "1-2 255" },        { 65536, "0 31" },         { MIB, "0-1" },
    { 2 * MIB, "0" },
  };

  dirty_fixture_map (self, 0, 4 * MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (gsize i = 0; i < G_N_ELEMENTS (reads); i++)
    {
      g_autofree char *dirty = NULL;

      dirty_fixture_write (self, DIRTY_A, 3 * PAGE, 2);
      dirty_fixture_write (self, LOGGING, 511 * PAGE, 1);
      dirty = dirty_fixture_read_all (self, 0, 2 * MIB, reads[i].page_size, FALSE,
                                      IOMMUD_TRACKER_CHOICE_AUTO);
      g_assert_cmpstr (dirty, ==, reads[i].pages);
      dirty_fixture_assert_dirty (self, 0, 4 * MIB, "");
    }
  /* Half a page: the other half is dirty, too. */
  dirty_fixture_write (self, DIRTY_A, 3 * PAGE, 1);
  g_free (
      dirty_fixture_read_all (self, 3 * PAGE + 512, 512, 512, FALSE, IOMMUD_TRACKER_CHOICE_AUTO));
  dirty_fixture_assert_dirty (self, 0, MIB, "3");
  dirty_fixture_stop (self);
}

/* Neither the pages that are read nor those beside them are cleared. */
static void
test_parts_no_clear (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, 2 * GIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, GIB, 3);
  dirty_fixture_write (self, LOGGING, GIB + 4 * PAGE, 3);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *page =
          dirty_fixture_read_all (self, GIB + PAGE, PAGE, PAGE, TRUE, IOMMUD_TRACKER_CHOICE_AUTO);
      g_autofree char *part = dirty_fixture_read_all (self, GIB + 5 * PAGE + 512, 1024, 512, TRUE,
                                                      IOMMUD_TRACKER_CHOICE_AUTO);

      g_assert_cmpstr (page, ==, "0");
      g_assert_cmpstr (part, ==, "0-1");
    }
  dirty_fixture_assert_dirty (self, GIB, MIB, "0-2 4-6");
  dirty_fixture_assert_dirty (self, 0, 2 * GIB, "");
  dirty_fixture_stop (self);
}

/* Parts of 512 bytes that are read one after the other: each page is reported in each of them. */
static void
test_small_parts (MappingFixture *self, gconstpointer unused)
{
  static const char *const devices[] = { DIRTY_A, LOGGING };

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  for (gsize i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      g_autofree char *tail = NULL;
      g_autofree char *head = NULL;

      dirty_fixture_write (self, devices[i], 3 * PAGE, 1);
      dirty_fixture_write (self, devices[i], 5 * PAGE, 1);
      tail = dirty_fixture_read_all (self, 3 * PAGE + 3584, 512 + PAGE, 512, FALSE,
                                     IOMMUD_TRACKER_CHOICE_AUTO);
      g_assert_cmpstr (tail, ==, "0");
      head = dirty_fixture_read_all (self, 4 * PAGE, PAGE + 512, 512, FALSE,
                                     IOMMUD_TRACKER_CHOICE_AUTO);
      g_assert_cmpstr (head, ==, "8");
      dirty_fixture_assert_dirty (self, 0, MIB, "3 5");
      dirty_fixture_assert_dirty (self, 0, MIB, "");
    }
  dirty_fixture_stop (self);
}

static void
test_coarse_log (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  g_assert_true (call_start_dirty_tracking (self->container, 65536, NULL, &error));
  dirty_fixture_write (self, LOGGING, 17 * PAGE, 1);
  dirty_fixture_assert_dirty (self, 20 * PAGE, PAGE, "0");
  dirty_fixture_assert_dirty (self, 0, MIB, "16-19 21-31");
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

static void
test_refused (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_read_fails (self, 0, MIB, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "not active");
  g_assert_false (call_stop_dirty_tracking (self->container, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT);
  start_fails (self, 3000, IOMMUD_ERROR_INVALID_ARGUMENT, "page size");
  start_fails (self, 512, IOMMUD_ERROR_INVALID_ARGUMENT, "page size");
  start_fails (self, 2 * GIB, IOMMUD_ERROR_INVALID_ARGUMENT, "page size");
  g_clear_error (&error);
  call_start_dirty_tracking (self->container, GIB, NULL, &error);
  g_assert_no_error (error);
  dirty_fixture_stop (self);
  dirty_fixture_start (self);
  start_fails (self, 0, IOMMUD_ERROR_INVALID_ARGUMENT, "active already");
  dirty_fixture_read_fails (self, 0, MIB, 0, IOMMUD_ERROR_INVALID_ARGUMENT, "power of two");
  dirty_fixture_read_fails (self, 0, MIB, 256, IOMMUD_ERROR_INVALID_ARGUMENT, "power of two");
  dirty_fixture_read_fails (self, 0, MIB, 4097, IOMMUD_ERROR_INVALID_ARGUMENT, "power of two");
  dirty_fixture_read_fails (self, 0, 0, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "length is 0");
  dirty_fixture_read_fails (self, 1, PAGE, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "multiples");
  dirty_fixture_read_fails (self, 0, PAGE + 1, PAGE, IOMMUD_ERROR_INVALID_ARGUMENT, "multiples");
  dirty_fixture_read_fails (self, G_MAXUINT64 - (PAGE - 1), 2 * PAGE, PAGE,
                            IOMMUD_ERROR_INVALID_ARGUMENT, "beyond");
  dirty_fixture_read_fails (self, 0, 4 * TIB + PAGE, PAGE, IOMMUD_ERROR_LIMITS_EXCEEDED, "128 MiB");
  /* The last page of all. */
  dirty_fixture_assert_dirty (self, G_MAXUINT64 - (PAGE - 1), PAGE, "");
  dirty_fixture_stop (self);
}

static void
test_nothing_covered (MappingFixture *self, gconstpointer unused)
{
  g_autoptr (IommudContainer) off =
      model_fixture_container (&self->model, "off", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (GError) error = NULL;

  g_assert_false (call_start_dirty_tracking (off, 0, NULL, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED);
  model_fixture_free_container (g_steal_pointer (&off));

  dirty_fixture_attach (self, PLAIN_A, IOMMUD_TRACKER_CHOICE_AUTO);
  start_fails (self, 0, IOMMUD_ERROR_NOT_SUPPORTED, "Blockers says why");
  /* Partly covered is enough. */
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_start (self);
  dirty_fixture_write (self, PLAIN_A, 0, 1);
  dirty_fixture_write (self, DIRTY_A, PAGE, 1);
  dirty_fixture_assert_dirty (self, 0, MIB, "1");
  dirty_fixture_stop (self);
}

/* What was written while tracking was off, and what was not read, is forgotten. */
static void
test_start_again (MappingFixture *self, gconstpointer unused)
{
  dirty_fixture_map (self, 0, MIB);
  dirty_fixture_attach (self, DIRTY_A, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_attach (self, LOGGING, IOMMUD_TRACKER_CHOICE_AUTO);
  dirty_fixture_start (self);
  dirty_fixture_write (self, DIRTY_A, 0, 1);
  dirty_fixture_write (self, LOGGING, PAGE, 1);
  g_free (dirty_fixture_read_all (self, 0, MIB, PAGE, TRUE, IOMMUD_TRACKER_CHOICE_AUTO));
  dirty_fixture_stop (self);
  dirty_fixture_write (self, DIRTY_A, 2 * PAGE, 1);
  dirty_fixture_write (self, LOGGING, 3 * PAGE, 1);
  dirty_fixture_start (self);
  dirty_fixture_assert_dirty (self, 0, MIB, "");
  dirty_fixture_stop (self);
}

#define ADD(path, function)                                                                        \
  g_test_add ("/dirty/" path, MappingFixture, NULL, mapping_fixture_set_up, function,              \
              mapping_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("joined", test_joined);
  ADD ("only-what-is-used", test_only_what_is_used);
  ADD ("no-clear", test_no_clear);
  ADD ("one-kind", test_one_kind);
  ADD ("holes", test_holes);
  ADD ("parts-of-large-pages", test_parts_of_large_pages);
  ADD ("parts", test_parts);
  ADD ("page-sizes", test_page_sizes);
  ADD ("parts-no-clear", test_parts_no_clear);
  ADD ("small-parts", test_small_parts);
  ADD ("coarse-log", test_coarse_log);
  ADD ("refused", test_refused);
  ADD ("nothing-covered", test_nothing_covered);
  ADD ("start-again", test_start_again);
  return g_test_run ();
}
