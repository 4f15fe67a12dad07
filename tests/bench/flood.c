/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long others wait, and how the service's memory grows, while one user does what it can to keep
 * it busy: connections that call and never read, and a monitor that has been stopped. Beside it, a
 * service that does nothing but answer each call with an error, under the same calls: what others
 * wait for there, they wait for in the bus. */
#include <stdio.h>
#include <unistd.h>

#include "bed.h"
#include "bystander.h"
#include "common.h"
#include "silent.h"

#define N_DEVICES 20000
#define N_CONNECTIONS 200
#define N_CALLS 128
#define N_BURST 2000
#define N_PAIRS 10000
#define SETTLE_US (5 * G_USEC_PER_SEC)
#define NOBODY 65534

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* Another user needs root, and a folder that it may enter. */
static uid_t
get_other_user (void)
{
  return geteuid () == 0 ? NOBODY : geteuid ();
}

static void
send_flood (GPtrArray *callers, const char *service, guint n_calls)
{
  for (guint i = 0; i < n_calls; i++)
    for (guint j = 0; j < callers->len; j++)
      silent_call_service (g_ptr_array_index (callers, j), service, IOMMUD_DBUS_ROOT_PATH,
                           OBJECT_MANAGER, "GetManagedObjects");
}

/* Also the highest memory that was seen. */
static void
settle (GSubprocess *process, guint64 *peak)
{
  gint64 end = g_get_monotonic_time () + SETTLE_US;

  while (g_get_monotonic_time () < end)
    {
      *peak = MAX (*peak, bench_get_memory (process));
      g_usleep (10000);
    }
}

static void
flood (const char *address, GSubprocess *process, const char *service, guint n_connections,
       guint n_calls)
{
  g_autoptr (GPtrArray) callers = g_ptr_array_new_with_free_func ((GDestroyNotify) silent_free);
  guint64 before = bench_get_memory (process);
  guint64 peak = before;
  Bystander *ours;
  Bystander *of_bus;

  for (guint i = 0; i < n_connections; i++)
    g_ptr_array_add (callers, silent_new (address, get_other_user ()));
  ours = bystander_start (address, service);
  of_bus = bystander_start (address, "org.freedesktop.DBus");
  send_flood (callers, service, n_calls);
  settle (process, &peak);
  printf ("  %u connections, %u times GetManagedObjects of %s, nothing read: memory %.0f MiB + "
          "%.0f MiB\n",
          n_connections, n_calls, service, (double) before / 1024, (double) (peak - before) / 1024);
  bystander_stop (ours, "another caller meanwhile");
  bystander_stop (of_bus, "a caller of the bus itself");
}

static void
attach_and_detach (GDBusConnection *connection, const char *container, const char *device)
{
  g_variant_unref (bench_call (connection, container, IOMMUD_DBUS_CONTAINER_INTERFACE,
                               "AttachDevice", bed_device_arguments (device, NULL)));
  g_variant_unref (
      bench_call (connection, device, IOMMUD_DBUS_DEVICE_INTERFACE, "Detach", bed_options (NULL)));
}

static void
stop_monitor (const char *address, GDBusConnection *connection, GSubprocess *service)
{
  Silent *monitor = silent_new (address, get_other_user ());
  g_autofree char *container =
      bench_call_for_path (connection, "CreateContainer", bed_options (NULL));
  g_autofree char *device =
      bench_call_for_path (connection, "FindDevice", g_variant_new ("(s)", "0000:00:00.0"));
  guint64 before = bench_get_memory (service);
  Bystander *bystander = bystander_start (address, IOMMUD_DBUS_BUS_NAME);

  silent_watch (monitor);
  for (guint i = 0; i < N_PAIRS; i++)
    attach_and_detach (connection, container, device);
  printf ("  a stopped monitor, %u attach and detach pairs: memory %.0f MiB + %.0f MiB\n", N_PAIRS,
          (double) before / 1024,
          (double) bench_get_memory (service) / 1024 - (double) before / 1024);
  bystander_stop (bystander, "another caller meanwhile");
  silent_free (monitor);
}

static void
flood_peer (const char *address)
{
  GSubprocess *peer = bench_start_peer (address, "nothing", "org.iommud1.Nothing");

  flood (address, peer, "org.iommud1.Nothing", N_CONNECTIONS, N_CALLS);
  bench_stop_peer (peer);
}

static void
end_while_flooded (const char *address, GSubprocess *service, const char *file)
{
  g_autoptr (GPtrArray) callers = g_ptr_array_new_with_free_func ((GDestroyNotify) silent_free);
  gint64 start;

  g_ptr_array_add (callers, silent_new (address, get_other_user ()));
  send_flood (callers, IOMMUD_DBUS_BUS_NAME, N_CALLS);
  start = g_get_monotonic_time ();
  bench_stop_service (service, file);
  printf ("  it ends on SIGTERM within %.1f ms\n\n",
          (double) (g_get_monotonic_time () - start) / 1000);
}

void
bench_flood (const char *address, GDBusConnection *connection)
{
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, N_DEVICES, &file);

  printf ("A user who floods the service with %d devices\n", N_DEVICES);
  flood_peer (address);
  flood (address, service, IOMMUD_DBUS_BUS_NAME, N_CONNECTIONS, N_CALLS);
  flood (address, service, IOMMUD_DBUS_BUS_NAME, 1, N_BURST);
  stop_monitor (address, connection, service);
  end_while_flooded (address, service, file);
}
