/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program when there is no room in the table of open files: its own, or the bus's. A lease is
 * there as a whole or not at all, and the service goes on. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon.h"
#include "leases.h"
#include "manager.h"

#define DEVICE "0000:01:00.0"
/* More than a lease of one device needs. */
#define MAX_FREE 24

typedef struct
{
  Bed bed; /* its bus, address and client */
  Manager *manager;
  char *folder;
  GSubprocess *daemon;
  char *device;
  guint n_files; /* that the service has open without a lease */
} Fixture;

/* --- Open files of a process ------------------------------------------------------------------ */

static pid_t
get_pid (GSubprocess *process)
{
  return (pid_t) g_ascii_strtoll (g_subprocess_get_identifier (process), NULL, 10);
}

static gboolean
is_open (pid_t pid, guint fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%u", (int) pid, fd);

  return access (path, F_OK) == 0 || errno != ENOENT || g_file_test (path, G_FILE_TEST_IS_SYMLINK);
}

static guint
count_files (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
set_limit (pid_t pid, rlim_t n)
{
  struct rlimit limit;

  g_assert_cmpint (prlimit (pid, RLIMIT_NOFILE, NULL, &limit), ==, 0);
  limit.rlim_cur = MIN (n, limit.rlim_max);
  g_assert_cmpint (prlimit (pid, RLIMIT_NOFILE, &limit, NULL), ==, 0);
}

/* Leaves room for so many files. */
static void
leave_room (pid_t pid, guint n_free)
{
  guint fd = 0;

  for (guint n = 0; n < n_free || is_open (pid, fd); fd++)
    if (!is_open (pid, fd))
      n++;
  set_limit (pid, fd);
}

/* --- The program ------------------------------------------------------------------------------ */

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autofree char *address = NULL;
  g_autofree char *folder = NULL;
  g_autoptr (GError) error = NULL;

  self->bed.bus = bed_start_bus (&self->bed.address);
  self->manager = manager_new ();
  self->folder = g_dir_make_tmp ("iommud-full-XXXXXX", &error);
  g_assert_no_error (error);
  address = g_strdup_printf ("--address=%s", self->bed.address);
  folder = g_strdup_printf ("--state-dir=%s", self->folder);
  g_setenv ("NOTIFY_SOCKET", self->manager->address, TRUE);
  g_unsetenv ("FDSTORE");
  self->daemon = daemon_spawn (G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                               (const char *const[]){ address, "--simulate", folder, NULL });
  daemon_wait_for_name (self->bed.address);
  self->bed.client = bed_connect (self->bed.address);
  self->device = bed_device (&self->bed, DEVICE);
  self->n_files = count_files (get_pid (self->daemon));
}

static void
on_ended (GObject *daemon, GAsyncResult *result, gpointer done)
{
  g_subprocess_wait_finish (G_SUBPROCESS (daemon), result, NULL);
  *(gboolean *) done = TRUE;
}

/* The manager listens in this main loop. */
static void
stop (GSubprocess *daemon)
{
  gboolean done = FALSE;

  g_subprocess_send_signal (daemon, SIGTERM);
  g_subprocess_wait_async (daemon, NULL, on_ended, &done);
  bed_wait (&done);
  g_assert_true (g_subprocess_get_if_exited (daemon));
  g_assert_cmpint (g_subprocess_get_exit_status (daemon), ==, 0);
  g_object_unref (daemon);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);

  bed_disconnect (self->bed.client);
  stop (self->daemon);
  bed_stop_bus (self->bed.bus);
  manager_free (self->manager);
  g_unlink (state);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->device);
  g_free (self->bed.address);
}

/* --- The service's table ---------------------------------------------------------------------- */

static void
lease (Fixture *self, GDBusConnection *caller, LeaseAnswer *answer)
{
  const char *const devices[] = { self->device, NULL };

  leases_call_async (caller, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     g_variant_new ("(^aoa{sv})", devices, NULL), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                     answer);
  bed_wait (&answer->done);
}

static gboolean
has_lease (Fixture *self)
{
  g_autoptr (GVariant) objects = bed_get_managed_objects (&self->bed);
  GVariantIter iter;
  const char *path = NULL;
  gboolean found = FALSE;

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_next (&iter, "{&o@a{sa{sv}}}", &path, NULL))
    found = found || g_str_has_prefix (path, IOMMUD_DBUS_LEASES_PATH "/");
  return found;
}

/* Nothing that a lease has is there any more. What the service had open for a moment when it was
 * counted may be gone, too. */
static void
wait_until_as_before (Fixture *self)
{
  while (has_lease (self) || count_files (get_pid (self->daemon)) > self->n_files)
    g_main_context_iteration (NULL, FALSE);
  bed_assert (&self->bed, self->device, "State", "'available'");
}

static void
wait_until_kept (Fixture *self, guint n_files)
{
  while (self->manager->kept->len != n_files)
    bed_iterate ();
}

