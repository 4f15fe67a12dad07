/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many questions to polkit are under way, and how long they may take. */
#include "access/polkit.h"

#include "access-bed.h"
#include "fake-polkit.h"

static void
on_polkit (IommudPolkitAnswer answer, const char *message, gpointer user_data)
{
  *(gint *) user_data = (gint) answer;
}

static GVariant *
no_details (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{ss}"), NULL, 0);
}

/* Patience ends, but the bus still waits for the answer: the question counts. */
static void
test_late (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) fake = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autoptr (IommudPolkit) polkit = iommud_polkit_new (self->bed->server, 10);
  g_autoptr (IommudCaller) caller = iommud_caller_new (":1.1");
  gint answers[3] = { -1, -1, -1 };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    iommud_polkit_ask (polkit, caller, IOMMUD_ACTION_MANAGE, no_details (), FALSE, on_polkit,
                       &answers[i]);
  while (answers[0] < 0 || answers[1] < 0 || answers[2] < 0)
    bed_iterate ();
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    g_assert_cmpint (answers[i], ==, IOMMUD_POLKIT_LATE);
  while (g_queue_get_length (&fake->hanging) < IOMMUD_POLKIT_QUESTIONS_PER_CALLER)
    bed_iterate ();
  g_assert_cmpuint (caller->n_questions, ==, IOMMUD_POLKIT_QUESTIONS_PER_CALLER);
  fake_polkit_answer (fake, TRUE);
  fake_polkit_answer (fake, TRUE);
  while (caller->n_questions > 0)
    bed_iterate ();
  g_assert_cmpuint (fake->n_asked, ==, IOMMUD_POLKIT_QUESTIONS_PER_CALLER);
}

static guint
count_asked (FakePolkit *polkit, Bed *bed)
{
  bed_settle (bed);
  bed_settle (bed);
  return polkit->n_asked;
}

/* Two of a caller, four of a user, and the rest waits. Other users are asked about. */
static void
test_bounded (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) fake = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autoptr (IommudPolkit) polkit = iommud_polkit_new (self->bed->server, G_MAXINT);
  gint answer = -1;
  guint n_expected = 0;

  for (guint32 uid = 1; uid <= 10; uid++)
    for (guint program = 0; program < 3; program++)
      {
        g_autofree char *name = g_strdup_printf (":%u.%u", uid, program);
        g_autoptr (IommudCaller) caller = iommud_caller_new (name);

        caller->uid = uid;
        for (guint i = 0; i < 3; i++)
          iommud_polkit_ask (polkit, caller, IOMMUD_ACTION_MANAGE, no_details (), TRUE, on_polkit,
                             &answer);
        n_expected = MIN ((uid - 1) * 4 + MIN ((program + 1) * 2, 4), 24);
        g_assert_cmpuint (count_asked (fake, self->bed), ==, n_expected);
      }
  /* Each answer makes room for one of those that wait, and all get their turn. */
  for (guint n = 0; n < 90; n++)
    {
      while (g_queue_is_empty (&fake->hanging))
        bed_iterate ();
      fake_polkit_answer (fake, FALSE);
    }
  g_assert_cmpuint (fake->n_asked, ==, 90);
}

static void
test_too_many (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) fake G_GNUC_UNUSED =
      fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autoptr (IommudPolkit) polkit = iommud_polkit_new (self->bed->server, G_MAXINT);
  g_autoptr (IommudCaller) caller = iommud_caller_new (":1.1");
  gint answer = -1;

  for (guint i = 0; i < IOMMUD_POLKIT_QUESTIONS_PER_CALLER + IOMMUD_POLKIT_WAITING_PER_USER; i++)
    iommud_polkit_ask (polkit, caller, IOMMUD_ACTION_MANAGE, no_details (), TRUE, on_polkit,
                       &answer);
  g_assert_cmpint (answer, ==, -1);
  iommud_polkit_ask (polkit, caller, IOMMUD_ACTION_MANAGE, no_details (), TRUE, on_polkit, &answer);
  g_assert_cmpint (answer, ==, IOMMUD_POLKIT_TOO_MANY);
  g_cancellable_cancel (caller->cancellable);
  g_assert_cmpint (answer, ==, IOMMUD_POLKIT_CANCELLED);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/polkit-limits/" name, AccessBed, NULL, access_bed_set_up, function,                \
              access_bed_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("late", test_late);
  ADD ("bounded", test_bounded);
  ADD ("too-many", test_too_many);
  return g_test_run ();
}
