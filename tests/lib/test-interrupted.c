/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process is killed between any two system calls of an operation. In the next life the
 * operation was not begun, or it is done; owners are who they were; nothing is left over; and no
 * page that was dirty counts as clean. */
#include "config.h"

#include "mortal.h"

#include <string.h>
#include <unistd.h>

/* Far more than an act makes. */
#define MAX_CALLS 200

typedef struct
{
  const JournalAct *act;
  const char *kernel;
  gboolean maps_files; /* it has IOMMU_IOAS_MAP_FILE */
  guint64 chosen;      /* of a run that nothing interrupts */
} Case;

/* Where the kernel has put the last mapping whose place it chose. */
static guint64 chosen;

static void
do_map_much (AdoptFixture *self, GError **error)
{
  g_assert_cmpint (ftruncate (self->file, (off_t) (4 * GIB)), ==, 0);
  call_map_file (adopt_fixture_get (self, "a"), self->file, 0, 4 * GIB, 32 * GIB, FIXED, NULL, NULL,
                 error);
}

static void
do_map_anywhere (AdoptFixture *self, GError **error)
{
  g_assert_cmpint (ftruncate (self->file, (off_t) (4 * GIB)), ==, 0);
  call_map_file (adopt_fixture_get (self, "a"), self->file, 0, 4 * GIB, 0, READ_WRITE, NULL,
                 &chosen, error);
}

/* Another container has the same context. */
static void
do_free_one_of_two (AdoptFixture *self, GError **error)
{
  iommud_container_free (adopt_fixture_get (self, "b"), TRUE, NULL, error);
}

/* A HWPT goes with the last one. */
static void
do_detach_three (AdoptFixture *self, GError **error)
{
  static const char *const devices[] = { "0000:81:00.0", "0000:83:00.0", "0000:83:01.0" };

  for (gsize i = 0; *error == NULL && i < G_N_ELEMENTS (devices); i++)
    iommud_device_detach (model_fixture_device (&self->model, devices[i]), NULL, error);
}

/* What a reader that has not got its bitmap yet holds. */
static GAsyncResult *undelivered;

static void
on_read (GObject *source, GAsyncResult *result, gpointer unused)
{
  int bitmap =
      iommud_dirty_tracking_read_bitmap_finish (IOMMUD_DIRTY_TRACKING (source), result, NULL, NULL);

  if (bitmap >= 0)
    close (bitmap);
  undelivered = g_object_ref (result);
}

