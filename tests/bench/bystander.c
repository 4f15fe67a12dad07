/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A caller who asks for little, and how long it waits while others ask for much: on a thread and a
 * connection of its own. */
#include "bystander.h"

#include <stdio.h>

#include "bed.h"
#include "measure.h"

#define PAUSE_US 500

struct _Bystander
{
  GDBusConnection *connection;
  const char *service;
  GThread *thread;
  int ended;            /* atomic */
  GArray *waits;        /* of double: milliseconds */
  GSubprocess *process; /* whose CPU time is measured; or NULL */
  GArray *cpu;          /* of double: likewise */
};

/* An answer is an answer: a service that has no such object gives an error. */
static double
call_once (Bystander *self)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      self->service, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE, "FindDevice");
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) reply = NULL;

  g_dbus_message_set_body (message, g_variant_new ("(s)", "0000:00:00.0"));
  reply = g_dbus_connection_send_message_with_reply_sync (
      self->connection, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL, NULL, &error);
  g_assert_no_error (error);
  return (double) (g_get_monotonic_time () - start) / 1000;
}

static double
read_cpu (const Bystander *self)
{
  return self->process == NULL ? 0 : (double) measure_read_cpu (self->process) / 1e6;
}

static gpointer
call_until_ended (gpointer user_data)
{
  Bystander *self = user_data;

  while (!g_atomic_int_get (&self->ended))
    {
      double before = read_cpu (self);
      double wait = call_once (self);
      double cpu = read_cpu (self) - before;

      g_array_append_val (self->waits, wait);
      g_array_append_val (self->cpu, cpu);
      g_usleep (PAUSE_US);
    }
  return NULL;
}

/* @service: whom it calls. */
Bystander *
bystander_start (const char *address, const char *service)
{
  return bystander_start_beside (address, service, NULL);
}

Bystander *
bystander_start_beside (const char *address, const char *service, GSubprocess *process)
{
  Bystander *self = g_new0 (Bystander, 1);

  self->process = process;
  self->cpu = g_array_new (FALSE, FALSE, sizeof (double));
  self->service = service;
  self->connection = bed_connect (address);
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

static void
print (const char *what, GArray *waits)
{
  guint n = waits->len;

  g_array_sort (waits, compare_waits);
  if (n > 0)
    printf ("  %-35s %u calls: median %.1f ms, 99 %% below %.1f ms, longest %.1f ms\n", what, n,
            g_array_index (waits, double, n / 2), g_array_index (waits, double, n * 99 / 100),
            g_array_index (waits, double, n - 1));
}

/* Prints how long it waited. */
void
bystander_stop (Bystander *self, const char *what)
{
  g_atomic_int_set (&self->ended, TRUE);
  g_thread_join (self->thread);
  print (what, self->waits);
  if (self->process != NULL)
    print ("CPU time of the service meanwhile", self->cpu);
  g_array_unref (self->waits);
  g_array_unref (self->cpu);
  bed_disconnect (self->connection);
  g_free (self);
}
