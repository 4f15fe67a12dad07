/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What polkit lets a user do who has no grant for it, and what a polkit that is absent, hangs, dies
 * or answers nonsense costs: the caller its call, and nobody else anything. */
#include "access/polkit.h"

#include "access-bed.h"
#include "config-folder.h"
#include "fake-polkit.h"
#include "users.h"

#define DEVICE "0000:01:00.0"
#define OTHER "0000:02:00.0"

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

static void
start_as (GDBusConnection *caller, const char *path, const char *method, GVariant *arguments,
          GDBusCallFlags flags, Answer *answer)
{
  g_dbus_connection_call (caller, IOMMUD_DBUS_BUS_NAME, path, bed_interface_of (path, method),
                          method, arguments, NULL, flags, -1, NULL, on_answer, answer);
}

static void
start (AccessBed *self, const char *path, const char *method, GVariant *arguments, Answer *answer)
{
  start_as (self->bed->client, path, method, arguments, G_DBUS_CALL_FLAGS_NONE, answer);
}

static void
start_create (AccessBed *self, Answer *answer)
{
  start (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL), answer);
}

static void
expect_error (Answer *answer, IommudError code, const char *pattern)
{
  bed_wait (&answer->done);
  g_assert_error (answer->error, IOMMUD_ERROR, (gint) code);
  g_dbus_error_strip_remote_error (answer->error);
  if (!g_pattern_match_simple (pattern, answer->error->message))
    g_error ("'%s' does not match '%s'", answer->error->message, pattern);
  g_clear_error (&answer->error);
}

static void
expect_container (AccessBed *self, Answer *answer)
{
  g_autofree char *path = NULL;

  bed_wait (&answer->done);
  g_assert_no_error (answer->error);
  g_variant_get (answer->reply, "(o)", &path);
  g_clear_pointer (&answer->reply, g_variant_unref);
  bed_call_ok (self->bed, path, "Free", bed_options ("{'force': <true>}"));
}

static void
wait_until_asked (FakePolkit *polkit, guint n)
{
  while (polkit->n_asked < n)
    bed_iterate ();
}

/* --- Answers ---------------------------------------------------------------------------------- */

/* Each thing that is missing is asked for by its own action. */
static void
test_allows (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_ALLOWS);
  g_autofree char *container = bed_create (self->bed, NULL);
  g_autofree char *device = bed_device (self->bed, DEVICE);
  g_autofree char *hwpt G_GNUC_UNUSED = NULL;

  g_assert_cmpstr (polkit->actions->pdata[0], ==, "org.iommud1.use-containers");
  g_assert_cmpstr (polkit->subjects->pdata[0], ==,
                   g_dbus_connection_get_unique_name (self->bed->client));
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "device"), ==, "-");
  hwpt = bed_attach (self->bed, container, device);
  g_assert_cmpstr (polkit->actions->pdata[1], ==, "org.iommud1.lease-device");
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "device"), ==, DEVICE);
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "driver"), ==, "vfio-pci");
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "method"), ==,
                   "org.iommud1.Container.AttachDevice");
  g_assert_nonnull (fake_polkit_get_detail (polkit, "product"));
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "group"), !=, "-");
  bed_call_ok (self->bed, self->others_path, "SetAllowedIovas",
               g_variant_new_parsed ("(@a(tt) [], @a{sv} {})"));
  g_assert_cmpstr (polkit->actions->pdata[2], ==, "org.iommud1.manage");
  g_assert_cmpuint (polkit->n_asked, ==, 3);
  /* What is the user's, by now or by a grant, is not asked about. */
  bed_call_ok (self->bed, device, "Detach", bed_options (NULL));
  bed_call_ok (self->bed, container, "Free", bed_options (NULL));
  g_assert_cmpuint (polkit->n_asked, ==, 3);
}

