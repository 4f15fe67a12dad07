/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The medians of a few rounds. */
#include "measure.h"

#include <stdlib.h>

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a;
  const gint64 *second = b;

  return (*first > *second) - (*first < *second);
}

static gint64
run_round (const Measurement *measurement, guint n_repetitions)
{
  gint64 time = 0;

  for (guint i = 0; i < n_repetitions; i++)
    {
      if (measurement->prepare != NULL)
        measurement->prepare (measurement->user_data);
      time -= g_get_monotonic_time ();
      measurement->function (measurement->user_data);
      time += g_get_monotonic_time ();
    }
  return time;
}

void
measure_side_by_side (Measurement *measurements, guint n_measurements, guint n_repetitions)
{
  g_autofree gint64 *times = g_new (gint64, n_measurements * MEASURE_ROUNDS);

  for (guint round = 0; round < MEASURE_ROUNDS; round++)
    for (guint i = 0; i < n_measurements; i++)
      times[i * MEASURE_ROUNDS + round] = run_round (&measurements[i], n_repetitions);
  for (guint i = 0; i < n_measurements; i++)
    {
      qsort (&times[i * MEASURE_ROUNDS], MEASURE_ROUNDS, sizeof times[0], compare_times);
      measurements[i].time =
          (double) times[i * MEASURE_ROUNDS + MEASURE_ROUNDS / 2] / n_repetitions;
    }
}

double
measure_median (void (*function) (gpointer), gpointer user_data, guint n_repetitions)
{
  Measurement measurement = { .function = function, .user_data = user_data };

  measure_side_by_side (&measurement, 1, n_repetitions);
  return measurement.time;
}
