/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A caller who asks for little, and how long it waits while others ask for much: on a thread and a
 * connection of its own. */
#include "bystander.h"

#include <stdio.h>

#include "bed.h"
#include "common.h"

#define PAUSE_US 500

struct _Bystander
{
  char *address;
  GThread *thread;
  int ended;     /* atomic */
  GArray *waits; /* of double: milliseconds */
};

static double
call_once (GDBusConnection *connection)
{
  gint64 start = g_get_monotonic_time ();

  g_free (bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0")));
  return (double) (g_get_monotonic_time () - start) / 1000;
}

static gpointer
call_until_ended (gpointer user_data)
{
  Bystander *self = user_data;
  GDBusConnection *connection = bed_connect (self->address);

  while (!g_atomic_int_get (&self->ended))
    {
      double wait = call_once (connection);

      g_array_append_val (self->waits, wait);
      g_usleep (PAUSE_US);
    }
  bed_disconnect (connection);
  return NULL;
}

Bystander *
bystander_start (const char *address)
{
  Bystander *self = g_new0 (Bystander, 1);

  self->address = g_strdup (address);
  self->waits = g_array_new (FALSE, FALSE, sizeof (double));
  self->thread = g_thread_new ("bystander", call_until_ended, self);
  return self;
}

static int
compare_waits (gconstpointer a, gconstpointer b)
{
  const double *first = a;
  const double *second = b;

  return (*first > *second) - (*first < *second);
}

/* Prints how long it waited, and returns the longest wait in milliseconds. */
double
bystander_stop (Bystander *self, const char *what)
{
  double longest = 0;

  g_atomic_int_set (&self->ended, TRUE);
  g_thread_join (self->thread);
  g_array_sort (self->waits, compare_waits);
  if (self->waits->len > 0)
    {
      longest = g_array_index (self->waits, double, self->waits->len - 1);
      printf ("  %s: %u calls, median %.1f ms, 99 %% below %.1f ms, longest %.1f ms\n", what,
              self->waits->len, g_array_index (self->waits, double, self->waits->len / 2),
              g_array_index (self->waits, double, self->waits->len * 99 / 100), longest);
    }
  g_array_unref (self->waits);
  g_free (self->address);
  g_free (self);
  return longest;
}
