/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many attach calls to the kernel a large host with many IOMMUs needs if no IOMMU accepts the
 * HWPTs of another. */
#include <stdio.h>

#include "common.h"
#include "large-host.h"

#define N_IOMMUS 64
#define N_DEVICES 1000

void
bench_many_iommus (const char *address, GDBusConnection *connection)
{
  g_autofree char *xml = large_host_describe (N_IOMMUS, N_DEVICES);
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudSimulator) simulator = iommud_simulator_new_from_data (xml, -1, &error);
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (IommudHost) host = NULL;
  g_autoptr (IommudContainer) container = NULL;
  guint n_calls;

  g_assert_no_error (error);
  large_host_allow_many_files ();
  host = iommud_host_new (IOMMUD_BACKEND (simulator), &error);
  g_assert_no_error (error);
  container = iommud_host_create_container (host, options, NULL, &error);
  g_assert_no_error (error);
  large_host_attach_all (host, container);
  n_calls = iommud_simulator_count_calls (simulator, "attach");
  iommud_container_free (container, TRUE, NULL, &error);
  g_assert_no_error (error);
  printf ("Attaching %d devices on %d IOMMUs to one container\n", N_DEVICES, N_IOMMUS);
  printf ("  kernel attach calls           %8u      per device %5.2f\n\n", n_calls,
          (double) n_calls / N_DEVICES);
}
