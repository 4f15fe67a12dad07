/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program, for any backend: the choice of bus, the name, the main loop. */
#include "config.h"

#include "program.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "given-files.h"
#include "iommud-dbus-names.h"
#include "keeper.h"
#include "program-options.h"
#include "service.h"

/* How long the bus may take to carry the last answers, and to say who has the name. */
#define LONGEST_MS 1000

/* Beside the statuses that a process may end with. */
#define CONNECTION_LOST (-1)
/* Before the bus is connected to again. */
#define BREAK_US (G_USEC_PER_SEC / 10)

typedef struct
{
  GMainLoop *loop;
  int status;
} Daemon;

static void
tell_systemd (const char *state)
{
#ifdef HAVE_SYSTEMD
  sd_notify (0, state);
#endif
}

/* How long systemd lets the main loop be stuck, in microseconds; 0: it does not watch. */
static guint64
get_watchdog_time (void)
{
  guint64 time = 0;

#ifdef HAVE_SYSTEMD
  if (sd_watchdog_enabled (0, &time) <= 0)
    return 0;
#endif
  return time;
}

static gboolean
on_watchdog (gpointer unused)
{
  tell_systemd ("WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/* From the main loop, so that it says more than that the process is there. */
static GSource *
start_watchdog (void)
{
  guint64 time = get_watchdog_time ();
  GSource *source;

  if (time == 0)
    return NULL;
  source = g_timeout_source_new ((guint) CLAMP (time / 1000 / 2, 1, G_MAXUINT));
  g_source_set_callback (source, on_watchdog, NULL, NULL);
  g_source_attach (source, NULL);
  return source;
}

static void
stop_watchdog (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static GDBusConnection *
connect_to_bus (const IommudProgramOptions *options, GError **error)
{
  GBusType type = options->session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
  g_autofree char *usual = NULL;
  const char *address = options->address;
  GDBusConnection *connection = NULL;

  if (address == NULL)
    address = usual = g_dbus_address_get_for_bus_sync (type, NULL, error);
  if (address != NULL)
    connection = g_dbus_connection_new_for_address_sync (
        address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
            | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, error);
  if (connection == NULL)
    g_prefix_error (error, "Cannot reach the bus at %s (--address names another one): ",
                    address != NULL ? address : "its usual address");
  return connection;
}

/* On a private bus nobody needs grants, so there are none if none are asked for. */
static IommudPolicy
choose_policy (const IommudProgramOptions *options)
{
  const gboolean is_private = options->session || options->address != NULL;
  IommudPolicy policy =
      is_private ? iommud_policy_for_private_bus (getuid ()) : iommud_policy_for_system_bus ();

  policy.config_dir = options->config_dir;
  if (policy.config_dir == NULL && !is_private)
    policy.config_dir = SYSCONFDIR "/iommud";
  return policy;
}

static void
quit (Daemon *daemon, int status)
{
  daemon->status = status;
  g_main_loop_quit (daemon->loop);
}

static gboolean
on_signal (gpointer user_data)
{
  quit (user_data, EXIT_SUCCESS);
  return G_SOURCE_CONTINUE;
}

static void
on_connection_closed (GDBusConnection *connection, gboolean remote_vanished, GError *error,
                      Daemon *daemon)
{
  quit (daemon, CONNECTION_LOST);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_info ("Serving %s", name);
  tell_systemd ("READY=1");
}

static gboolean
has_owner (GDBusConnection *connection, const char *name)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "NameHasOwner", g_variant_new ("(s)", name), G_VARIANT_TYPE ("(b)"), G_DBUS_CALL_FLAGS_NONE,
      LONGEST_MS, NULL, NULL);
  gboolean owned = FALSE;

  if (reply != NULL)
    g_variant_get (reply, "(b)", &owned);
  return owned;
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  if (connection == NULL || g_dbus_connection_is_closed (connection))
    return; /* on_connection_closed says so */
  if (has_owner (connection, name))
    g_printerr ("iommud: another program owns the name %s on this bus: is iommud running?\n", name);
  else
    g_printerr ("iommud: this bus does not let user %u own the name %s\n", (guint) getuid (), name);
  quit (user_data, EXIT_FAILURE);
}

static void
on_flushed (GObject *connection, GAsyncResult *result, gpointer loop)
{
  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (connection), result, NULL);
  g_main_loop_quit (loop);
  g_main_loop_unref (loop);
}

static gboolean
on_late (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

/* What was answered gets there, unless the bus takes no more. */
static void
send_the_rest (GDBusConnection *connection)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint late = g_timeout_add (LONGEST_MS, on_late, loop);

  g_dbus_connection_flush (connection, NULL, on_flushed, g_main_loop_ref (loop));
  g_main_loop_run (loop);
  g_source_remove (late);
}

/* A status, or CONNECTION_LOST. */
static int
serve (GDBusConnection *connection)
{
  Daemon daemon = { g_main_loop_new (NULL, FALSE), EXIT_SUCCESS };
  gulong closed =
      g_signal_connect (connection, "closed", G_CALLBACK (on_connection_closed), &daemon);
  guint term = g_unix_signal_add (SIGTERM, on_signal, &daemon);
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &daemon);
  GSource *watchdog;
  guint name;

  name = g_bus_own_name_on_connection (connection, IOMMUD_DBUS_BUS_NAME,
                                       G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_name_acquired,
                                       on_name_lost, &daemon, NULL);
  watchdog = start_watchdog ();
  g_main_loop_run (daemon.loop);
  g_clear_pointer (&watchdog, stop_watchdog);
  if (daemon.status == CONNECTION_LOST)
    g_bus_unown_name (name); /* which calls nobody then */
  else
    tell_systemd ("STOPPING=1");
  g_signal_handler_disconnect (connection, closed);
  g_source_remove (interrupt);
  g_source_remove (term);
  g_main_loop_unref (daemon.loop);
  return daemon.status;
}

