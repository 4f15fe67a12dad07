/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a large host costs in kernel calls. */
#include "large-host.h"

#define N_IOMMUS 64
#define N_DEVICES 1000

/* Instances that refuse each other's HWPTs are not tried pair by pair. */
static void
test_many_iommus (void)
{
  g_autofree char *xml = large_host_describe (N_IOMMUS, N_DEVICES);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainer) container = NULL;
  guint n_calls;

  g_assert_no_error (error);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  container = iommud_host_create_container (host, options, NULL, &error);
  g_assert_no_error (error);
  large_host_attach_all (host, container);
  g_assert_cmpuint (g_list_model_get_n_items (iommud_container_get_hwpts (container)), ==,
                    N_IOMMUS);
  n_calls = iommud_simulator_count_calls (simulator, "attach");
  g_test_message ("%u kernel attach calls for %u devices", n_calls, N_DEVICES);
  g_assert_cmpuint (n_calls, <=, N_DEVICES + N_DEVICES / 10);
  iommud_container_free (container, TRUE, NULL, &error);
  g_assert_no_error (error);
}

typedef struct
{
  guint left; /* devices that have left since the last turn */
  guint most;
  gboolean done;
} Turns;

static void
count_left (GListModel *devices, guint position, guint removed, guint added, gpointer turns)
{
  ((Turns *) turns)->left += removed;
}

static gboolean
end_turn (gpointer user_data)
{
  Turns *turns = user_data;

  turns->most = MAX (turns->most, turns->left);
  turns->left = 0;
  return G_SOURCE_CONTINUE;
}

static void
on_freed (GObject *container, GAsyncResult *result, gpointer turns)
{
  g_autoptr (GError) error = NULL;

  iommud_container_free_finish (IOMMUD_CONTAINER (container), result, &error);
  g_assert_no_error (error);
  ((Turns *) turns)->done = TRUE;
}

/* The main loop does other things while the devices of a container leave it. */
static void
test_free_in_parts (void)
{
  g_autofree char *xml = large_host_describe (1, N_DEVICES);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainer) container = NULL;
  Turns turns = { 0 };
  guint source;

  g_assert_no_error (error);
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  container = iommud_host_create_container (host, NULL, NULL, &error);
  g_assert_no_error (error);
  large_host_attach_all (host, container);
  g_signal_connect (iommud_container_get_devices (container), "items-changed",
                    G_CALLBACK (count_left), &turns);
  source = g_idle_add_full (G_PRIORITY_DEFAULT, end_turn, &turns, NULL);
  iommud_container_free_async (container, TRUE, NULL, on_freed, &turns);
  while (!turns.done)
    g_main_context_iteration (NULL, TRUE);
  end_turn (&turns);
  g_assert_cmpuint (turns.most, >, 0);
  g_assert_cmpuint (turns.most, <=, 32);
  g_source_remove (source);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  large_host_allow_many_files ();
  g_test_add_func ("/scale/many-iommus", test_many_iommus);
  g_test_add_func ("/scale/free-in-parts", test_free_in_parts);
  return g_test_run ();
}
