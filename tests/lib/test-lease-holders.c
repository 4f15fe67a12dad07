/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that keep a lease that has ended: which of them are named. */
#include "config.h"

#include "holder-process.h"
#include "lease-fixture.h"

#define MOST_NAMED 16

static GHashTable *
get_holders (IommudLease *lease)
{
  GHashTable *pids = g_hash_table_new (NULL, NULL);
  g_autoptr (GVariant) holders = NULL;

  g_object_get (lease, "holders", &holders, NULL);
  for (gsize i = 0; i < g_variant_n_children (holders); i++)
    {
      guint pid = 0;

      g_variant_get_child (holders, i, "(u&s&s)", &pid, NULL, NULL);
      g_assert_true (g_hash_table_add (pids, GUINT_TO_POINTER (pid)));
    }
  return pids;
}

/* Each is named once, whatever it has, and the last one when there is room for it. */
static void
test_many_holders (ModelFixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (fixture, DIRTY_A, DIRTY_B, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (fixture, devices, "vm1", &files);
  g_autoptr (GHashTable) holders = NULL;
  g_autoptr (GError) error = NULL;
  pid_t pids[MOST_NAMED + 1];

  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
    pids[i] = holder_process_start ("vm");
  g_clear_pointer (&files, iommud_descriptors_unref);
  iommud_lease_release (lease, NULL, NULL, &error);
  g_assert_no_error (error);
  holders = get_holders (lease);
  g_assert_cmpuint (g_hash_table_size (holders), ==, MOST_NAMED);
  for (gsize i = 0; i < MOST_NAMED; i++)
    holder_process_stop (pids[i]);
  do
    {
      g_main_context_iteration (NULL, TRUE);
      g_clear_pointer (&holders, g_hash_table_unref);
      holders = get_holders (lease);
    }
  while (g_hash_table_size (holders) > 1);
  g_assert_true (g_hash_table_contains (holders, GINT_TO_POINTER (pids[MOST_NAMED])));
  holder_process_stop (pids[MOST_NAMED]);
  lease_fixture_wait_for_end (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/lease-holders/many", ModelFixture, NULL, lease_fixture_set_up, test_many_holders,
              lease_fixture_tear_down);
  return g_test_run ();
}
