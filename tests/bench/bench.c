/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All benchmarks, or those that are named, one after the other on one private bus. */
#include <string.h>

#include "bed.h"
#include "common.h"

static const struct
{
  const char *name;
  void (*run) (const char *address, GDBusConnection *connection);
} benchmarks[] = {
  { "attach", bench_attach },   { "growth", bench_growth },
  { "callers", bench_callers }, { "flood", bench_flood },
  { "greedy", bench_greedy },   { "mapping", bench_mapping },
  { "dirty", bench_dirty },     { "many-iommus", bench_many_iommus },
  { "leases", bench_leases },   { "listing", bench_listing },
  { "stalls", bench_stalls },   { "simulated-host", bench_simulated_host },
  { "tools", bench_tools },
};

static gboolean
is_wanted (const char *name, int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (strcmp (argv[i], name) == 0)
      return TRUE;
  return argc == 1;
}

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
  for (gsize i = 0; i < G_N_ELEMENTS (benchmarks); i++)
    if (is_wanted (benchmarks[i].name, argc, argv))
      benchmarks[i].run (address, connection);
  bed_disconnect (connection);
  bed_stop_bus (bus);
  return 0;
}
