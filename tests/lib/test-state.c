/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written down of a host is what it is after each operation, whatever came of it, and what
 * an operation writes grows with what it changes. */
#include "config.h"

#include "state-fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/backend.h"
#include "kernel/iommufd.h"
#include "model/container.h"
#include "model/device.h"
#include "state/names.h"

static void
test_act (StateFixture *self, gconstpointer data)
{
  const JournalAct *act = data;
  g_autoptr (GError) error = NULL;

  state_fixture_follow (self);
  state_fixture_assert_true (self);
  act->run (&self->adopt, &error);
  g_assert_no_error (error);
  state_fixture_assert_true (self);
}

static void
test_failed (StateFixture *self, gconstpointer data)
{
  const JournalAct *act = data;
  g_autoptr (GError) error = NULL;

  state_fixture_follow (self);
  model_fixture_inject (&self->adopt.model, act->fault, 1, EIO, 0);
  act->run (&self->adopt, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  state_fixture_assert_true (self);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer done)
{
  *(gboolean *) done = TRUE;
}

static GVariant *
load_intents (StateFixture *self)
{
  g_autoptr (GVariant) records = state_fixture_load (self);

  return g_variant_lookup_value (records, "intents", NULL);
}

static gboolean
has_intent (StateFixture *self)
{
  g_autoptr (GVariant) intents = load_intents (self);

  return g_variant_n_children (intents) > 0;
}

/* The intent is in the file while the kernel is at work. What comes of that is published by this
 * main loop, which does not run meanwhile. */
static void
test_intent (StateFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->adopt.model, "0000:01:01.0");
  g_autoptr (GVariant) intents = NULL;
  g_autofree char *text = NULL;
  gboolean done = FALSE;

  state_fixture_follow (self);
  iommud_device_detach_async (device, NULL, on_done, &done);
  while (!has_intent (self) && !done)
    g_main_context_iteration (NULL, FALSE);
  while (iommud_simulator_count_calls (self->adopt.model.simulator, "detach") == 0)
    g_thread_yield ();
  intents = load_intents (self);
  text = g_variant_print (intents, FALSE);
  g_assert_cmpuint (g_variant_n_children (intents), ==, 1);
  g_assert_nonnull (g_strstr_len (text, -1, "'act': <'detach-device'>"));
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  state_fixture_assert_true (self);
}

/* After many changes the file is not much larger than what it keeps, and was replaced by parts. */
static void
test_replaced (StateFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->adopt.model, "0000:01:08.0");
  g_autoptr (GBytes) first = NULL;
  g_autofree char *next = g_build_filename (self->path, IOMMUD_STATE_NEXT_NAME, NULL);
  guint n_seen = 0;

  state_fixture_follow (self);
  first = state_fixture_read_file (self);
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr (GBytes) bytes = NULL;

      model_fixture_attach (&self->adopt.model, adopt_fixture_get (&self->adopt, "b"),
                            "0000:01:08.0");
      iommud_device_detach (device, NULL, NULL);
      bytes = state_fixture_read_file (self);
      g_assert_cmpuint (g_bytes_get_size (bytes), <, 3 * g_bytes_get_size (first) + 160 * 1024);
      n_seen += g_file_test (next, G_FILE_TEST_EXISTS) ? 1 : 0;
      if (i % 16 == 0 || g_file_test (next, G_FILE_TEST_EXISTS))
        state_fixture_assert_true (self);
    }
  g_assert_cmpuint (n_seen, >, 0);
  state_fixture_assert_true (self);
}

static gsize
get_size (StateFixture *self)
{
  g_autoptr (GBytes) bytes = state_fixture_read_file (self);

  return g_bytes_get_size (bytes);
}

static gsize
measure_attach (StateFixture *self)
{
  IommudDevice *device = model_fixture_device (&self->adopt.model, "0000:01:08.0");
  gsize before = get_size (self);
  gsize after;

  model_fixture_attach (&self->adopt.model, adopt_fixture_get (&self->adopt, "b"), "0000:01:08.0");
  after = get_size (self);
  iommud_device_detach (device, NULL, NULL);
  return after - before;
}

/* Beside 500 containers an attach writes as much as beside three. */
static void
test_costs (StateFixture *self, gconstpointer unused)
{
  gsize few;

  state_fixture_follow (self);
  few = measure_attach (self);
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf ("many-%u", i);

      g_object_unref (
          model_fixture_container (&self->adopt.model, name, IOMMUD_DIRTY_TRACKING_POLICY_OFF));
    }
  state_fixture_follow (self);
  g_assert_cmpuint (measure_attach (self), <=, few + 64);
  g_assert_cmpuint (few, <, 8192);
}

