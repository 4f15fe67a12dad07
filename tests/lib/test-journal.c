/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each operation that changes something says so before its first kernel call, and says what came of
 * it once the model shows that. */
#include "config.h"

#include "journal-acts.h"
#include "journal-spy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* It changes nothing that the model shows. */
static const JournalAct read_act = { "read-bitmap", journal_read, "get-dirty-bitmap" };

/* A bitmap that has arrived has an entry of its own. */
static guint
count_entries (TestSpy *spy)
{
  guint n_entries = 0;

  for (guint i = 0; i < test_memory_journal_get_length (spy->journal); i++)
    {
      const JournalEntry *entry = test_memory_journal_get_entry (spy->journal, i);
      g_autoptr (IommudIntentRecord) intent =
          iommud_intent_record_from_variant (entry->intent, NULL);

      if (!g_str_equal (intent->act, "deliver-bitmap"))
        n_entries++;
      else
        g_assert_nonnull (entry->fact);
    }
  return n_entries;
}

static const JournalEntry *
assert_one_entry (TestSpy *spy, const char *act)
{
  const JournalEntry *entry;
  g_autoptr (IommudIntentRecord) intent = NULL;
  g_autoptr (IommudHostRecord) fact = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (count_entries (spy), ==, 1);
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
  const JournalAct *act = data;
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
  const JournalAct *act = data;
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

  journal_read (self, &error);
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
  journal_read (self, &error);
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
  iommud_device_detach_async (model_fixture_device (&self->model, "0000:01:01.0"), NULL, on_done,
                              &done);
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

  iommud_device_detach_async (model_fixture_device (&self->model, "0000:01:01.0"), NULL, on_done,
                              &done);
  g_test_expect_message ("iommud", G_LOG_LEVEL_CRITICAL, "*journal*under way*");
  g_object_set (self->model.host, "journal", NULL, NULL);
  g_test_assert_expected_messages ();
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  assert_one_entry (spy, "detach-device");
  g_object_set (self->model.host, "journal", NULL, NULL);
  iommud_device_detach (model_fixture_device (&self->model, "0000:01:02.0"), NULL, NULL);
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

  iommud_device_detach (model_fixture_device (&self->model, "0000:01:01.0"), NULL, NULL);
  iommud_device_detach (model_fixture_device (&self->model, "0000:81:01.0"), NULL, NULL);
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

/* Of the HWPTs of a container, those that have changed: there may be very many. */
static void
test_changed_hwpts (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (TestSpy) spy = spy_on (self);
  IommudDevice *device = model_fixture_device (&self->model, "0000:01:07.0");
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);
  g_autoptr (IommudHostRecord) fact = NULL;

  iommud_device_detach (device, NULL, NULL);
  g_assert_cmpuint (
      g_list_model_get_n_items (iommud_container_get_hwpts (adopt_fixture_get (self, "b"))), >, 1);
  fact =
      iommud_host_record_from_variant (test_memory_journal_get_entry (spy->journal, 0)->fact, NULL);
  g_assert_cmpuint (fact->hwpts->len, ==, 1);
  g_assert_cmpuint (((IommudHwptRecord *) g_ptr_array_index (fact->hwpts, 0))->serial, ==,
                    iommud_hwpt_get_serial (hwpt));
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
  for (gsize i = 0; journal_acts[i].act != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/journal/act/%s", journal_acts[i].act);
      g_autofree char *failed = g_strdup_printf ("/journal/failed/%s", journal_acts[i].act);

      g_test_add (path, AdoptFixture, &journal_acts[i], set_up, test_act, adopt_fixture_tear_down);
      g_test_add (failed, AdoptFixture, &journal_acts[i], set_up, test_failed,
                  adopt_fixture_tear_down);
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
  g_test_add ("/journal/changed-hwpts", AdoptFixture, NULL, set_up, test_changed_hwpts,
              adopt_fixture_tear_down);
  g_test_add ("/journal/not-planned", AdoptFixture, NULL, set_up, test_not_planned,
              adopt_fixture_tear_down);
  g_test_add ("/journal/interrupted", AdoptFixture, NULL, set_up, test_interrupted,
              adopt_fixture_tear_down);
  g_test_add ("/journal/turns", AdoptFixture, NULL, set_up, test_turns, adopt_fixture_tear_down);
  return g_test_run ();
}