static void
do_read_and_keep (AdoptFixture *self, GError **error)
{
  g_autoptr (IommudReadOptions) options = iommud_read_options_new ();

  iommud_dirty_tracking_read_bitmap_async (
      iommud_container_get_dirty_tracking (adopt_fixture_get (self, "a")), 0, MIB, PAGE, options,
      NULL, on_read, NULL);
  while (undelivered == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static const JournalAct more_acts[] = {
  { "read-and-keep", do_read_and_keep, NULL },
  { "detach-three", do_detach_three, NULL },
  { "map-much", do_map_much, NULL },
  { "map-anywhere", do_map_anywhere, NULL },
  { "free-one-of-two", do_free_one_of_two, NULL },
  { "read-bitmap", journal_read, NULL },
  { NULL, NULL, NULL },
};

static char *
adopt_again (StateFixture *self, IommudDescriptors *descriptors)
{
  g_autoptr (GError) error = NULL;
  char *dropped;

  self->state = iommud_state_new (self->path, &error);
  g_assert_no_error (error);
  g_assert_null (iommud_state_get_damage (self->state));
  dropped = adopt_fixture_adopt (&self->adopt, iommud_state_get_records (self->state), descriptors);
  state_fixture_follow (self);
  iommud_host_tidy_up (self->adopt.model.host);
  return dropped;
}

static void
wait_until_idle (StateFixture *self)
{
  g_autoptr (GVariant) records = NULL;

  while ((records = iommud_host_write_down (self->adopt.model.host, NULL)) == NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Kernel and model agree: one more life drops nothing. */
static void
assert_agreed (StateFixture *self)
{
  g_autoptr (GVariant) records = NULL;
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autofree char *dropped = NULL;

  state_fixture_assert_true (self);
  iommud_state_leave (self->state);
  records = iommud_host_write_down (self->adopt.model.host, NULL);
  descriptors = adopt_fixture_disown (&self->adopt);
  dropped = adopt_fixture_adopt (&self->adopt, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
}

static guint
get_owner (StateFixture *self, const char *name)
{
  IommudContainer *container = iommud_host_find_container (self->adopt.model.host, name, NULL);
  guint owner = G_MAXUINT;

  if (container != NULL)
    g_object_get (container, "owner", &owner, NULL);
  return owner;
}

/* What was to be freed is freed. */
static void
assert_owners (StateFixture *self, const char *act)
{
  gboolean frees_c = g_str_equal (act, "free-container");
  gboolean frees_b = g_str_equal (act, "free-one-of-two");

  g_assert_cmpuint (get_owner (self, "c"), ==, frees_c ? G_MAXUINT : 1000);
  g_assert_cmpuint (get_owner (self, "b"), ==, frees_b ? G_MAXUINT : get_owner (self, "a"));
}

static void
assert_used (GListModel *hwpts)
{
  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      g_assert_true (iommud_hwpt_get_management (hwpt) != IOMMUD_HWPT_MANAGEMENT_AUTO
                     || g_list_model_get_n_items (iommud_hwpt_get_devices (hwpt)) > 0);
    }
}

/* The kernel has what the model has, and nothing has no use. */
static void
assert_nothing_left_over (StateFixture *self)
{
  GListModel *containers = iommud_host_get_containers (self->adopt.model.host);

  g_assert_cmpuint (iommud_simulator_count_objects (self->adopt.model.simulator), ==,
                    model_fixture_count_objects (&self->adopt.model));
  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      assert_used (iommud_container_get_hwpts (container));
      g_assert_cmpuint (model_fixture_count_orphans (container), ==, 0);
    }
}

/* Pages 2, 16, 17, 20, 40 and 60 of a are dirty, and nobody was told. */
static void
assert_dirty (StateFixture *self)
{
  static const char *const pages[] = { "2", "16", "17", "20", "40", "60" };
  g_autofree char *dirty =
      adopt_fixture_read (&self->adopt, IOMMUD_TRACKER_CHOICE_AUTO, FALSE, 128);
  g_auto (GStrv) read = g_strsplit (dirty, " ", -1);

  for (gsize i = 0; i < G_N_ELEMENTS (pages); i++)
    if (!g_strv_contains ((const char *const *) read, pages[i]))
      g_error ("Page %s is lost: %s", pages[i], dirty);
}

/* An unmap forgets them, done or not, since what is unmapped cannot be read; so does a stop. */
static gboolean
keeps_bits (const char *act, gboolean died)
{
  return !g_str_equal (act, "unmap-and-read-bitmap") && !g_str_equal (act, "stop-dirty-tracking")
         && (died || !g_str_equal (act, "read-bitmap"));
}

/* What makes something was undone, so that it can be done now. */
static void
assert_can_be_done (StateFixture *self, const Case *test)
{
  static const char *const makes[] = { "create-container",
                                       "attach-device",
                                       "replace",
                                       "alloc-hwpt",
                                       "map-file",
                                       "copy-mapping",
                                       "set-allowed-iovas",
                                       "start-dirty-tracking",
                                       "map-much",
                                       "map-anywhere",
                                       NULL };
  g_autoptr (GError) error = NULL;

  if (!g_strv_contains (makes, test->act->act))
    return;
  /* Nothing new can be made of memory that was mapped by an address of a process that is gone. */
  if (g_str_equal (test->act->act, "copy-mapping") && !test->maps_files)
    return;
  chosen = 0;
  test->act->run (&self->adopt, &error);
  g_assert_no_error (error);
  if (chosen != 0)
    g_assert_cmphex (chosen, ==, test->chosen);
}

/* The next life is killed, too, while it tidies up. Whether it was before it had done so. */
static gboolean
die_again (StateFixture *self, guint n_calls, IommudDescriptors **descriptors)
{
  Mortal mortal;
  GLogLevelFlags fatal;
  gboolean died;
  g_autofree char *dropped G_GNUC_UNUSED = mortal_begin_next (&mortal, self, n_calls, *descriptors);

  /* What a dead process complains of is not heard. */
  fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  wait_until_idle (self);
  died = mortal.dead;
  iommud_descriptors_unref (*descriptors);
  *descriptors = mortal_end (&mortal);
  g_log_set_always_fatal (fatal);
  return died;
}

typedef struct
{
  guint n_calls;      /* before the first life ends */
  guint n_more_calls; /* before the second one does; MAX_CALLS: it does not */
  gboolean died;      /* out: before the act was done */
  gboolean died_again;
} Deaths;

static guint
count_allowed (StateFixture *self)
{
  return iommud_simulator_count_calls (self->adopt.model.simulator, "ioas-allow-iovas");
}

static void
run (StateFixture *self, const Case *test, Deaths *deaths)
{
  const JournalAct *act = test->act;
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autofree char *dropped = NULL;
  g_autoptr (GError) error = NULL;
  Mortal mortal;
  guint n_allowed;

  adopt_fixture_write (&self->adopt, "0000:83:00.0", 20 * PAGE, 1);
  mortal_begin (&mortal, self, deaths->n_calls);
  act->run (&self->adopt, &error);
  deaths->died = mortal.dead;
  descriptors = mortal_end (&mortal);
  g_clear_object (&undelivered);
  if (deaths->n_more_calls < MAX_CALLS)
    deaths->died_again = die_again (self, deaths->n_more_calls, &descriptors);
  n_allowed = count_allowed (self);
  dropped = adopt_again (self, descriptors);
  g_test_message ("%u, %u: %s", deaths->n_calls, deaths->n_more_calls, dropped);
  wait_until_idle (self);
  /* The kernel is told once more what it may choose from. */
  if (deaths->died && g_str_equal (act->act, "set-allowed-iovas"))
    g_assert_cmpuint (count_allowed (self), ==, n_allowed + 1);
  assert_owners (self, act->act);
  assert_nothing_left_over (self);
  assert_agreed (self);
  if (keeps_bits (act->act, deaths->died))
    assert_dirty (self);
  if (deaths->died)
    assert_can_be_done (self, test);
}

static void
run_anew (const Case *test, Deaths *deaths)
{
  StateFixture fixture = { 0 };

  state_fixture_set_up (&fixture, test->kernel);
  run (&fixture, test, deaths);
  state_fixture_tear_down (&fixture, NULL);
}

static void
test_act (gconstpointer data)
{
  Case *test = (Case *) data;
  Deaths deaths = { .n_calls = MAX_CALLS, .n_more_calls = MAX_CALLS };

  run_anew (test, &deaths);
  g_assert_false (deaths.died);
  test->chosen = chosen;
  deaths.died = TRUE;
  for (deaths.n_calls = 0; deaths.died; deaths.n_calls++)
    {
      g_assert_cmpuint (deaths.n_calls, <, MAX_CALLS);
      run_anew (test, &deaths);
    }
}

/* Two lives end too early. */
static void
test_twice (gconstpointer data)
{
  const Case *test = data;
  Deaths deaths = { .n_calls = 1, .died_again = TRUE };

  for (; deaths.died_again; deaths.n_more_calls++)
    {
      g_assert_cmpuint (deaths.n_more_calls, <, MAX_CALLS);
      run_anew (test, &deaths);
    }
}

/* After a call of theirs there is something to tidy up. */
static gboolean
must_be_twice (const JournalAct *act)
{
  static const char *const acts[] = { "free-one-of-two", "map-much",   "unmap-and-read-bitmap",
                                      "replace",         "alloc-hwpt", NULL };

  return g_strv_contains (acts, act->act);
}

static void
add (const JournalAct *act, const char *kernel, gboolean maps_files)
{
  g_autofree char *path = g_strdup_printf ("/interrupted/%s/%s", kernel, act->act);
  g_autofree char *twice = NULL;
  Case *test = g_new0 (Case, 1);

  test->act = act;
  test->kernel = kernel;
  test->maps_files = maps_files;
  g_test_add_data_func_full (path, test, test_act, g_free);
  if (!maps_files || !must_be_twice (act))
    return;
  twice = g_strdup_printf ("/interrupted/twice/%s", act->act);
  g_test_add_data_func_full (twice, g_memdup2 (test, sizeof *test), test_twice, g_free);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    gboolean maps_files;
  } kernels[] = { { "6.12", FALSE }, { "6.13", TRUE } };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (kernels); i++)
    {
      for (gsize j = 0; journal_acts[j].act != NULL; j++)
        add (&journal_acts[j], kernels[i].name, kernels[i].maps_files);
      for (gsize j = 0; more_acts[j].act != NULL; j++)
        add (&more_acts[j], kernels[i].name, kernels[i].maps_files);
    }
  return g_test_run ();
}
