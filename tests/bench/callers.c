/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What it costs the service to tell callers apart: one that calls twice, compared with two that
 * call in turn. */
#include <stdio.h>

#include "bed.h"
#include "common.h"

#define PAIRS 500

typedef struct
{
  GDBusConnection *first;
  GDBusConnection *second;
} Callers;

static void
find_device (GDBusConnection *connection)
{
  g_free (bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0")));
}

static void
call_in_turn (gpointer user_data)
{
  const Callers *callers = user_data;

  find_device (callers->first);
  find_device (callers->second);
}

void
bench_callers (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, 10, &file);
  GDBusConnection *other = bed_connect (address);
  Callers one = { connection, connection };
  Callers two = { connection, other };
  Measurement sides[] = {
    { .function = call_in_turn, .user_data = &one, .process = service },
    { .function = call_in_turn, .user_data = &two, .process = service },
  };

  measure_side_by_side (sides, G_N_ELEMENTS (sides), PAIRS);
  printf ("Two calls of FindDevice (median of %d x %d; CPU time of the service)\n", MEASURE_ROUNDS,
          PAIRS);
  measure_print ("of one caller", &sides[0], NULL);
  measure_print ("of two callers in turn", &sides[1], &sides[0]);
  printf ("\n");
  bed_disconnect (other);
  bench_stop_service (service, file);
}
