/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each operation that changes something says so before its first kernel call, and says what came of
 * it once the model shows that. */
#include "config.h"

#include "journal-spy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static IommudDevice *
device (AdoptFixture *self, const char *name)
{
  return model_fixture_device (&self->model, name);
}

static void
do_create_container (AdoptFixture *self, GError **error)
{
  g_autoptr (IommudContainer) container G_GNUC_UNUSED =
      iommud_host_create_container (self->model.host, NULL, NULL, error);
}

static void
do_free_container (AdoptFixture *self, GError **error)
{
  iommud_container_free (adopt_fixture_get (self, "c"), TRUE, NULL, error);
}

static void
do_attach (AdoptFixture *self, GError **error)
{
  call_attach_device (adopt_fixture_get (self, "b"), device (self, "0000:01:08.0"),
                      IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, error);
}

static void
do_replace (AdoptFixture *self, GError **error)
{
  iommud_hwpt_attach_device (adopt_fixture_get_hwpt (self, "b", 1), device (self, "0000:01:08.0"),
                             NULL, error);
}

static void
do_detach (AdoptFixture *self, GError **error)
{
  iommud_device_detach (device (self, "0000:83:00.0"), NULL, error);
}

static void
do_alloc_hwpt (AdoptFixture *self, GError **error)
{
  g_autoptr (IommudHwpt) hwpt G_GNUC_UNUSED =
      call_alloc_hwpt (adopt_fixture_get (self, "a"), device (self, "0000:01:01.0"),
                       IOMMUD_HWPT_FLAGS_NONE, NULL, error);
}

static void
do_free_hwpt (AdoptFixture *self, GError **error)
{
  iommud_hwpt_free (adopt_fixture_get_hwpt (self, "b", 2), NULL, error);
}

static void
do_map (AdoptFixture *self, GError **error)
{
  call_map_file (adopt_fixture_get (self, "a"), self->file, 0, MIB, 16 * MIB, FIXED, NULL, NULL,
                 error);
}

static void
do_copy (AdoptFixture *self, GError **error)
{
  call_copy_mapping (adopt_fixture_get (self, "b"), adopt_fixture_get (self, "a"), 0, MIB, 64 * MIB,
                     FIXED, NULL, NULL, error);
}

static void
do_unmap (AdoptFixture *self, GError **error)
{
  call_unmap (adopt_fixture_get (self, "b"), MIB, 64 * PAGE, 0, NULL, NULL, NULL, NULL, error);
}

static void
do_unmap_and_read (AdoptFixture *self, GError **error)
{
  int bitmap = -1;

  call_unmap (adopt_fixture_get (self, "a"), 0, MIB, PAGE, NULL, NULL, &bitmap, NULL, error);
  if (bitmap >= 0)
    close (bitmap);
}

static void
do_set_allowed (AdoptFixture *self, GError **error)
{
  call_set_allowed_iovas (adopt_fixture_get (self, "a"),
                          g_variant_new_parsed ("[(@t 0, @t 0x3fffffff)]"), NULL, error);
}

static void
do_start (AdoptFixture *self, GError **error)
{
  call_start_dirty_tracking (adopt_fixture_get (self, "b"), 0, NULL, error);
}

static void
do_stop (AdoptFixture *self, GError **error)
{
  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, error);
}

static void
do_read (AdoptFixture *self, GError **error)
{
  int bitmap = call_read_dirty_bitmap (adopt_fixture_get (self, "a"), 0, MIB, PAGE, FALSE,
                                       IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, error);

  if (bitmap >= 0)
    close (bitmap);
}

typedef struct
{
  const char *act;
  void (*run) (AdoptFixture *self, GError **error);
  const char *fault; /* a system call without which it fails */
} Act;

static const Act acts[] = {
  { "create-container", do_create_container, "ioas-alloc" },
  { "free-container", do_free_container, "destroy" },
  { "attach-device", do_attach, "attach" },
  { "replace", do_replace, "attach" },
  { "detach-device", do_detach, "detach" },
  { "alloc-hwpt", do_alloc_hwpt, "hwpt-alloc" },
  { "free-hwpt", do_free_hwpt, "destroy" },
  { "map-file", do_map, "ioas-map" },
  { "copy-mapping", do_copy, "ioas-copy" },
  { "unmap", do_unmap, "ioas-unmap" },
  { "unmap-and-read-bitmap", do_unmap_and_read, "ioas-unmap" },
  { "set-allowed-iovas", do_set_allowed, "ioas-allow-iovas" },
  { "start-dirty-tracking", do_start, "set-dirty-tracking" },
  { "stop-dirty-tracking", do_stop, "set-dirty-tracking" },
};

