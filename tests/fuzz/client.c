/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that calls the service at random, over several connections, with many calls under way
 * at once. It is told by bytes at its standard input to pause, to go on and to end, and says that
 * it has paused. It fails if it gets an answer that no call may get. */
#include "config.h"

#include "client.h"

#include <errno.h>
#include <glib-unix.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answers.h"
#include "documented-errors.h"
#include "iommud-dbus-names.h"
#include "values.h"

#define N_CONNECTIONS 3
#define MOST_UNDER_WAY 48

typedef struct
{
  char *address;
  Pool pool;
  GHashTable *listed; /* errors: see documented-errors.h */
  GDBusConnection *connections[N_CONNECTIONS];
  guint n_under_way;
  gboolean paused;
  gboolean said_so; /* that it has paused */
  guint source;     /* while it calls */
} Client;

/* A call that is under way. */
typedef struct
{
  Client *client;
  AnsweredCall what;
} Call;

static void schedule (Client *self);

/* By the bus: nothing that a client sends is a reason for that. */
static void
on_closed (GDBusConnection *connection, gboolean vanished, const GError *error)
{
  answers_give_up ("the bus has closed the connection", error != NULL ? error->message : "");
}

static GDBusConnection *
connect_to_bus (Client *self)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (self->address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                                  | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  if (connection == NULL)
    answers_give_up ("connect", error->message);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), NULL);
  return connection;
}

static GDBusConnection *
pick_connection (Client *self)
{
  return self->connections[pool_below (&self->pool, N_CONNECTIONS)];
}

/* --- Answers ---------------------------------------------------------------------------------- */

static void
call_free (Call *self)
{
  g_free (self->what.path);
  g_free (self->what.interface);
  g_free (self->what.method);
  g_free (self);
}

static void
say_paused (Client *self)
{
  if (!self->paused || self->said_so || self->n_under_way > 0)
    return;
  pool_close_files (&self->pool, FALSE);
  self->said_so = TRUE;
  if (write (STDOUT_FILENO, "p\n", 2) != 2)
    _exit (0);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  Client *self = call->client;
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &files, result, &error);

  self->n_under_way--;
  if (reply == NULL)
    answers_check_error (&call->what, self->listed, error);
  else
    answers_take (&call->what, &self->pool, reply, files);
  call_free (call);
  say_paused (self);
  schedule (self);
}

/* --- Calls ------------------------------------------------------------------------------------ */

/* Some are given up at once; of some no answer is wanted. */
static void
start_call (Client *self, const char *path, const char *interface, const char *method,
            GVariant *arguments, GUnixFDList *files)
{
  g_autoptr (GCancellable) cancellable = pool_chance (&self->pool, 2) ? g_cancellable_new () : NULL;
  gboolean is_silent = pool_chance (&self->pool, 3);
  Call *call = is_silent ? NULL : g_new0 (Call, 1);

  if (!is_silent)
    {
      call->client = self;
      call->what.path = g_strdup (path);
      call->what.interface = g_strdup (interface);
      call->what.method = g_strdup (method);
      self->n_under_way++;
    }
  g_dbus_connection_call_with_unix_fd_list (
      pick_connection (self), IOMMUD_DBUS_BUS_NAME, path, interface, method, arguments, NULL,
      G_DBUS_CALL_FLAGS_NONE, G_MAXINT, files, cancellable, is_silent ? NULL : on_reply, call);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
}

static void
introspect (Client *self, const char *path)
{
  start_call (self, path, "org.freedesktop.DBus.Introspectable", "Introspect", NULL, NULL);
}

static void
list (Client *self)
{
  start_call (self, IOMMUD_DBUS_ROOT_PATH, "org.freedesktop.DBus.ObjectManager",
              "GetManagedObjects", NULL, NULL);
}

/* Otherwise there would soon be nothing left to call. */
static gboolean
spares (Client *self, const char *method)
{
  static const char *const ends[] = { "Free", "Release", "UnmapAll", "Detach", "CloseDevice" };

  for (gsize i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_str_equal (method, ends[i]))
      return pool_chance (&self->pool, 60);
  return FALSE;
}

static void
call_method (Client *self, const char *path, GDBusInterfaceInfo *interface)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  GDBusMethodInfo *method;
  guint n = 0;
  GVariant *arguments;

  while (interface->methods != NULL && interface->methods[n] != NULL)
    n++;
  if (n == 0)
    return;
  method = interface->methods[pool_below (&self->pool, n)];
  if (spares (self, method->name))
    return;
  arguments = pool_chance (&self->pool, 3) ? values_make_nonsense (&self->pool, files)
                                           : values_make_arguments (&self->pool, method, files);
  while (pool_chance (&self->pool, 5))
    values_add_file (&self->pool, files, pool_open_file (&self->pool));
  start_call (self, path, interface->name, method->name, arguments, files);
}

/* What every object has is not called as often. */
static void
call_object (Client *self, const char *path, GDBusNodeInfo *info)
{
  guint n = 0;

  while (info->interfaces != NULL && info->interfaces[n] != NULL)
    n++;
  for (guint i = n > 0 ? pool_below (&self->pool, n) : n; i < n; i++)
    if (g_str_has_prefix (info->interfaces[i]->name, "org.iommud1.")
        || pool_chance (&self->pool, 20))
      {
        call_method (self, path, info->interfaces[i]);
        return;
      }
}

/* An object of a kind that is not known yet says what it has, and some others do. */
static void
call_somebody (Client *self)
{
  g_autofree char *path =
      g_strdup (pool_chance (&self->pool, 25) ? IOMMUD_DBUS_MANAGER_PATH
                                              : pool_pick_path (&self->pool, NULL));
  GDBusNodeInfo *info = pool_find_info (&self->pool, path);

  if (info != NULL && pool_chance (&self->pool, 92))
    call_object (self, path, info);
  else
    introspect (self, path);
}

