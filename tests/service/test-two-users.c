/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program on a bus with the policy of the system bus, two users who are not root, their grants,
 * and a polkit: each has what is theirs, whatever the other one does. */
#include <unistd.h>

#include "bed.h"
#include "config-folder.h"
#include "daemon.h"
#include "fake-polkit.h"
#include "users.h"

#define ALICE 65534
#define BOB 1
#define ALICES "0000:01:00.0"
#define BOBS "0000:81:00.0"

typedef struct
{
  char *address;
  char *folder;
  GSubprocess *bus;
  GSubprocess *daemon;
  GDBusConnection *alice;
  GDBusConnection *bob;
} Fixture;

static const char grants[] = "[alice]\nusers=65534\ndevices=" ALICES "\n"
                             "[bob]\nusers=1\ndevices=" BOBS "\n";

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autofree char *option = NULL;

  if (!users_can_be_two ())
    return;
  self->bus = bed_start_bus_with (G_TEST_BUILT, "policy-bus.conf", &self->address);
  self->folder = config_folder_new ();
  config_folder_write (self->folder, "grants.d/both.conf", grants);
  config_folder_write (self->folder, "iommud.conf", "[quotas]\ncontainers=3\n");
  option = g_strdup_printf ("--config-dir=%s", self->folder);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", self->address, TRUE);
  self->daemon = daemon_spawn (G_SUBPROCESS_FLAGS_NONE,
                               (const char *const[]){ "--system", "--simulate", option, NULL });
  daemon_wait_for_name (self->address);
  self->alice = users_connect (self->address, ALICE);
  self->bob = users_connect (self->address, BOB);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  if (!users_can_be_two ())
    return;
  bed_disconnect (self->bob);
  bed_disconnect (self->alice);
  daemon_stop (self->daemon);
  bed_stop_bus (self->bus);
  config_folder_free (self->folder);
  g_free (self->address);
}

typedef struct
{
  gboolean done;
  GVariant *reply;
  GError *error;
} Answer;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  answer->reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &answer->error);
  answer->done = TRUE;
}

/* The name of the error that the call gets, owned; NULL: it succeeds, and returns that path. */
static char *
call (GDBusConnection *caller, const char *path, const char *method, GVariant *arguments,
      char **returned)
{
  Answer answer = { FALSE, NULL, NULL };
  char *name = NULL;

  g_dbus_connection_call (caller, IOMMUD_DBUS_BUS_NAME, path, bed_interface_of (path, method),
                          method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer,
                          &answer);
  bed_wait (&answer.done);
  if (answer.error != NULL)
    {
      g_test_message ("%s: %s", method, answer.error->message);
      name = g_dbus_error_get_remote_error (answer.error);
      g_error_free (answer.error);
      return name;
    }
  if (returned != NULL)
    g_variant_get (answer.reply, "(o)", returned);
  g_variant_unref (answer.reply);
  return NULL;
}

static void
succeed (GDBusConnection *caller, const char *path, const char *method, GVariant *arguments,
         char **returned)
{
  g_autofree char *error = call (caller, path, method, arguments, returned);

  g_assert_cmpstr (error, ==, NULL);
}

static void
fail (GDBusConnection *caller, const char *path, const char *method, GVariant *arguments,
      const char *expected)
{
  g_autofree char *error = call (caller, path, method, arguments, NULL);

  g_assert_cmpstr (error, ==, expected);
}

static char *
find (GDBusConnection *caller, const char *device)
{
  char *path = NULL;

  succeed (caller, IOMMUD_DBUS_MANAGER_PATH, "FindDevice", g_variant_new ("(s)", device), &path);
  return path;
}

static char *
create (GDBusConnection *caller)
{
  char *path = NULL;

  succeed (caller, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL), &path);
  return path;
}

#define NOT_AUTHORIZED "org.iommud1.Error.NotAuthorized"
#define LIMITS_EXCEEDED "org.iommud1.Error.LimitsExceeded"

static void
test_apart (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = NULL;
  g_autofree char *device = NULL;
  g_autofree char *others = NULL;

  if (self->bus == NULL)
    {
      g_test_skip ("only root can be two users");
      return;
    }
  container = create (self->alice);
  device = find (self->alice, ALICES);
  others = find (self->bob, BOBS);
  succeed (self->alice, container, "AttachDevice", bed_device_arguments (device, NULL), NULL);
  fail (self->bob, container, "Free", bed_options ("{'force': <true>}"), NOT_AUTHORIZED);
  fail (self->bob, container, "AttachDevice", bed_device_arguments (others, NULL), NOT_AUTHORIZED);
  fail (self->bob, device, "Detach", bed_options (NULL), NOT_AUTHORIZED);
  fail (self->alice, container, "AttachDevice", bed_device_arguments (others, NULL),
        NOT_AUTHORIZED);
  succeed (self->alice, device, "Detach", bed_options (NULL), NULL);
  succeed (self->alice, container, "Free", bed_options (NULL), NULL);
}

/* What one user uses up is not missing to the other one. */
static void
test_quotas (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) containers = g_ptr_array_new_with_free_func (g_free);

  if (self->bus == NULL)
    {
      g_test_skip ("only root can be two users");
      return;
    }
  for (guint i = 0; i < 3; i++)
    g_ptr_array_add (containers, create (self->alice));
  fail (self->alice, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
        LIMITS_EXCEEDED);
  g_ptr_array_add (containers, create (self->bob));
  succeed (self->alice, containers->pdata[0], "Free", bed_options (NULL), NULL);
  g_free (create (self->alice));
}

/* polkit is asked on the system bus, about the user who calls. */
static void
test_polkit (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = NULL;
  g_autofree char *others = NULL;
  g_autoptr (FakePolkit) polkit = NULL;

  if (self->bus == NULL)
    {
      g_test_skip ("only root can be two users");
      return;
    }
  container = create (self->alice);
  others = find (self->alice, BOBS);
  polkit = fake_polkit_new (self->address, FAKE_POLKIT_ALLOWS);
  succeed (self->alice, container, "AttachDevice", bed_device_arguments (others, NULL), NULL);
  g_assert_cmpstr (polkit->subjects->pdata[0], ==, g_dbus_connection_get_unique_name (self->alice));
  g_assert_cmpstr (polkit->actions->pdata[0], ==, "org.iommud1.lease-device");
  /* It is hers now. */
  polkit->mode = FAKE_POLKIT_REFUSES;
  succeed (self->alice, others, "Detach", bed_options (NULL), NULL);
  fail (self->bob, container, "Free", bed_options (NULL), NOT_AUTHORIZED);
  g_assert_cmpstr (polkit->subjects->pdata[1], ==, g_dbus_connection_get_unique_name (self->bob));
}

#define ADD(name, function)                                                                        \
  g_test_add ("/two-users/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("apart", test_apart);
  ADD ("quotas", test_quotas);
  ADD ("polkit", test_polkit);
  return g_test_run ();
}
