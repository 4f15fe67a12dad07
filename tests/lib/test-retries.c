/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel calls that are interrupted, or come too early: they are made again, but not for ever. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "base/tries.h"
#include "model-fixture.h"
#include "sim/kernel-testing.h"
#include "simulator/simulator-testing.h"

/* The first call and the calls that repeat it. */
#define MAX_TRIES 32

typedef struct
{
  const char *operation;
  int errnum;
  const char *name;
} Answer;

/* Calls that an attach makes once. */
static const Answer answers[] = {
  { "open-cdev", EINTR, "(EINTR)" },  { "open-cdev", EAGAIN, "(EAGAIN)" },
  { "bind", EINTR, "(EINTR)" },       { "bind", EAGAIN, "(EAGAIN)" },
  { "hwpt-alloc", EINTR, "(EINTR)" }, { "hwpt-alloc", EAGAIN, "(EAGAIN)" },
};

static void
set_up (ModelFixture *self, gconstpointer unused)
{
  model_fixture_set_up (self, NULL);
}

static void
test_answered_in_the_end (ModelFixture *self, gconstpointer data)
{
  const Answer *answer = data;
  IommudContainer *container =
      model_fixture_container (self, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint before = iommud_simulator_count_calls (self->simulator, answer->operation);

  for (guint i = 1; i <= 4; i++)
    model_fixture_inject (self, answer->operation, i, answer->errnum, 0);
  model_fixture_attach (self, container, DIRTY_A);
  g_assert_cmpuint (iommud_simulator_count_calls (self->simulator, answer->operation), ==,
                    before + 5);
  model_fixture_free_container (container);
}

static void
test_never_answered (ModelFixture *self, gconstpointer data)
{
  const Answer *answer = data;
  IommudContainer *container =
      model_fixture_container (self, "a", IOMMUD_DIRTY_TRACKING_POLICY_PREFERRED);
  guint before = iommud_simulator_count_calls (self->simulator, answer->operation);
  g_autofree char *text =
      g_strdup_printf ("%s: it was tried again, and got this answer each time", answer->name);

  model_fixture_inject (self, answer->operation, 0, answer->errnum, 0);
  model_fixture_attach_fails (self, container, DIRTY_A, IOMMUD_ATTACH_MODE_AUTO,
                              IOMMUD_ERROR_FAILED, text);
  g_assert_cmpuint (iommud_simulator_count_calls (self->simulator, answer->operation), ==,
                    before + MAX_TRIES);
  g_assert_cmpuint (iommud_simulator_count_objects (self->simulator), ==,
                    model_fixture_count_objects (self));
  iommud_simulated_kernel_clear_faults (iommud_simulator_get_kernel (self->simulator));
  model_fixture_attach (self, container, DIRTY_A);
  model_fixture_free_container (container);
}

/* The time for more tries is counted from the first failure, and is over then. */
static void
test_time (void)
{
  IommudTries tries = { 0 };
  gint64 before = g_get_monotonic_time ();

  g_assert_true (iommud_tries_go_on (&tries, EINTR));
  g_assert_cmpint (tries.end, >=, before + IOMMUD_TRIES_MAX_SECONDS * G_USEC_PER_SEC);
  tries.end = G_MAXINT64;
  g_assert_true (iommud_tries_go_on (&tries, EINTR));
  g_assert_cmpint (tries.end, ==, G_MAXINT64);
  tries.end = before;
  g_assert_false (iommud_tries_go_on (&tries, EINTR));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retries/time", test_time);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *name = g_strdup_printf (
          "%s-%s", answers[i].operation, answers[i].errnum == EINTR ? "interrupted" : "too-early");
      g_autofree char *in_the_end = g_strdup_printf ("/retries/in-the-end/%s", name);
      g_autofree char *never = g_strdup_printf ("/retries/never/%s", name);

      g_test_add (in_the_end, ModelFixture, &answers[i], set_up, test_answered_in_the_end,
                  model_fixture_tear_down);
      g_test_add (never, ModelFixture, &answers[i], set_up, test_never_answered,
                  model_fixture_tear_down);
    }
  return g_test_run ();
}
