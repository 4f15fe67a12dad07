/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The medians of a few rounds. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const gint64 *first = a;
  const gint64 *second = b;

  return (*first > *second) - (*first < *second);
}

static clockid_t
get_cpu_clock (GSubprocess *process)
{
  clockid_t clock = CLOCK_PROCESS_CPUTIME_ID;
  const char *pid = process == NULL ? NULL : g_subprocess_get_identifier (process);

  if (pid != NULL)
    g_assert_cmpint (clock_getcpuclockid ((pid_t) g_ascii_strtoll (pid, NULL, 10), &clock), ==, 0);
  return clock;
}

static gint64
read_clock (clockid_t clock)
{
  struct timespec time;

  g_assert_cmpint (clock_gettime (clock, &time), ==, 0);
  return (gint64) time.tv_sec * 1000000000 + time.tv_nsec;
}

gint64
measure_read_cpu (GSubprocess *process)
{
  return read_clock (get_cpu_clock (process));
}

void
measure_round (const Measurement *measurement, guint n_repetitions, gint64 *time, gint64 *cpu)
{
  clockid_t cpu_clock = get_cpu_clock (measurement->process);

  if (measurement->run != NULL)
    {
      measurement->run (measurement->user_data, n_repetitions, time, cpu);
      return;
    }
  *time = 0;
  *cpu = 0;
  for (guint i = 0; i < n_repetitions; i++)
    {
      if (measurement->prepare != NULL)
        measurement->prepare (measurement->user_data);
      *cpu -= read_clock (cpu_clock);
      *time -= read_clock (CLOCK_MONOTONIC);
      measurement->function (measurement->user_data);
      *time += read_clock (CLOCK_MONOTONIC);
      *cpu += read_clock (cpu_clock);
    }
}

/* In microseconds. */
static double
get_median (gint64 *times, guint n_repetitions)
{
  qsort (times, MEASURE_ROUNDS, sizeof *times, compare_times);
  return (double) times[MEASURE_ROUNDS / 2] / n_repetitions / 1000;
}

void
measure_side_by_side (Measurement *measurements, guint n_measurements, guint n_repetitions)
{
  g_autofree gint64 *times = g_new (gint64, n_measurements * MEASURE_ROUNDS);
  g_autofree gint64 *cpu = g_new (gint64, n_measurements * MEASURE_ROUNDS);

  for (guint round = 0; round < MEASURE_ROUNDS; round++)
    for (guint i = 0; i < n_measurements; i++)
      measure_round (&measurements[i], n_repetitions, &times[i * MEASURE_ROUNDS + round],
                     &cpu[i * MEASURE_ROUNDS + round]);
  for (guint i = 0; i < n_measurements; i++)
    {
      measurements[i].time = get_median (&times[i * MEASURE_ROUNDS], n_repetitions);
      measurements[i].cpu = get_median (&cpu[i * MEASURE_ROUNDS], n_repetitions);
    }
}

void
measure_print (const char *what, const Measurement *measurement, const Measurement *baseline)
{
  printf ("  %-35s %10.1f us   CPU %10.1f us", what, measurement->time, measurement->cpu);
  if (baseline != NULL)
    printf ("   ratio %5.2f   CPU %5.2f", measurement->time / baseline->time,
            measurement->cpu / baseline->cpu);
  printf ("\n");
}

double
measure_median (void (*function) (gpointer), gpointer user_data, guint n_repetitions)
{
  Measurement measurement = { .function = function, .user_data = user_data };

  measure_side_by_side (&measurement, 1, n_repetitions);
  return measurement.time;
}