static void
test_granted (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_REFUSES);
  g_autofree char *container = bed_create (self->bed, NULL);
  g_autofree char *device = bed_device (self->bed, DEVICE);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (self->bed, container, device);

  g_assert_cmpuint (polkit->n_asked, ==, 0);
  bed_call_ok (self->bed, container, "Free", bed_options ("{'force': <true>}"));
}

/* Two things are missing: one answer for each. */
static void
test_two_actions (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autofree char *device = bed_device (self->bed, DEVICE);
  Answer answer = { FALSE, NULL, NULL };

  start (self, self->others_path, "AttachDevice", bed_device_arguments (device, NULL), &answer);
  wait_until_asked (polkit, 1);
  fake_polkit_answer (polkit, TRUE);
  wait_until_asked (polkit, 2);
  g_assert_false (answer.done);
  g_assert_cmpstr (polkit->actions->pdata[0], ==, "org.iommud1.lease-device");
  g_assert_cmpstr (polkit->actions->pdata[1], ==, "org.iommud1.manage");
  g_assert_cmpstr (fake_polkit_get_detail (polkit, "device"), ==, "-");
  fake_polkit_answer (polkit, FALSE);
  expect_error (&answer, IOMMUD_ERROR_NOT_AUTHORIZED, "*polkit does not allow org.iommud1.manage");
}

static void
expect_refusal (AccessBed *self, FakePolkitMode mode, const char *pattern)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, mode);

  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
                     pattern);
  g_assert_cmpuint (polkit->n_asked, ==, 1);
}

static void
test_refusals (AccessBed *self, gconstpointer unused)
{
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
                     "*no grant is for that user, and otherwise only root may");
  expect_refusal (self, FAKE_POLKIT_REFUSES, "*polkit does not allow org.iommud1.use-containers");
  expect_refusal (self, FAKE_POLKIT_CHALLENGES,
                  "*polkit wants a password for org.iommud1.use-containers*"
                  "ALLOW_INTERACTIVE_AUTHORIZATION*");
  expect_refusal (self, FAKE_POLKIT_FAILS,
                  "*polkit cannot be asked about org.iommud1.use-containers: The action is not "
                  "registered");
  expect_refusal (self, FAKE_POLKIT_BABBLES, "*polkit cannot be asked about *");
}

/* A password is asked for only if the caller lets it. */
static void
test_interactive (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit G_GNUC_UNUSED =
      fake_polkit_new (self->bed->address, FAKE_POLKIT_CHALLENGES);
  Answer answer = { FALSE, NULL, NULL };

  start_as (self->bed->client, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
            G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, &answer);
  expect_container (self, &answer);
}

/* --- A polkit that does not answer ------------------------------------------------------------ */

/* A hanging question costs its caller one call. */
static void
test_hangs (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  Answer answer = { FALSE, NULL, NULL };

  start_create (self, &answer);
  wait_until_asked (polkit, 1);
  bed_assert (self->bed, self->others_path, "Name", "'others'");
  g_assert_false (answer.done);
  fake_polkit_answer (polkit, TRUE);
  expect_container (self, &answer);
}

static void
test_dies (AccessBed *self, gconstpointer unused)
{
  FakePolkit *polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  Answer answer = { FALSE, NULL, NULL };

  start_create (self, &answer);
  wait_until_asked (polkit, 1);
  fake_polkit_free (polkit);
  expect_error (&answer, IOMMUD_ERROR_NOT_AUTHORIZED,
                "*polkit ended while it was asked about org.iommud1.use-containers");
}

/* The window with the password is closed. */
static void
test_caller_leaves (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  GDBusConnection *leaver = users_connect (self->bed->address, self->uid);
  Answer answer = { FALSE, NULL, NULL };
  Answer later = { FALSE, NULL, NULL };

  start_as (leaver, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
            G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, &answer);
  wait_until_asked (polkit, 1);
  bed_disconnect (leaver);
  while (polkit->n_cancelled == 0)
    bed_iterate ();
  bed_wait (&answer.done);
  g_clear_error (&answer.error);
  fake_polkit_answer (polkit, TRUE);
  start_create (self, &later);
  wait_until_asked (polkit, 2);
  fake_polkit_answer (polkit, TRUE);
  expect_container (self, &later);
  g_assert_cmpuint (g_list_model_get_n_items (iommud_host_get_containers (self->bed->host)), ==, 1);
}