/* An object that is gone, with the methods of one that is there. */
static void
call_the_dead (Client *self)
{
  GDBusNodeInfo *info = pool_find_info (&self->pool, pool_pick_path (&self->pool, NULL));

  if (info != NULL)
    call_object (self, pool_pick_dead_path (&self->pool), info);
}

static void
use_properties (Client *self)
{
  const char *path = pool_pick_path (&self->pool, NULL);
  g_autofree char *name = values_make_string (&self->pool);
  GVariant *arguments = NULL;

  switch (pool_below (&self->pool, 3))
    {
    case 0:
      arguments = g_variant_new ("(ss)", "", name);
      start_call (self, path, "org.freedesktop.DBus.Properties", "Get", arguments, NULL);
      break;
    case 1:
      arguments = g_variant_new ("(s)", pool_chance (&self->pool, 50) ? "" : name);
      start_call (self, path, "org.freedesktop.DBus.Properties", "GetAll", arguments, NULL);
      break;
    default:
      arguments = g_variant_new ("(ssv)", IOMMUD_DBUS_DEVICE_INTERFACE, "Name",
                                 g_variant_new_string (name));
      start_call (self, path, "org.freedesktop.DBus.Properties", "Set", arguments, NULL);
      break;
    }
}

/* --- What is not a call ----------------------------------------------------------------------- */

/* It leaves the bus while calls are under way. */
static void
leave (Client *self)
{
  guint i = pool_below (&self->pool, N_CONNECTIONS);

  g_signal_handlers_disconnect_by_func (self->connections[i], on_closed, NULL);
  g_dbus_connection_close (self->connections[i], NULL, NULL, NULL);
  g_object_unref (self->connections[i]);
  self->connections[i] = connect_to_bus (self);
}

/* What a program may do to a file that it was given. */
static void
use_file (Client *self)
{
  PoolFile *file = pool_pick_file (&self->pool);
  char bytes[16] = "fuzz";
  int copy;

  if (file == NULL || (file->kind == POOL_FILE_GUARD && pool_chance (&self->pool, 50)))
    return;
  switch (pool_below (&self->pool, 5))
    {
    case 0:
      if (write (file->fd, bytes, sizeof bytes) < 0)
        errno = 0;
      break;
    case 1:
      shutdown (file->fd, SHUT_RDWR);
      break;
    case 2:
      copy = dup (file->fd);
      if (copy >= 0)
        close (copy);
      break;
    default:
      pool_close_file (&self->pool, file);
      break;
    }
}

/* A process that has copies of all files for a moment, and then ends. */
static void
fork_holder (Client *self)
{
  const struct timespec moment = { 0, 200 * 1000 * 1000 };

  if (fork () == 0)
    {
      close (STDIN_FILENO);
      close (STDOUT_FILENO);
      nanosleep (&moment, NULL);
      _exit (0);
    }
}

static const struct
{
  guint weight;
  void (*act) (Client *self);
} acts[] = {
  { 700, call_somebody }, { 25, list }, { 40, call_the_dead }, { 40, use_properties },
  { 60, use_file },       { 8, leave }, { 2, fork_holder },
};

static void
act (Client *self)
{
  guint sum = 0;
  guint chosen;

  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    sum += acts[i].weight;
  chosen = pool_below (&self->pool, sum);
  for (gsize i = 0; i < G_N_ELEMENTS (acts); i++)
    {
      if (chosen < acts[i].weight)
        {
          acts[i].act (self);
          return;
        }
      chosen -= acts[i].weight;
    }
}

static gboolean
on_idle (gpointer user_data)
{
  Client *self = user_data;

  if (self->paused || self->n_under_way >= MOST_UNDER_WAY)
    {
      self->source = 0;
      return G_SOURCE_REMOVE;
    }
  act (self);
  return G_SOURCE_CONTINUE;
}

static void
schedule (Client *self)
{
  if (!self->paused && self->source == 0 && self->n_under_way < MOST_UNDER_WAY)
    self->source = g_idle_add (on_idle, self);
}

/* --- The program ------------------------------------------------------------------------------ */

static gboolean
on_order (int fd, GIOCondition condition, gpointer user_data)
{
  Client *self = user_data;
  char order = 'e';

  if (read (fd, &order, 1) != 1 || order == 'e')
    _exit (0);
  self->paused = order == 'p';
  self->said_so = FALSE;
  say_paused (self);
  schedule (self);
  return G_SOURCE_CONTINUE;
}

/* A process that may be traced belongs to its user in /proc. */
static void
become (guint uid)
{
  if (uid != getuid ()
      && (setgroups (0, NULL) != 0 || setresgid (uid, uid, uid) != 0
          || setresuid (uid, uid, uid) != 0))
    answers_give_up ("become another user", g_strerror (errno));
  prctl (PR_SET_DUMPABLE, 1);
}

int
client_main (const char *address, guint uid, guint32 seed)
{
  Client self = { .address = g_strdup (address) };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  self.listed = documented_errors_read ();
  become (uid);
  signal (SIGCHLD, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  pool_init (&self.pool, uid, seed);
  pool_learn_path (&self.pool, IOMMUD_DBUS_MANAGER_PATH, FALSE);
  for (guint i = 0; i < N_CONNECTIONS; i++)
    self.connections[i] = connect_to_bus (&self);
  g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_order, &self);
  list (&self);
  schedule (&self);
  g_main_loop_run (loop);
  return 0;
}