/* It changes nothing that the model shows. */
static const Act read_act = { "read-bitmap", do_read, "get-dirty-bitmap" };

static const JournalEntry *
assert_one_entry (TestSpy *spy, const char *act)
{
  const JournalEntry *entry;
  g_autoptr (IommudIntentRecord) intent = NULL;
  g_autoptr (IommudHostRecord) fact = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (test_memory_journal_get_length (spy->journal), ==, 1);
  entry = test_memory_journal_get_entry (spy->journal, 0);
  intent = iommud_intent_record_from_variant (entry->intent, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (intent->act, ==, act);
  fact = iommud_host_record_from_variant (entry->fact, &error);
  g_assert_no_error (error);
  return entry;
}

static void
test_act (AdoptFixture *self, gconstpointer data)
{
  const Act *act = data;
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autofree char *calls = adopt_fixture_count_calls (self);
  g_autofree char *before = adopt_fixture_dump (self, FALSE);
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;
  const JournalEntry *entry;

  act->run (self, &error);
  g_assert_no_error (error);
  after = adopt_fixture_dump (self, FALSE);
  entry = assert_one_entry (spy, act->act);
  g_assert_null (entry->error);
  g_assert_cmpstr (spy->calls_at_intent, ==, calls);
  g_assert_cmpstr (spy->dump_at_fact, ==, after);
  g_assert_cmpstr (after, !=, before);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

static void
test_failed (AdoptFixture *self, gconstpointer data)
{
  const Act *act = data;
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autoptr (GError) error = NULL;
  const JournalEntry *entry;

  model_fixture_inject (&self->model, act->fault, 1, EIO, 0);
  act->run (self, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  entry = assert_one_entry (spy, act->act);
  g_assert_error (entry->error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_assert_cmpstr (entry->error->message, ==, error->message);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

static guint
count_saved (const IommudHostRecord *fact)
{
  const IommudTrackingRecord *tracking = g_ptr_array_index (fact->trackings, 0);

  return tracking->saved_of_logs->len + tracking->saved_of_hwpts->len;
}

/* A read takes dirty pages from the kernel and delivers them, with those that were saved; if it
 * fails, those that it has taken are saved. */
static void
test_read (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autofree char *calls = adopt_fixture_count_calls (self);
  g_autoptr (IommudIntentRecord) intent = NULL;
  g_autoptr (IommudHostRecord) fact = NULL;
  g_autoptr (GError) error = NULL;
  const JournalEntry *entry;

  do_read (self, &error);
  g_assert_no_error (error);
  entry = assert_one_entry (spy, "read-bitmap");
  g_assert_null (entry->error);
  g_assert_cmpstr (spy->calls_at_intent, ==, calls);
  intent = iommud_intent_record_from_variant (entry->intent, NULL);
  g_assert_cmphex (intent->iova, ==, 0);
  g_assert_cmphex (intent->length, ==, MIB);
  fact = iommud_host_record_from_variant (entry->fact, NULL);
  g_assert_cmpuint (count_saved (fact), ==, 0);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

static void
test_failed_read (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autoptr (IommudHostRecord) fact = NULL;
  g_autoptr (GError) error = NULL;

  adopt_fixture_write (self, "0000:83:00.0", 100 * PAGE, 1);
  model_fixture_inject (&self->model, "get-dirty-bitmap", 1, EIO, 0);
  do_read (self, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  fact = iommud_host_record_from_variant (assert_one_entry (spy, "read-bitmap")->fact, NULL);
  /* Of logs 16 to 17, and 100; of HWPTs 2, 40, and again 100, which was in the same bitmap. */
  g_assert_cmpuint (count_saved (fact), ==, 5);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

/* What could not be planned was never intended. */
static void
test_not_planned (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autoptr (GError) error = NULL;

  iommud_container_free (adopt_fixture_get (self, "a"), FALSE, NULL, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_cmpuint (test_memory_journal_get_length (spy->journal), ==, 0);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer done)
{
  *(gboolean *) done = TRUE;
}

/* Should the process end while the kernel is at work, there is an intent without a fact. */
static void
test_interrupted (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  gboolean done = FALSE;
  const JournalEntry *entry;

  model_fixture_inject (&self->model, "detach", 1, 0, 100);
  iommud_device_detach_async (device (self, "0000:01:01.0"), NULL, on_done, &done);
  while (iommud_simulator_count_calls (self->model.simulator, "detach") == 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (test_memory_journal_get_length (spy->journal), ==, 1);
  entry = test_memory_journal_get_entry (spy->journal, 0);
  g_assert_null (entry->fact);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  assert_one_entry (spy, "detach-device");
  g_object_set (self->model.host, "journal", NULL, NULL);
}

/* The fact of an operation would go to another journal than its intent. */
static void
test_set_while_busy (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  gboolean done = FALSE;

  iommud_device_detach_async (device (self, "0000:01:01.0"), NULL, on_done, &done);
  g_test_expect_message ("iommud", G_LOG_LEVEL_CRITICAL, "*journal*under way*");
  g_object_set (self->model.host, "journal", NULL, NULL);
  g_test_assert_expected_messages ();
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  assert_one_entry (spy, "detach-device");
  g_object_set (self->model.host, "journal", NULL, NULL);
  iommud_device_detach (device (self, "0000:01:02.0"), NULL, NULL);
  g_assert_cmpuint (test_memory_journal_get_length (spy->journal), ==, 1);
}

/* The record of a context that two containers share says so, after an operation on either of
 * them. */
static void
test_shared_context (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autoptr (IommudHostRecord) shared = NULL;
  g_autoptr (IommudHostRecord) alone = NULL;

  iommud_device_detach (device (self, "0000:01:01.0"), NULL, NULL);
  iommud_device_detach (device (self, "0000:81:01.0"), NULL, NULL);
  shared =
      iommud_host_record_from_variant (test_memory_journal_get_entry (spy->journal, 0)->fact, NULL);
  alone =
      iommud_host_record_from_variant (test_memory_journal_get_entry (spy->journal, 1)->fact, NULL);
  g_assert_cmpuint (((IommudContextRecord *) g_ptr_array_index (shared->contexts, 0))->n_containers,
                    ==, 2);
  g_assert_cmpuint (((IommudContextRecord *) g_ptr_array_index (alone->contexts, 0))->n_containers,
                    ==, 1);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

/* A container that was made later writes to it too; one entry for a mapping of many turns. */
static void
test_turns (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  g_autoptr (IommudContainer) container =
      model_fixture_container (&self->model, "d", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_autoptr (IommudHostRecord) fact = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (ftruncate (self->file, (off_t) (8 * GIB)), ==, 0);
  call_map_file (container, self->file, 0, 8 * GIB, 0, FIXED, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (test_memory_journal_get_length (spy->journal), ==, 2);
  fact = iommud_host_record_from_variant (test_memory_journal_get_entry (spy->journal, 1)->fact,
                                          &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fact->mappings->len, ==, 1);
  g_assert_cmphex (((IommudMappingRecord *) g_ptr_array_index (fact->mappings, 0))->length, ==,
                   8 * GIB);
  g_object_set (self->model.host, "journal", NULL, NULL);
}

static void
set_up (AdoptFixture *self, gconstpointer unused)
{
  adopt_fixture_set_up (self, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      g_autofree char *path = g_strdup_printf ("/journal/act/%s", acts[i].act);
      g_autofree char *failed = g_strdup_printf ("/journal/failed/%s", acts[i].act);

      g_test_add (path, AdoptFixture, &acts[i], set_up, test_act, adopt_fixture_tear_down);
      g_test_add (failed, AdoptFixture, &acts[i], set_up, test_failed, adopt_fixture_tear_down);
    }
  g_test_add ("/journal/act/read-bitmap", AdoptFixture, NULL, set_up, test_read,
              adopt_fixture_tear_down);
  g_test_add ("/journal/failed/read-bitmap", AdoptFixture, &read_act, set_up, test_failed,
              adopt_fixture_tear_down);
  g_test_add ("/journal/failed-read", AdoptFixture, NULL, set_up, test_failed_read,
              adopt_fixture_tear_down);
  g_test_add ("/journal/set-while-busy", AdoptFixture, NULL, set_up, test_set_while_busy,
              adopt_fixture_tear_down);
  g_test_add ("/journal/shared-context", AdoptFixture, NULL, set_up, test_shared_context,
              adopt_fixture_tear_down);
  g_test_add ("/journal/not-planned", AdoptFixture, NULL, set_up, test_not_planned,
              adopt_fixture_tear_down);
  g_test_add ("/journal/interrupted", AdoptFixture, NULL, set_up, test_interrupted,
              adopt_fixture_tear_down);
  g_test_add ("/journal/turns", AdoptFixture, NULL, set_up, test_turns, adopt_fixture_tear_down);
  return g_test_run ();
}
