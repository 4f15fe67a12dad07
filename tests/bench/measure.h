/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The medians of a few rounds. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define MEASURE_ROUNDS 9

/* Runs all repetitions by itself, in another process, and says how long they took in nanoseconds,
 * and how much CPU time. */
typedef void (*MeasureRunFunc) (gpointer user_data, guint n_repetitions, gint64 *time, gint64 *cpu);

typedef struct
{
  void (*function) (gpointer); /* NULL if there is @run */
  MeasureRunFunc run;
  gpointer user_data;
  void (*prepare) (gpointer); /* before each repetition, unmeasured; or NULL */
  GSubprocess *process;       /* whose CPU time is measured, too; NULL for this one's */
  double time;                /* out: the median, in microseconds for one repetition */
  double cpu;                 /* out: the same of the CPU time of all threads of the process */
} Measurement;

/* One round, as a MeasureRunFunc. */
void measure_round (const Measurement *measurement, guint n_repetitions, gint64 *time, gint64 *cpu);
/* Each round does all, one after the other, so that what else the machine does meets all alike. */
void measure_side_by_side (Measurement *measurements, guint n_measurements, guint n_repetitions);
/* One line of a table: what it was, both times, and both ratios to the baseline (NULL: none). */
void measure_print (const char *what, const Measurement *measurement, const Measurement *baseline);
/* The CPU time of a process until now, in nanoseconds. */
gint64 measure_read_cpu (GSubprocess *process);
/* The median time of one. */
double measure_median (void (*function) (gpointer), gpointer user_data, guint n_repetitions);

G_END_DECLS
