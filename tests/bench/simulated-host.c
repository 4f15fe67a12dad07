/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it costs to make a large simulated host of a file, compared with libxml2's tree of it. */
#include <glib/gstdio.h>
#include "simulator/iommud-sim.h"
#include <libxml/parser.h>
#include <stdio.h>
#include <time.h>

#include "common.h"
#include "large-host.h"

#define N_DEVICES 10000

typedef struct
{
  const char *path;
  double cpu[2]; /* of all rounds, in milliseconds */
} Files;

static double
get_cpu_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (double) time.tv_sec * 1e3 + (double) time.tv_nsec / 1e6;
}

static void
read_tree (gpointer user_data)
{
  Files *files = user_data;
  double start = get_cpu_time ();
  xmlDoc *tree = xmlReadFile (files->path, NULL, 0);

  files->cpu[0] += get_cpu_time () - start;
  g_assert_nonnull (tree);
  xmlFreeDoc (tree);
}

static void
make_host (gpointer user_data)
{
  Files *files = user_data;
  double start = get_cpu_time ();
  IommudSimulator *simulator = iommud_simulator_new (files->path, NULL);

  files->cpu[1] += get_cpu_time () - start;
  g_assert_nonnull (simulator);
  g_object_unref (simulator);
}

void
bench_simulated_host (const char *address, GDBusConnection *connection)
{
  g_autofree char *xml = large_host_describe (1, N_DEVICES);
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("iommud-bench-XXXXXX.xml", &path, NULL);
  Files files = { path, { 0, 0 } };
  Measurement sides[] = { { .function = read_tree, .user_data = &files },
                          { .function = make_host, .user_data = &files } };

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_assert_true (g_file_set_contents (path, xml, -1, NULL));
  measure_side_by_side (sides, G_N_ELEMENTS (sides), 1);
  g_unlink (path);
  printf (
      "A simulated host of %d devices (with its end: median; CPU time without it: mean of %d)\n",
      N_DEVICES, MEASURE_ROUNDS);
  printf ("  xmlReadFile of its file       %8.1f ms   CPU %8.1f ms\n", sides[0].time / 1000,
          files.cpu[0] / MEASURE_ROUNDS);
  printf ("  the simulated host            %8.1f ms   CPU %8.1f ms\n", sides[1].time / 1000,
          files.cpu[1] / MEASURE_ROUNDS);
  printf ("  ratio                         %8.2f      CPU %8.2f\n\n", sides[1].time / sides[0].time,
          files.cpu[1] / files.cpu[0]);
}