/* Nobody waits for polkit when the service leaves the bus. */
static void
test_service_leaves (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  static Answer answer = { FALSE, NULL, NULL };

  start_create (self, &answer);
  wait_until_asked (polkit, 1);
  g_clear_object (&self->bed->service);
  while (polkit->n_cancelled == 0)
    bed_iterate ();
}

/* --- How many --------------------------------------------------------------------------------- */

/* More calls than may wait, on the bus. */
static void
test_many_calls (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  GDBusConnection *callers[4] = { NULL };
  Answer answers[4][100] = { 0 };
  guint n_refused = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (callers); i++)
    {
      callers[i] = users_connect (self->bed->address, self->uid);
      for (gsize j = 0; j < G_N_ELEMENTS (answers[i]); j++)
        start_as (callers[i], IOMMUD_DBUS_MANAGER_PATH, "CreateContainer", bed_options (NULL),
                  G_DBUS_CALL_FLAGS_NONE, &answers[i][j]);
    }
  /* Those that wait, and those that are asked. */
  while (n_refused < 400 - IOMMUD_POLKIT_WAITING_PER_USER - IOMMUD_POLKIT_QUESTIONS_PER_USER)
    {
      bed_iterate ();
      n_refused = 0;
      for (gsize i = 0; i < 400; i++)
        n_refused += answers[i / 100][i % 100].done ? 1 : 0;
    }
  for (gsize i = 0; i < 400; i++)
    if (answers[i / 100][i % 100].done)
      g_assert_error (answers[i / 100][i % 100].error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED);
  for (gsize i = 0; i < G_N_ELEMENTS (callers); i++)
    bed_disconnect (callers[i]);
  for (gsize i = 0; i < 400; i++)
    {
      bed_wait (&answers[i / 100][i % 100].done);
      g_clear_error (&answers[i / 100][i % 100].error);
    }
  g_assert_cmpuint (polkit->n_asked, ==, IOMMUD_POLKIT_QUESTIONS_PER_USER);
}

/* --- What changes meanwhile ------------------------------------------------------------------- */

/* The object that the call is for. */
static void
test_object_goes (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autofree char *device = bed_device (self->bed, DEVICE);
  Answer answer = { FALSE, NULL, NULL };

  start (self, device, "Detach", bed_options (NULL), &answer);
  wait_until_asked (polkit, 1);
  bed_unplug (self->bed, DEVICE);
  fake_polkit_answer (polkit, TRUE);
  bed_wait (&answer.done);
  g_assert_error (answer.error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD);
  g_clear_error (&answer.error);
}

static IommudContainer *
create_with_hwpt (AccessBed *self, char **path, char **hwpt_path)
{
  g_autoptr (IommudContainerOptions) options = iommud_container_options_new ();
  IommudDevice *device = iommud_host_find_device (self->bed->host, DEVICE, NULL);
  g_autoptr (IommudHwpt) hwpt = NULL;
  IommudContainer *container;

  g_object_set (options, "owner", self->uid + 1, NULL);
  container = iommud_host_create_container (self->bed->host, options, NULL, NULL);
  g_assert_true (iommud_container_attach_device (container, device, NULL, NULL, &hwpt, NULL));
  *path = g_strdup_printf (IOMMUD_DBUS_CONTAINERS_PATH "/%" G_GUINT64_FORMAT,
                           iommud_container_get_serial (container));
  *hwpt_path =
      g_strdup_printf ("%s/hwpts/%" G_GUINT64_FORMAT, *path, iommud_hwpt_get_serial (hwpt));
  return container;
}

