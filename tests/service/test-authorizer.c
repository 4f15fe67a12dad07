/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a caller has what a call needs: at the first look, before the configuration is known, and
 * once more before something is handed out. */
#include "access/authorizer.h"

#include "bed.h"
#include "config-folder.h"

#define USER 1001
#define DEVICE "0000:01:00.0"
#define DEVICE_PATH "/device"
#define CONTAINER_PATH "/container"

typedef struct
{
  char *folder;
  IommudSimulator *simulator;
  IommudHost *host;
  IommudDevice *device;
  IommudContainer *container;
  IommudObjects *objects;
  IommudAuthorizer *authorizer;
  IommudCaller *caller;
  IommudNeeds *needs; /* of the last call */
} Fixture;

typedef struct
{
  gboolean done;
  GError *error;
} Answer;

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  g_autoptr (GError) error = NULL;

  self->folder = config_folder_new ();
  self->simulator = iommud_simulator_new (NULL, &error);
  g_assert_no_error (error);
  self->host = iommud_host_new (IOMMUD_BACKEND (self->simulator), &error);
  g_assert_no_error (error);
  self->device = iommud_host_find_device (self->host, DEVICE, NULL);
  g_object_set (options, "owner", (guint) USER, NULL);
  self->container = iommud_host_create_container (self->host, options, NULL, &error);
  g_assert_no_error (error);
  self->objects = iommud_objects_new ();
  iommud_objects_add (self->objects, DEVICE_PATH, self->device);
  iommud_objects_add (self->objects, CONTAINER_PATH, self->container);
  self->caller = iommud_caller_new (":1.1");
  self->caller->uid = USER;
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_clear_pointer (&self->needs, iommud_needs_free);
  iommud_authorizer_close (self->authorizer);
  iommud_authorizer_free (self->authorizer);
  iommud_caller_unref (self->caller);
  iommud_objects_free (self->objects);
  g_object_unref (self->container);
  g_object_unref (self->host);
  g_object_unref (self->simulator);
  config_folder_free (self->folder);
}

static void
start (Fixture *self)
{
  IommudPolicy policy = iommud_policy_for_system_bus ();

  policy.config_dir = self->folder;
  self->authorizer = iommud_authorizer_new (&policy, NULL, NULL, NULL);
}

static void
grant (Fixture *self)
{
  config_folder_write (self->folder, "grants.d/a.conf", "[a]\nusers=1001\ndrivers=vfio-pci\n");
}

static IommudRequest
get_request (Fixture *self)
{
  return (IommudRequest){ self->caller, self->needs, "org.iommud1.Lease", "OpenDevice" };
}

static void
on_answer (GError *error, gpointer user_data)
{
  Answer *answer = user_data;

  answer->done = TRUE;
  answer->error = error;
}

/* A call for the container, with these arguments. */
static void
begin (Fixture *self, IommudAccess access, const char *arguments, Answer *answer)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (arguments));
  IommudRequest request;

  g_clear_pointer (&self->needs, iommud_needs_free);
  self->needs = iommud_needs_new (access, G_OBJECT (self->container), value, self->objects);
  request = get_request (self);
  iommud_authorizer_check (self->authorizer, &request, on_answer, answer);
}

static gboolean
check (Fixture *self, IommudAccess access, const char *arguments)
{
  Answer answer = { FALSE, NULL };
  g_autoptr (GError) error = NULL;

  begin (self, access, arguments, &answer);
  bed_wait (&answer.done);
  error = answer.error;
  if (error != NULL)
    g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
  return error == NULL;
}

static gboolean
recheck (Fixture *self)
{
  const IommudRequest request = get_request (self);
  g_autoptr (GError) error = NULL;
  gboolean holds = iommud_authorizer_recheck (self->authorizer, &request, &error);

  if (!holds)
    {
      g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
      g_assert_nonnull (strstr (error->message, "it has been withdrawn"));
    }
  return holds;
}

/* A call that comes before the grants are known waits for them. What needs none does not. */
static void
test_early (Fixture *self, gconstpointer unused)
{
  Answer answer = { FALSE, NULL };

  grant (self);
  start (self);
  begin (self, IOMMUD_ACCESS_OWNER, "(@a{sv} {},)", &answer);
  g_assert_true (answer.done);
  g_assert_no_error (answer.error);
  answer.done = FALSE;
  begin (self, IOMMUD_ACCESS_OWNER, "(objectpath '/device',)", &answer);
  g_assert_false (answer.done);
  bed_wait (&answer.done);
  g_assert_no_error (answer.error);
}

/* The service ends meanwhile. */
static void
test_closed (Fixture *self, gconstpointer unused)
{
  Answer answer = { FALSE, NULL };

  start (self);
  begin (self, IOMMUD_ACCESS_OWNER, "(objectpath '/device',)", &answer);
  g_assert_false (answer.done);
  iommud_authorizer_close (self->authorizer);
  g_assert_true (answer.done);
  g_assert_error (answer.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&answer.error);
}

