/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A user who asks for all that a grant allows, without a pause, from many connections: it leases
 * devices, opens them, makes containers, attaches, maps, asks for holders, and gives all of it back
 * by closing the guard. What is refused is asked for again. */
#include "greedy-user.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "bed.h"
#include "users.h"
#include "workload.h"

#define LENGTH (G_GUINT64_CONSTANT (1) << 20)

typedef struct
{
  GDBusConnection *connection;
  char *devices[2]; /* their paths */
  char *lease;      /* or NULL */
  char *container;  /* or NULL */
  GUnixFDList *files;
  int memory;
  guint step;
} User;

static void go_on (User *self);

static void
forget (User *self)
{
  g_clear_object (&self->files);
  g_clear_pointer (&self->lease, g_free);
  g_clear_pointer (&self->container, g_free);
  self->step = 0;
}

/* What an answer brings: the path of what was made, and the files of a lease. */
static void
take (User *self, GVariant *reply, GUnixFDList *files)
{
  char **path = self->lease == NULL ? &self->lease : &self->container;

  if (g_str_has_prefix (g_variant_get_type_string (reply), "(o") && *path == NULL)
    g_variant_get_child (reply, 0, "o", path);
  if (self->files == NULL && files != NULL)
    self->files = g_object_ref (files);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  User *self = user_data;
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
      G_DBUS_CONNECTION (source), &files, result, NULL);

  if (reply != NULL)
    take (self, reply, files);
  go_on (self);
}

static void
call (User *self, const char *path, const char *interface, const char *method, GVariant *arguments,
      GUnixFDList *files)
{
  g_dbus_connection_call_with_unix_fd_list (self->connection, IOMMUD_DBUS_BUS_NAME, path, interface,
                                            method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                                            G_MAXINT, files, NULL, on_answer, self);
}

static void
lease (User *self)
{
  const char *const devices[] = { self->devices[0], NULL };

  call (self, IOMMUD_DBUS_MANAGER_PATH, IOMMUD_DBUS_MANAGER_INTERFACE, "LeaseDevices",
        g_variant_new ("(^aoa{sv})", devices, NULL), NULL);
}

static void
open_iommufd (User *self)
{
  call (self, self->lease, IOMMUD_DBUS_LEASE_INTERFACE, "OpenIommufd", bed_options (NULL), NULL);
}

static void
create_container (User *self)
{
  call (self, self->lease, IOMMUD_DBUS_LEASE_INTERFACE, "CreateContainer", bed_options (NULL),
        NULL);
}

static void
open_device (User *self)
{
  call (self, self->lease, IOMMUD_DBUS_LEASE_INTERFACE, "OpenDevice",
        bed_device_arguments (self->devices[1], NULL), NULL);
}

static void
attach (User *self)
{
  call (self, self->container, IOMMUD_DBUS_CONTAINER_INTERFACE, "AttachDevice",
        bed_device_arguments (self->devices[1], NULL), NULL);
}

static void
ask_for_holders (User *self)
{
  call (self, self->devices[0], IOMMUD_DBUS_DEVICE_INTERFACE, "GetHolders", bed_options (NULL),
        NULL);
}

static void
map (User *self)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();

  g_unix_fd_list_append (files, self->memory, NULL);
  call (
      self, self->container, IOMMUD_DBUS_MEMORY_INTERFACE, "MapFile",
      g_variant_new_parsed ("(@h 0, @t 0, %t, %t, {'fixed': <true>})", LENGTH, self->step * LENGTH),
      files);
}

static const struct
{
  void (*ask) (User *self);
  gboolean needs_container;
} steps[] = {
  { lease, FALSE },       { open_iommufd, FALSE }, { create_container, FALSE },
  { map, TRUE },          { map, TRUE },           { ask_for_holders, FALSE },
  { attach, TRUE },       { map, TRUE },           { map, TRUE },
  { open_device, FALSE },
};

static void
go_on (User *self)
{
  if (self->step == G_N_ELEMENTS (steps) || (self->step > 0 && self->lease == NULL))
    forget (self);
  if (steps[self->step].needs_container && self->container == NULL)
    self->step = G_N_ELEMENTS (steps) - 1;
  steps[self->step++].ask (self);
}

static void
begin (GDBusConnection *connection, guint number)
{
  User *self = g_new0 (User, 1);

  self->connection = connection;
  self->memory = workload_make_file (LENGTH);
  for (guint i = 0; i < G_N_ELEMENTS (self->devices); i++)
    self->devices[i] = g_strdup_printf ("%s/0000_3a%02x_3a%02x_2e0", IOMMUD_DBUS_DEVICES_PATH,
                                        (2 * number + i) / 32, (2 * number + i) % 32);
  go_on (self);
}

void
greedy_user_start (const char *address, uid_t uid)
{
  GDBusConnection *connections[GREEDY_USER_CONNECTIONS];

  for (guint i = 0; i < GREEDY_USER_CONNECTIONS; i++)
    connections[i] = users_connect (address, uid);
  for (guint i = 0; i < GREEDY_USER_LEASES; i++)
    begin (connections[i % GREEDY_USER_CONNECTIONS], i);
}