/* Then it belongs to nothing any more, and who calls it is still refused. */
static void
test_parts_go (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  static const char *const methods[] = { "UnmapAll", "Free" };
  Answer answers[G_N_ELEMENTS (methods)] = { 0 };
  g_autofree char *path = NULL;
  g_autofree char *hwpt_path = NULL;
  IommudContainer *container = create_with_hwpt (self, &path, &hwpt_path);

  bed_settle (self->bed);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      start (self, i == 0 ? path : hwpt_path, methods[i], bed_options (NULL), &answers[i]);
      wait_until_asked (polkit, i + 1);
    }
  g_assert_true (iommud_container_free (container, TRUE, NULL, NULL));
  g_object_unref (container);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    fake_polkit_answer (polkit, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    expect_error (&answers[i], IOMMUD_ERROR_NOT_AUTHORIZED, "*polkit does not allow *");
}

/* One that an argument names. */
static void
test_argument_goes (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autofree char *device = bed_device (self->bed, DEVICE);
  Answer created = { FALSE, NULL, NULL };
  Answer answer = { FALSE, NULL, NULL };
  g_autofree char *container = NULL;

  start_create (self, &created);
  wait_until_asked (polkit, 1);
  fake_polkit_answer (polkit, TRUE);
  bed_wait (&created.done);
  g_variant_get (created.reply, "(o)", &container);
  g_variant_unref (created.reply);
  start (self, container, "AttachDevice", bed_device_arguments (device, NULL), &answer);
  wait_until_asked (polkit, 2);
  bed_unplug (self->bed, DEVICE);
  fake_polkit_answer (polkit, TRUE);
  expect_error (&answer, IOMMUD_ERROR_NOT_FOUND, "*was gone before it could begin");
  bed_call_ok (self->bed, container, "Free", bed_options (NULL));
}

/* A grant that the call relies on beside polkit. */
static void
test_grant_goes (AccessBed *self, gconstpointer unused)
{
  g_autoptr (FakePolkit) polkit = fake_polkit_new (self->bed->address, FAKE_POLKIT_HANGS);
  g_autofree char *device = bed_device (self->bed, DEVICE);
  Answer answer = { FALSE, NULL, NULL };
  Answer create = { FALSE, NULL, NULL };

  start (self, self->others_path, "AttachDevice", bed_device_arguments (device, NULL), &answer);
  wait_until_asked (polkit, 1);
  g_assert_cmpstr (polkit->actions->pdata[0], ==, "org.iommud1.manage");
  config_folder_remove (self->folder, "grants.d/a.conf");
  /* Only without the grant is polkit asked about this. */
  while (polkit->n_asked < 2)
    {
      create = (Answer){ FALSE, NULL, NULL };
      start_create (self, &create);
      while (!create.done && polkit->n_asked < 2)
        bed_iterate ();
      if (create.done)
        expect_container (self, &create);
    }
  fake_polkit_answer (polkit, TRUE);
  expect_error (&answer, IOMMUD_ERROR_NOT_AUTHORIZED,
                "*no grant lets that user use device " DEVICE ", and it has been withdrawn");
  fake_polkit_answer (polkit, TRUE);
  expect_container (self, &create);
}

#define ADD(name, devices, function)                                                               \
  g_test_add ("/polkit/" name, AccessBed, devices, access_bed_set_up, function,                    \
              access_bed_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("allows", NULL, test_allows);
  ADD ("granted", DEVICE, test_granted);
  ADD ("two-actions", NULL, test_two_actions);
  ADD ("refusals", NULL, test_refusals);
  ADD ("interactive", NULL, test_interactive);
  ADD ("hangs", NULL, test_hangs);
  ADD ("dies", NULL, test_dies);
  ADD ("caller-leaves", NULL, test_caller_leaves);
  ADD ("service-leaves", NULL, test_service_leaves);
  ADD ("many-calls", NULL, test_many_calls);
  ADD ("object-goes", NULL, test_object_goes);
  ADD ("parts-go", NULL, test_parts_go);
  ADD ("argument-goes", NULL, test_argument_goes);
  ADD ("grant-goes", DEVICE, test_grant_goes);
  return g_test_run ();
}
