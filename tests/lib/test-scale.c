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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  large_host_allow_many_files ();
  g_test_add_func ("/scale/many-iommus", test_many_iommus);
  return g_test_run ();
}