/* Each container and each bound device is an open file, and none of them goes through select(),
 * which is what the low default is for. */
static void
raise_file_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_info ("The limit of open files stays as it is: %s", g_strerror (errno));
}

/* A long answer takes tens of MiB for a moment. They go back to the system at once, and leave no
 * holes. */
static void
return_large_buffers (void)
{
#ifdef __GLIBC__
  mallopt (M_MMAP_THRESHOLD, 4 << 20);
#endif
}

static void
take_file (const char *name, int fd, gpointer keeper)
{
  iommud_keeper_take_file (keeper, name, fd);
}

/* A service manager that says that it keeps no files is as good as none. */
static IommudKeeper *
make_keeper (const IommudProgramOptions *options, GError **error)
{
  const char *manager = g_getenv ("NOTIFY_SOCKET");
  IommudKeeper *keeper;

  if (g_strcmp0 (g_getenv ("FDSTORE"), "0") == 0)
    manager = NULL;
  keeper = iommud_keeper_new (options->state_folder, manager, error);
  if (keeper != NULL)
    iommud_given_files_take (take_file, keeper);
  return keeper;
}

/* The connection's thread may wait until the service takes calls, so the service ends first. */
static int
serve_host (const IommudProgramOptions *options, IommudHost *host, IommudKeeper *keeper,
            GDBusConnection *connection)
{
  g_autoptr (IommudService) service = NULL;

  if (!iommud_host_get_iommufd_available (host))
    g_message ("This host offers no /dev/iommu: devices are listed, containers cannot be made");
  service = iommud_service_new (host, connection, choose_policy (options));
  if (keeper != NULL)
    iommud_service_wait_for (service, iommud_keeper_get_fd_store (keeper));
  return serve (connection);
}

/* The bus releases the name by itself: a call that did so would be one more for a slow bus. */
static void
leave_bus (GDBusConnection *connection)
{
  send_the_rest (connection);
  g_dbus_connection_close_sync (connection, NULL, NULL);
}

/* The bus closes the connection of who sends files that it has no room for, and others may have
 * used that up. So the service connects again, and has what it had before. @connection: the last
 * one, owned; NULL before the first one, and if that fails. */
static int
serve_on_bus (const IommudProgramOptions *options, IommudHost *host, IommudKeeper *keeper,
              GDBusConnection **connection, GError **error)
{
  int status;

  *connection = connect_to_bus (options, error);
  if (*connection == NULL)
    return EXIT_FAILURE;
  while ((status = serve_host (options, host, keeper, *connection)) == CONNECTION_LOST)
    {
      g_autoptr (GDBusConnection) again = NULL;

      g_usleep (BREAK_US);
      again = connect_to_bus (options, NULL);
      if (again == NULL)
        {
          g_printerr ("iommud: the message bus has closed the connection\n");
          return EXIT_FAILURE;
        }
      g_message ("The message bus had closed the connection: the service is connected again");
      g_set_object (connection, again);
    }
  return status;
}

/* What is under way is answered while the host is let go: what it has stays as it is for the next
 * run. If that cannot be done in time, the process ends at once: the next run then finishes what is
 * under way. */
static int
run_host (const IommudProgramOptions *options, IommudHost *host, IommudKeeper *keeper,
          GError **error)
{
  g_autoptr (GDBusConnection) connection = NULL;
  int status = serve_on_bus (options, host, keeper, &connection, error);
  gboolean in_time = keeper == NULL || iommud_keeper_let_go (keeper, host);

  if (connection != NULL)
    leave_bus (connection);
  if (!in_time)
    _exit (status);
  return status;
}

static int
run_and_keep (const IommudProgramOptions *options, IommudBackend *backend, GError **error)
{
  g_autoptr (IommudKeeper) keeper = make_keeper (options, error);
  g_autoptr (IommudHost) host = NULL;

  if (keeper != NULL)
    host = iommud_keeper_make_host (keeper, backend, error);
  return host != NULL ? run_host (options, host, keeper, error) : EXIT_FAILURE;
}

static int
run (const IommudProgramOptions *options, IommudBackend *backend, GError **error)
{
  g_autoptr (IommudHost) host = NULL;

  if (options->state_folder != NULL)
    return run_and_keep (options, backend, error);
  host = iommud_host_new (backend, error);
  return host != NULL ? run_host (options, host, NULL, error) : EXIT_FAILURE;
}

/* @arguments: the command line as it was given. */
static int
start (const IommudProgramOptions *options, char **arguments, IommudProgramBackendFunc make_backend,
       GError **error)
{
  const IommudProgramRequest request = { options->simulate, options->simulated_host, arguments };
  g_autoptr (IommudBackend) backend = NULL;

  if (options->version)
    {
      g_print ("iommud %s\n", PACKAGE_VERSION);
      return EXIT_SUCCESS;
    }
  if (options->verbose)
    g_setenv ("G_MESSAGES_DEBUG", G_LOG_DOMAIN, FALSE);
  backend = make_backend (&request, error);
  return backend == NULL ? EXIT_FAILURE : run (options, backend, error);
}

int
iommud_program_main (int argc, char **argv, IommudProgramBackendFunc make_backend)
{
  g_auto (GStrv) arguments = g_strdupv (argv);
  g_auto (IommudProgramOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  int status = EXIT_FAILURE;

  setlocale (LC_ALL, "");
  raise_file_limit ();
  return_large_buffers ();
  if (iommud_program_options_parse (&options, &argc, &argv, &error))
    status = start (&options, arguments, make_backend, &error);
  if (error != NULL)
    g_printerr ("iommud: %s\n", error->message);
  return status;
}
