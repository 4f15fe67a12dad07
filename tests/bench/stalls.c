/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long the main loop is away in one step, at most, for each call on a large host. The CPU time
 * of its thread is measured, so that what else the machine does is left out. The service runs on
 * the main loop of this thread, and another thread calls. */
#include <stdio.h>
#include <time.h>

#include "bed.h"
#include "common.h"
#include "large-host.h"

#define N_DEVICES 10000
#define N_ATTACHED 1000
#define N_RANGES 4096

#define PROPERTIES "org.freedesktop.DBus.Properties"

/* Of this thread's main loop. The function that polls is given nothing of ours. */
static struct
{
  GMutex lock;
  gint64 left;    /* CPU time when it last stopped to wait */
  gint64 longest; /* in nanoseconds */
} loop;

typedef struct
{
  Bed *bed;
  GDBusConnection *connection;
  GMainLoop *main_loop;
  char *container;
  char *device;
} Stalls;

static gint64
get_thread_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (gint64) time.tv_sec * 1000000000 + time.tv_nsec;
}

static int
poll_and_measure (GPollFD *files, guint n_files, int timeout)
{
  gint64 step = get_thread_time () - loop.left;
  int n_ready;

  g_mutex_lock (&loop.lock);
  loop.longest = MAX (loop.longest, step);
  g_mutex_unlock (&loop.lock);
  n_ready = g_poll (files, n_files, timeout);
  loop.left = get_thread_time ();
  return n_ready;
}

/* In milliseconds, since the last time. */
static double
take_longest (void)
{
  gint64 longest;

  g_mutex_lock (&loop.lock);
  longest = loop.longest;
  loop.longest = 0;
  g_mutex_unlock (&loop.lock);
  return (double) longest / 1e6;
}

static void
call (Stalls *self, const char *path, const char *interface, const char *method,
      GVariant *arguments)
{
  take_longest ();
  g_variant_unref (bench_call (self->connection, path, interface, method, arguments));
  printf ("  %-35s %8.1f ms\n", method, take_longest ());
}

static void
attach_many (Stalls *self)
{
  take_longest ();
  for (guint i = 0; i < N_ATTACHED; i++)
    {
      g_autofree char *name = g_strdup_printf ("0000:%02x:%02x.0", i / 32, i % 32);

      g_free (self->device);
      self->device =
          bench_call_for_path (self->connection, "FindDevice", g_variant_new ("(s)", name));
      g_variant_unref (bench_call (self->connection, self->container,
                                   IOMMUD_DBUS_CONTAINER_INTERFACE, "AttachDevice",
                                   bed_device_arguments (self->device, NULL)));
    }
  printf ("  %-35s %8.1f ms\n", "AttachDevice, 1,000 times", take_longest ());
}

static GVariant *
make_ranges (void)
{
  GVariantBuilder ranges;

  g_variant_builder_init (&ranges, G_VARIANT_TYPE ("a(tt)"));
  for (guint64 i = 0; i < N_RANGES; i++)
    g_variant_builder_add (&ranges, "(tt)", i << 20, (i << 20) + 0xffff);
  return g_variant_new ("(a(tt)a{sv})", &ranges, NULL);
}

static void
read_properties (Stalls *self)
{
  static const char *const interfaces[] = { IOMMUD_DBUS_CONTAINER_INTERFACE,
                                            IOMMUD_DBUS_MEMORY_INTERFACE,
                                            IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE };

  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++)
    call (self, self->container, PROPERTIES, "GetAll", g_variant_new ("(s)", interfaces[i]));
}

static gpointer
call_all (gpointer user_data)
{
  Stalls *self = user_data;
  const char *tracking = IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE;

  self->container = bench_call_for_path (self->connection, "CreateContainer", bed_options (NULL));
  attach_many (self);
  call (self, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
        NULL);
  call (self, IOMMUD_DBUS_DEVICES_PATH, "org.freedesktop.DBus.Introspectable", "Introspect", NULL);
  read_properties (self);
  call (self, self->container, tracking, "Start", bed_options (NULL));
  call (self, self->container, tracking, "ReadBitmap",
        g_variant_new ("(ttta{sv})", G_GUINT64_CONSTANT (0), G_GUINT64_CONSTANT (1) << 40,
                       G_GUINT64_CONSTANT (4096), NULL));
  call (self, self->container, tracking, "Stop", bed_options (NULL));
  call (self, self->device, IOMMUD_DBUS_DEVICE_INTERFACE, "Detach", bed_options (NULL));
  call (self, self->container, IOMMUD_DBUS_MEMORY_INTERFACE, "SetAllowedIovas", make_ranges ());
  call (self, self->container, IOMMUD_DBUS_CONTAINER_INTERFACE, "Free",
        bed_options ("{'force': <true>}"));
  g_main_loop_quit (self->main_loop);
  return NULL;
}

void
bench_stalls (const char *address, GDBusConnection *connection)
{
  g_autofree char *xml = large_host_describe (1, N_DEVICES);
  g_autoptr (GMainLoop) main_loop = g_main_loop_new (NULL, FALSE);
  GPollFunc usual = g_main_context_get_poll_func (NULL);
  Stalls stalls = { .main_loop = main_loop };
  GThread *caller = NULL;

  large_host_allow_many_files ();
  stalls.bed = bed_new (xml);
  stalls.connection = bed_connect (stalls.bed->address);
  printf ("The longest step of the main loop, %d devices (CPU time of its thread)\n", N_DEVICES);
  loop.left = get_thread_time ();
  g_main_context_set_poll_func (NULL, poll_and_measure);
  caller = g_thread_new ("caller", call_all, &stalls);
  g_main_loop_run (main_loop);
  g_main_context_set_poll_func (NULL, usual);
  g_thread_join (caller);
  printf ("\n");
  bed_disconnect (stalls.connection);
  bed_free (stalls.bed);
  g_free (stalls.container);
  g_free (stalls.device);
}
