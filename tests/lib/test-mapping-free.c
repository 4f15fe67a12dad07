/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was mapped in a container that is freed: the model forgets it in parts. */
#include "config.h"

#include "mapping-fixture.h"

#define MANY 3000

/* How many mappings a container lost between two turns of another source. */
typedef struct
{
  IommudMemory *memory;
  guint64 last;
  guint64 largest;
} Losses;

static guint64
count_mappings (IommudMemory *memory)
{
  guint64 count = 0;

  g_object_get (memory, "mapping-count", &count, NULL);
  return count;
}

static gboolean
on_turn (gpointer data)
{
  Losses *losses = data;
  guint64 count = count_mappings (losses->memory);

  losses->largest = MAX (losses->largest, losses->last - count);
  losses->last = count;
  return G_SOURCE_CONTINUE;
}

static void
on_counted (IommudMemory *memory, GParamSpec *pspec, gpointer data)
{
  g_assert_cmpuint (count_mappings (memory), ==, 0);
  ++*(guint *) data;
}

static void
on_freed (GObject *container, GAsyncResult *result, gpointer freed)
{
  g_autoptr (GError) error = NULL;

  iommud_container_free_finish (IOMMUD_CONTAINER (container), result, &error);
  g_assert_no_error (error);
  *(gboolean *) freed = TRUE;
}

/* The main loop does other things while it forgets what was mapped. It says so once, at the end. */
static void
test_free_in_parts (MappingFixture *fixture, gconstpointer kernel)
{
  g_autoptr (IommudContainer) second = mapping_fixture_share (fixture, "second");
  IommudMemory *memory = iommud_container_get_memory (second);
  Losses losses = { memory, MANY, 0 };
  guint notified = 0;
  gboolean freed = FALSE;
  guint turns;

  for (guint64 i = 0; i < MANY; i++)
    mapping_fixture_map (fixture, second, 0, PAGE, 2 * i * PAGE, FIXED);
  g_signal_connect (memory, "notify::mapping-count", G_CALLBACK (on_counted), &notified);
  turns = g_timeout_add (0, on_turn, &losses);
  iommud_container_free_async (second, FALSE, NULL, on_freed, &freed);
  while (!freed)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (turns);
  g_assert_cmpuint (count_mappings (memory), ==, 0);
  g_assert_cmpuint (losses.largest, >, 0);
  g_assert_cmpuint (losses.largest, <=, MANY / 2);
  g_assert_cmpuint (notified, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/mapping-free/6.12/in-parts", MappingFixture, "6.12", mapping_fixture_set_up,
              test_free_in_parts, mapping_fixture_tear_down);
  g_test_add ("/mapping-free/6.13/in-parts", MappingFixture, "6.13", mapping_fixture_set_up,
              test_free_in_parts, mapping_fixture_tear_down);
  return g_test_run ();
}