/* What others did to the container is written down when it is found out. */
static void
test_refreshed (StateFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->adopt.model.simulator));
  IommudContainer *container = adopt_fixture_get (&self->adopt, "b");
  int context = iommud_context_get_fd (iommud_container_get_context (container));
  guint ioas_id = 0;
  g_autoptr (GError) error = NULL;

  g_object_get (container, "ioas-id", &ioas_id, NULL);
  state_fixture_follow (self);
  g_assert_cmpint (iommud_iommufd_ioas_unmap (syscalls, context, ioas_id, MIB, 64 * PAGE), ==, 0);
  iommud_container_refresh (container, NULL, &error);
  g_assert_no_error (error);
  state_fixture_assert_true (self);
}

/* What stays as it is is not written again: that of a map that fails is the intent, and that it is
 * over. */
static void
test_unchanged (StateFixture *self, gconstpointer unused)
{
  const JournalAct *map = journal_acts;
  g_autoptr (GError) error = NULL;
  gsize before;

  while (!g_str_equal (map->act, "map-file"))
    map++;
  state_fixture_follow (self);
  before = get_size (self);
  model_fixture_inject (&self->adopt.model, map->fault, 1, EIO, 0);
  map->run (&self->adopt, &error);
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
  g_test_message ("%" G_GSIZE_FORMAT " bytes", get_size (self) - before);
  g_assert_cmpuint (get_size (self) - before, <, 768);
}

static void
limit_files (rlim_t size)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = size != 0 ? size : limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

/* What cannot be written down is written down later, and this is said once. */
static void
test_no_room (StateFixture *self, gconstpointer unused)
{
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after G_GNUC_UNUSED = NULL;

  signal (SIGXFSZ, SIG_IGN);
  state_fixture_follow (self);
  before = state_fixture_read_file (self);
  limit_files (g_bytes_get_size (before) + 20);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*cannot be written down: File too large*");
  iommud_device_detach (model_fixture_device (&self->adopt.model, "0000:01:01.0"), NULL, NULL);
  iommud_device_detach (model_fixture_device (&self->adopt.model, "0000:01:02.0"), NULL, NULL);
  g_test_assert_expected_messages ();
  limit_files (0);
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, "*is written down again*");
  iommud_device_detach (model_fixture_device (&self->adopt.model, "0000:01:03.0"), NULL, NULL);
  g_test_assert_expected_messages ();
  state_fixture_assert_true (self);
}

/* An attach is written down with what it has found out about other HWPTs, which refused the
 * device. */
static void
test_refused (StateFixture *self, gconstpointer unused)
{
  g_autofree char *text = NULL;
  g_autoptr (GVariant) records = NULL;

  iommud_device_detach (model_fixture_device (&self->adopt.model, "0000:01:04.0"), NULL, NULL);
  state_fixture_follow (self);
  model_fixture_attach (&self->adopt.model, adopt_fixture_get (&self->adopt, "c"), "0000:01:04.0");
  records = state_fixture_load (self);
  text = state_describe (records);
  g_assert_nonnull (strstr (text, "'refused': <['dmar0']>"));
  state_fixture_assert_true (self);
}

static void
set_up (StateFixture *self, gconstpointer unused)
{
  state_fixture_set_up (self, NULL);
}

/* Each file is told of once, and is gone before the kernel is asked to end what is behind it. */
static void
test_descriptors (StateFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->adopt.model, "0000:01:08.0");
  g_autoptr (IommudContainer) container = NULL;
  guint64 context;
  g_autofree char *expected = NULL;

  state_fixture_follow (self);
  g_assert_nonnull (strstr (self->descriptors->str, "+ device-0000%3A01%3A00.0\n"));
  g_assert_nonnull (strstr (self->descriptors->str, "+ context-"));
  /* To one that has left they are new. */
  g_string_truncate (self->descriptors, 0);
  state_fixture_follow (self);
  g_assert_nonnull (strstr (self->descriptors->str, "+ context-"));
  g_string_truncate (self->descriptors, 0);
  container = model_fixture_container (&self->adopt.model, "d", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  context = iommud_context_get_serial (iommud_container_get_context (container));
  iommud_device_detach (device, NULL, NULL);
  model_fixture_attach (&self->adopt.model, container, "0000:01:08.0");
  iommud_container_free (container, TRUE, NULL, NULL);
  expected = g_strdup_printf ("+ context-%1$" G_GUINT64_FORMAT "\n"
                              "- device-0000%%3A01%%3A08.0\n"
                              "+ device-0000%%3A01%%3A08.0\n"
                              "- device-0000%%3A01%%3A08.0\n"
                              "- context-%1$" G_GUINT64_FORMAT "\n",
                              context);
  g_assert_cmpstr (self->descriptors->str, ==, expected);
}

