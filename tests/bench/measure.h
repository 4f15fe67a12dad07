/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The medians of a few rounds. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define MEASURE_ROUNDS 9

typedef struct
{
  void (*function) (gpointer);
  gpointer user_data;
  void (*prepare) (gpointer); /* before each repetition, unmeasured; or NULL */
  double time;                /* out: the median, in microseconds for one repetition */
} Measurement;

/* Each round does all, one after the other, so that what else the machine does meets all alike. */
void measure_side_by_side (Measurement *measurements, guint n_measurements, guint n_repetitions);
/* The same of one. */
double measure_median (void (*function) (gpointer), gpointer user_data, guint n_repetitions);

G_END_DECLS
