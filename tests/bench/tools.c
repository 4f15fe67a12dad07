/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What commands of iommuctl cost on a large host, compared with the calls that gdbus makes for the
 * same facts. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bed.h"
#include "common.h"

#define N_DEVICES 10000
#define DEVICE_NAME "0000:00:05.0"
#define DEVICE_PATH "/org/iommud1/devices/0000_3a00_3a05_2e0"

/* The program itself: what libtool puts in front of it is a shell. */
static char *
find_program (char ***environment)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_BUILT, ".libs", NULL);
  g_autofree char *program =
      g_test_build_filename (G_TEST_BUILT, "tools", ".libs", "iommuctl", NULL);

  if (!g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    return g_test_build_filename (G_TEST_BUILT, "tools", "iommuctl", NULL);
  *environment = g_environ_setenv (*environment, "LD_LIBRARY_PATH", folder, TRUE);
  return g_steal_pointer (&program);
}

typedef struct
{
  const char *const *command; /* words up to a NULL */
  char **environment;
} Run;

static gint64
get_nanoseconds (const struct timeval *time)
{
  return ((gint64) time->tv_sec * G_USEC_PER_SEC + time->tv_usec) * 1000;
}

static void
run_once (const Run *self, gint64 *time, gint64 *cpu)
{
  g_autoptr (GError) error = NULL;
  struct rusage usage;
  GPid process = 0;
  int status = 0;

  *time -= g_get_monotonic_time () * 1000;
  g_spawn_async (NULL, (char **) self->command, self->environment,
                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                 NULL, &process, &error);
  g_assert_no_error (error);
  g_assert_cmpint (wait4 (process, &status, 0, &usage), ==, process);
  *time += g_get_monotonic_time () * 1000;
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  *cpu += get_nanoseconds (&usage.ru_utime) + get_nanoseconds (&usage.ru_stime);
}

static void
run_program (gpointer user_data, guint n_repetitions, gint64 *time, gint64 *cpu)
{
  *time = 0;
  *cpu = 0;
  for (guint i = 0; i < n_repetitions; i++)
    run_once (user_data, time, cpu);
}

static void
compare (const char *title, const char *peer, const char *const *theirs, const char *const *ours,
         char **environment)
{
  Run runs[] = { { theirs, environment }, { ours, environment } };
  Measurement sides[] = { { .run = run_program, .user_data = &runs[0] },
                          { .run = run_program, .user_data = &runs[1] } };

  measure_side_by_side (sides, G_N_ELEMENTS (sides), 1);
  printf ("%s, %d devices (median of %d, and CPU time of the program)\n", title, N_DEVICES,
          MEASURE_ROUNDS);
  measure_print (peer, &sides[0], NULL);
  measure_print ("iommuctl", &sides[1], &sides[0]);
  printf ("\n");
}

void
bench_tools (const char *address, GDBusConnection *connection)
{
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *program = find_program (&environment);
  g_autofree char *file = NULL;
  GSubprocess *service = bench_start_service (address, N_DEVICES, &file);
  const char *const list[] = { "gdbus",
                               "call",
                               "--address",
                               address,
                               "--dest",
                               IOMMUD_DBUS_BUS_NAME,
                               "--object-path",
                               IOMMUD_DBUS_ROOT_PATH,
                               "--method",
                               "org.freedesktop.DBus.ObjectManager.GetManagedObjects",
                               NULL };
  const char *const get_all[] = { "gdbus",
                                  "call",
                                  "--address",
                                  address,
                                  "--dest",
                                  IOMMUD_DBUS_BUS_NAME,
                                  "--object-path",
                                  DEVICE_PATH,
                                  "--method",
                                  "org.freedesktop.DBus.Properties.GetAll",
                                  IOMMUD_DBUS_DEVICE_INTERFACE,
                                  NULL };
  const char *const devices[] = { program, "--address", address, "devices", NULL };
  const char *const show[] = { program, "--address", address, "show", DEVICE_NAME, NULL };

  compare ("iommuctl devices", "gdbus call GetManagedObjects", list, devices, environment);
  compare ("iommuctl show DEVICE", "gdbus call GetAll", get_all, show, environment);
  bench_stop_service (service, file);
}
