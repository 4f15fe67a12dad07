/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All benchmarks, one after the other, on one private bus. */
#include "bed.h"
#include "common.h"

int
main (int argc, char **argv)
{
  g_autofree char *address = NULL;
  GSubprocess *bus = NULL;
  GDBusConnection *connection = NULL;

  g_test_init (&argc, &argv, NULL);
  /* Not the tests' handler, which shows debug messages. */
  g_log_set_default_handler (g_log_default_handler, NULL);
  bus = bed_start_bus (&address);
  connection = bed_connect (address);
  bench_attach (address, connection);
  bench_mapping (address, connection);
  bench_many_iommus ();
  bench_listing (address, connection);
  bed_disconnect (connection);
  bed_stop_bus (bus);
  return 0;
}