static void
check_kept (Fixture *self, const LeaseAnswer *answer)
{
  g_autofree char *name = NULL;
  const char *path = NULL;

  g_variant_get_child (answer->reply, 0, "&o", &path);
  name = g_strdup_printf ("lease-%s", strrchr (path, '/') + 1);
  while (manager_find (self->manager, name) == NULL)
    bed_iterate ();
}

static void
check_refused (const LeaseAnswer *answer)
{
  g_autofree char *name = g_dbus_error_get_remote_error (answer->error);

  g_assert_cmpstr (name, ==, "org.iommud1.Error.LimitsExceeded");
}

/* With so much room. Whether there is a lease. */
static gboolean
try_to_lease (Fixture *self, guint n_free, LeaseAnswer *answer)
{
  pid_t pid = get_pid (self->daemon);

  leave_room (pid, n_free);
  lease (self, self->bed.client, answer);
  set_limit (pid, RLIM_INFINITY);
  g_test_message ("%u free: %s", n_free, answer->error != NULL ? answer->error->message : "yes");
  if (answer->error != NULL)
    check_refused (answer);
  return answer->error == NULL;
}

/* With each number of files that there can be room for. What a lease needs lies between none and
 * all of that; returns how much it is. */
static guint
try_each (Fixture *self)
{
  guint n_refused = 0;

  for (guint n_free = 0; n_free <= MAX_FREE; n_free++)
    {
      LeaseAnswer answer;

      if (try_to_lease (self, n_free, &answer))
        check_kept (self, &answer);
      else
        n_refused++;
      lease_answer_clear (&answer);
      wait_until_as_before (self);
      wait_until_kept (self, 0);
    }
  g_assert_cmpuint (n_refused, >, 0);
  g_assert_cmpuint (n_refused, <=, MAX_FREE);
  return n_refused;
}

static void
test_service (Fixture *self, gconstpointer unused)
{
  try_each (self);
}

/* How many messages the manager's socket takes of one sender, at once. */
static guint
send_messages (const struct sockaddr_un *address)
{
  int file = socket (AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  guint n = 0;

  while (sendto (file, "STATUS=", 7, 0, (const struct sockaddr *) address, sizeof *address) == 7)
    n++;
  g_assert_cmpint (errno, ==, EAGAIN);
  close (file);
  return n;
}

/* The manager has so much to read that its socket takes nothing more. What one sender may have
 * under way can be less than that. */
static void
fill_socket (Manager *manager)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, manager->address, sizeof address.sun_path);
  manager_listen (manager, FALSE);
  while (send_messages (&address) > 0)
    continue;
}

/* The guard can be sent only later, and needs room until then. */
static void
test_busy_manager (Fixture *self, gconstpointer unused)
{
  guint n_needed = try_each (self);
  LeaseAnswer answer;

  fill_socket (self->manager);
  g_assert_false (try_to_lease (self, n_needed, &answer));
  g_assert_nonnull (strstr (answer.error->message, "could not be kept"));
  lease_answer_clear (&answer);
  manager_listen (self->manager, TRUE);
  wait_until_as_before (self);

  fill_socket (self->manager);
  g_assert_true (try_to_lease (self, n_needed + 1, &answer));
  manager_listen (self->manager, TRUE);
  check_kept (self, &answer);
  lease_answer_clear (&answer);
  wait_until_as_before (self);
  wait_until_kept (self, 0);
}

/* --- The bus's table -------------------------------------------------------------------------- */

/* The bus closes the connection of who sends files that it has no room for. Then nobody has been
 * given anything, the service comes back, and has what it had before. */
static void
test_bus (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = bed_create (&self->bed, "{'name': <'vm1'>}");
  pid_t pid = get_pid (self->bed.bus);
  guint n_leased = 0;
  guint n_lost = 0;

  self->n_files = count_files (get_pid (self->daemon));
  for (guint n_free = 0; n_free < 8; n_free++)
    {
      LeaseAnswer answer;

      leave_room (pid, n_free);
      lease (self, self->bed.client, &answer);
      set_limit (pid, RLIM_INFINITY);
      g_test_message ("%u free: %s", n_free, answer.error != NULL ? answer.error->message : "yes");
      n_leased += answer.error == NULL ? 1 : 0;
      n_lost += answer.error != NULL ? 1 : 0;
      lease_answer_clear (&answer);
      daemon_wait_for_name (self->bed.address);
      wait_until_as_before (self);
      wait_until_kept (self, 1);
    }
  bed_assert (&self->bed, container, "Name", "'vm1'");
  g_assert_cmpuint (n_leased, >, 0);
  g_assert_cmpuint (n_lost, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/full-tables/service", Fixture, NULL, set_up, test_service, tear_down);
  g_test_add ("/full-tables/busy-manager", Fixture, NULL, set_up, test_busy_manager, tear_down);
  g_test_add ("/full-tables/bus", Fixture, NULL, set_up, test_bus, tear_down);
  return g_test_run ();
}