/* What was not closed is told of again. */
static void
test_not_closed (StateFixture *self, gconstpointer unused)
{
  IommudDevice *device = model_fixture_device (&self->adopt.model, "0000:01:01.0");
  g_autoptr (GError) error G_GNUC_UNUSED = NULL;
  gboolean done = FALSE;

  state_fixture_follow (self);
  g_string_truncate (self->descriptors, 0);
  model_fixture_inject (&self->adopt.model, "detach", 1, EIO, 100);
  iommud_device_detach_async (device, NULL, on_done, &done);
  while (iommud_simulator_count_calls (self->adopt.model.simulator, "detach") == 0)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (self->descriptors->str, ==, "- device-0000%3A01%3A01.0\n");
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (iommud_device_is_attached (device));
  g_assert_cmpstr (self->descriptors->str, ==,
                   "- device-0000%3A01%3A01.0\n+ device-0000%3A01%3A01.0\n");
}

/* A folder serves one process, and one that others could write to serves none. */
static void
test_folder (StateFixture *self, gconstpointer unused)
{
  g_autoptr (IommudState) state = iommud_state_new (self->path, NULL);
  g_autoptr (GError) busy = NULL;
  g_autoptr (GError) denied = NULL;
  g_autoptr (GError) missing = NULL;
  g_autofree char *deep = g_build_filename (self->path, "a", "b", NULL);

  g_assert_nonnull (state);
  g_assert_null (iommud_state_get_records (state));
  g_assert_null (iommud_state_new (self->path, &busy));
  g_assert_error (busy, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_object (&state);
  g_assert_cmpint (chmod (self->path, 0770), ==, 0);
  g_assert_null (iommud_state_new (self->path, &denied));
  g_assert_error (denied, IOMMUD_ERROR, IOMMUD_ERROR_PERMISSION_DENIED);
  g_assert_null (iommud_state_new (deep, &missing));
  g_assert_error (missing, IOMMUD_ERROR, IOMMUD_ERROR_FAILED);
}

/* The next life finds what the last one has left, and then nothing. */
static void
test_next_life (StateFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) truth = iommud_host_write_down (self->adopt.model.host, NULL);
  g_autofree char *expected = state_describe (truth);
  g_autofree char *actual = NULL;

  state_fixture_follow (self);
  iommud_state_leave (self->state);
  g_clear_object (&self->state);
  self->state = iommud_state_new (self->path, NULL);
  actual = state_describe (iommud_state_get_records (self->state));
  g_assert_cmpstr (actual, ==, expected);
  g_assert_null (iommud_state_get_damage (self->state));
  iommud_state_delete (self->state);
  g_clear_object (&self->state);
  self->state = iommud_state_new (self->path, NULL);
  g_assert_null (iommud_state_get_records (self->state));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; journal_acts[i].act != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf ("/state/act/%s", journal_acts[i].act);
      g_autofree char *failed = g_strdup_printf ("/state/failed/%s", journal_acts[i].act);

      g_test_add (path, StateFixture, &journal_acts[i], set_up, test_act, state_fixture_tear_down);
      g_test_add (failed, StateFixture, &journal_acts[i], set_up, test_failed,
                  state_fixture_tear_down);
    }
  g_test_add ("/state/intent", StateFixture, NULL, set_up, test_intent, state_fixture_tear_down);
  g_test_add ("/state/replaced", StateFixture, NULL, set_up, test_replaced,
              state_fixture_tear_down);
  g_test_add ("/state/costs", StateFixture, NULL, set_up, test_costs, state_fixture_tear_down);
  g_test_add ("/state/unchanged", StateFixture, NULL, set_up, test_unchanged,
              state_fixture_tear_down);
  g_test_add ("/state/refused", StateFixture, NULL, set_up, test_refused, state_fixture_tear_down);
  g_test_add ("/state/refreshed", StateFixture, NULL, set_up, test_refreshed,
              state_fixture_tear_down);
  g_test_add ("/state/no-room", StateFixture, NULL, set_up, test_no_room, state_fixture_tear_down);
  g_test_add ("/state/descriptors", StateFixture, NULL, set_up, test_descriptors,
              state_fixture_tear_down);
  g_test_add ("/state/not-closed", StateFixture, NULL, set_up, test_not_closed,
              state_fixture_tear_down);
  g_test_add ("/state/folder", StateFixture, NULL, set_up, test_folder, state_fixture_tear_down);
  g_test_add ("/state/next-life", StateFixture, NULL, set_up, test_next_life,
              state_fixture_tear_down);
  return g_test_run ();
}