/* A device counts wherever a path stands. */
static void
test_places (Fixture *self, gconstpointer unused)
{
  static const char *const arguments[] = {
    "(objectpath '/device', @a{sv} {})",
    "([objectpath '/device'], @a{sv} {})",
    "([objectpath '/container', '/device'], @a{sv} {})",
    "('text', {'device': <objectpath '/device'>})",
    "({'devices': <[objectpath '/container', '/device']>},)",
    "({'nested': <{'deep': <objectpath '/device'>}>},)",
  };

  start (self);
  for (gsize i = 0; i < G_N_ELEMENTS (arguments); i++)
    {
      g_test_message ("%s", arguments[i]);
      g_assert_false (check (self, IOMMUD_ACCESS_OWNER, arguments[i]));
    }
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, "({'name': <'/device'>},)"));
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, "(objectpath '/none', @a{sv} {})"));
}

/* Containers of another user. */
static void
add_objects (Fixture *self, GPtrArray *containers, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *path = g_strdup_printf ("/others/%u", i);
      IommudContainer *container = iommud_host_create_container (self->host, NULL, NULL, NULL);

      iommud_objects_add (self->objects, path, container);
      g_ptr_array_add (containers, container);
    }
}

/* One object counts once, however often it is named. */
static void
test_many_objects (Fixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) containers = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GString) arguments = g_string_new ("([objectpath '/container'");
  Answer answer = { FALSE, NULL };

  start (self);
  for (guint i = 0; i < 5000; i++)
    g_string_append (arguments, ", '/container'");
  g_string_append (arguments, "],)");
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, arguments->str));
  add_objects (self, containers, IOMMUD_NEEDS_MAX_OBJECTS + 1);
  g_string_assign (arguments, "([objectpath '/others/0'");
  for (guint i = 1; i <= IOMMUD_NEEDS_MAX_OBJECTS; i++)
    {
      g_autofree char *all = g_strconcat (arguments->str, "],)", NULL);

      g_assert_false (check (self, IOMMUD_ACCESS_OWNER, all));
      g_string_append_printf (arguments, ", '/others/%u'", i);
    }
  g_string_append (arguments, "],)");
  begin (self, IOMMUD_ACCESS_OWNER, arguments->str, &answer);
  bed_wait (&answer.done);
  g_assert_error (answer.error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  g_clear_error (&answer.error);
}

/* What a row asks for, of a user without grants and of one with a grant. */
static void
test_accesses (Fixture *self, gconstpointer unused)
{
  start (self);
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, "(@a{sv} {},)"));
  g_assert_false (check (self, IOMMUD_ACCESS_USE_CONTAINERS, "(@a{sv} {},)"));
  g_assert_false (check (self, IOMMUD_ACCESS_LEASE_DEVICE, "(@a{sv} {},)"));
  iommud_authorizer_close (self->authorizer);
  iommud_authorizer_free (self->authorizer);
  grant (self);
  start (self);
  g_assert_true (check (self, IOMMUD_ACCESS_USE_CONTAINERS, "(@a{sv} {},)"));
  g_assert_true (check (self, IOMMUD_ACCESS_LEASE_DEVICE, "(@a{sv} {},)"));
  g_assert_true (check (self, IOMMUD_ACCESS_LEASE_DEVICE, "([objectpath '/device'], @a{sv} {})"));
  g_assert_false (check (self, IOMMUD_ACCESS_MANAGE, "(@a{sv} {},)"));
  g_assert_false (check (self, IOMMUD_ACCESS_CONFIGURE, "(@a{sv} {},)"));
  self->caller->uid = USER + 1;
  g_assert_false (check (self, IOMMUD_ACCESS_OWNER, "(@a{sv} {},)"));
  self->caller->uid = 0;
  g_assert_true (check (self, IOMMUD_ACCESS_CONFIGURE, "(@a{sv} {},)"));
}

/* A grant that is withdrawn while a call is under way, even if the device is the caller's by
 * then. */
static void
test_withdrawn (Fixture *self, gconstpointer unused)
{
  grant (self);
  start (self);
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, "(objectpath '/device', @a{sv} {})"));
  g_assert_true (recheck (self));
  g_assert_true (
      iommud_container_attach_device (self->container, self->device, NULL, NULL, NULL, NULL));
  g_assert_true (recheck (self));
  config_folder_remove (self->folder, "grants.d/a.conf");
  while (recheck (self))
    bed_iterate ();
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, "(objectpath '/device', @a{sv} {})"));
  g_assert_true (recheck (self));
  g_assert_true (iommud_device_detach (self->device, NULL, NULL));
  g_assert_false (recheck (self));
}

/* An object that leaves the bus while a call is under way. */
static void
test_gone (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  grant (self);
  start (self);
  g_assert_true (check (self, IOMMUD_ACCESS_OWNER, "(objectpath '/device', @a{sv} {})"));
  g_assert_true (iommud_needs_check_objects (self->needs, self->objects, &error));
  iommud_objects_remove (self->objects, self->container); /* that is called; its export is gone */
  g_assert_true (iommud_needs_check_objects (self->needs, self->objects, &error));
  iommud_objects_remove (self->objects, self->device);
  g_assert_false (iommud_needs_check_objects (self->needs, self->objects, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/authorizer/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("early", test_early);
  ADD ("closed", test_closed);
  ADD ("places", test_places);
  ADD ("many-objects", test_many_objects);
  ADD ("accesses", test_accesses);
  ADD ("withdrawn", test_withdrawn);
  ADD ("gone", test_gone);
  return g_test_run ();
}
