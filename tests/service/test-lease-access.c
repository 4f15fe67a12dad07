/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may lease what, and that no file goes to a caller whose grant was withdrawn meanwhile. */
#include "memory.h"

#include <unistd.h>

#include "access-bed.h"
#include "config-folder.h"
#include "holder-process.h"
#include "leases.h"

#define GRANTED "0000:01:00.0"
#define OTHER "0000:02:00.0"

static void
start (AccessBed *self, const char *path, const char *method, GVariant *arguments,
       LeaseAnswer *answer)
{
  leases_call_async (self->bed->client, path, method, arguments, G_DBUS_CALL_FLAGS_NONE, answer);
}

static GVariant *
make_devices (AccessBed *self, const char *first, const char *second)
{
  g_autofree char *first_path = bed_device (self->bed, first);
  g_autofree char *second_path = second == NULL ? NULL : bed_device (self->bed, second);
  const char *paths[] = { first_path, second_path };

  return g_variant_new ("(@ao@a{sv})", g_variant_new_objv (paths, second == NULL ? 1 : 2),
                        g_variant_new_parsed ("@a{sv} {}"));
}

static void
expect_files (LeaseAnswer *answer, gint n_files)
{
  bed_wait (&answer->done);
  g_assert_no_error (answer->error);
  g_assert_nonnull (answer->files);
  g_assert_cmpint (g_unix_fd_list_get_length (answer->files), ==, n_files);
}

static char *
get_path (LeaseAnswer *answer)
{
  char *path = NULL;

  g_variant_get_child (answer->reply, 0, "o", &path);
  return path;
}

static void
wait_until_no_lease (AccessBed *self)
{
  while (g_list_model_get_n_items (iommud_host_get_leases (self->bed->host)) > 0)
    bed_iterate ();
}

/* --- Own leases ------------------------------------------------------------------------------- */

static void
test_own (AccessBed *self, gconstpointer unused)
{
  LeaseAnswer leased;
  LeaseAnswer opened;
  g_autofree char *lease = NULL;
  g_autofree char *container = NULL;
  g_autofree char *owner = g_strdup_printf ("%u", self->uid);

  start (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices", make_devices (self, GRANTED, NULL),
         &leased);
  expect_files (&leased, 3);
  lease = get_path (&leased);
  bed_assert (self->bed, lease, "Owner", owner);
  start (self, lease, "OpenIommufd", bed_options (NULL), &opened);
  expect_files (&opened, 1);
  lease_answer_clear (&opened);
  container = bed_call_for_path (self->bed, lease, "CreateContainer", bed_options (NULL));
  bed_assert (self->bed, container, "Owner", owner);
  bed_call_ok (self->bed, lease, "Release", bed_options (NULL));
  lease_answer_clear (&leased);
  wait_until_no_lease (self);
}

/* All devices must be granted. */
static void
test_not_granted (AccessBed *self, gconstpointer unused)
{
  const char *pattern =
      "User * may not call org.iommud1.*: no grant lets that user use device " OTHER "*";
  LeaseAnswer created;
  g_autofree char *lease = NULL;
  g_autofree char *other = bed_device (self->bed, OTHER);

  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     make_devices (self, OTHER, NULL), pattern);
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     make_devices (self, GRANTED, OTHER), pattern);
  g_assert_cmpuint (g_list_model_get_n_items (iommud_host_get_leases (self->bed->host)), ==, 0);
  start (self, IOMMUD_DBUS_MANAGER_PATH, "CreateLease", bed_options (NULL), &created);
  expect_files (&created, 1);
  lease = get_path (&created);
  access_bed_refuse (self, lease, "OpenDevice", bed_device_arguments (other, NULL), pattern);
  access_bed_refuse (self, lease, "CloseDevice", bed_device_arguments (other, NULL), pattern);
  lease_answer_clear (&created);
  wait_until_no_lease (self);
}

static void
test_without_grants (AccessBed *self, gconstpointer unused)
{
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "CreateLease", bed_options (NULL),
                     "*no grant is for that user*");
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     make_devices (self, GRANTED, NULL), "*no grant lets that user use device *");
}

/* --- Those of others -------------------------------------------------------------------------- */

static void
test_others (AccessBed *self, gconstpointer unused)
{
  g_autoptr (IommudLeaseOptions) options = iommud_lease_options_new ();
  int guard = -1;
  g_autoptr (IommudLease) lease = NULL;
  g_autofree char *path = NULL;
  g_autofree char *device = bed_device (self->bed, GRANTED);
  const char *pattern = "User * may not call *: what it changes belongs to user *";

  g_object_set (options, "owner", self->uid + 1, NULL);
  lease = iommud_host_create_lease (self->bed->host, options, &guard, NULL);
  path = g_strdup_printf (IOMMUD_DBUS_LEASES_PATH "/%" G_GUINT64_FORMAT,
                          iommud_lease_get_serial (lease));
  access_bed_refuse (self, path, "CreateContainer", bed_options (NULL), pattern);
  access_bed_refuse (self, path, "OpenIommufd", bed_options (NULL), pattern);
  access_bed_refuse (self, path, "OpenDevice", bed_device_arguments (device, NULL), pattern);
  access_bed_refuse (self, path, "CloseDevice", bed_device_arguments (device, NULL), pattern);
  access_bed_refuse (self, path, "Release", bed_options (NULL), pattern);
  close (guard);
  wait_until_no_lease (self);
}

/* The context of another user's container, by an option. */
static void
test_others_context (AccessBed *self, gconstpointer unused)
{
  g_autofree char *option = g_strdup_printf ("{'container': <objectpath '%s'>}", self->others_path);
  LeaseAnswer created;
  g_autofree char *lease = NULL;

  start (self, IOMMUD_DBUS_MANAGER_PATH, "CreateLease", bed_options (NULL), &created);
  expect_files (&created, 1);
  lease = get_path (&created);
  access_bed_refuse (self, lease, "OpenIommufd", bed_options (option),
                     "*what it changes belongs to user *");
  lease_answer_clear (&created);
  wait_until_no_lease (self);
}

/* --- A grant that is withdrawn ---------------------------------------------------------------- */

/* The configuration that is in force has the grant, or has not. */
static void
wait_until_granted (AccessBed *self, gboolean granted)
{
  gboolean is_granted = !granted;

  while (is_granted != granted)
    {
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) reply = bed_call (self->bed, IOMMUD_DBUS_MANAGER_PATH, "CreateContainer",
                                             bed_options (NULL), &error);

      is_granted = reply != NULL;
      if (reply == NULL)
        continue;
      g_variant_get (reply, "(o)", &path);
      bed_call_ok (self->bed, path, "Free", bed_options (NULL));
    }
}

/* Whether the lease was refused whose device is being opened meanwhile, which takes so long. */
static gboolean
lease_and_withdraw (AccessBed *self, guint delay_ms)
{
  IommudSimulator *simulator = self->bed->simulator;
  guint n_before = iommud_simulator_count_calls (simulator, "open-cdev");
  gboolean was_refused = FALSE;
  LeaseAnswer answer;

  g_assert_true (iommud_simulator_inject_fault (simulator, "open-cdev", 1, 0, delay_ms, NULL));
  start (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices", make_devices (self, GRANTED, NULL),
         &answer);
  while (iommud_simulator_count_calls (simulator, "open-cdev") == n_before)
    g_main_context_iteration (NULL, FALSE);
  config_folder_remove (self->folder, "grants.d/a.conf");
  wait_until_granted (self, FALSE);
  bed_wait (&answer.done);
  was_refused = answer.error != NULL;
  if (was_refused)
    g_assert_error (answer.error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED);
  lease_answer_clear (&answer);
  wait_until_no_lease (self);
  return was_refused;
}

/* The lease ends again, and nothing of it is left. The machine may be too busy to notice in time,
 * so there is more time for it at each attempt. */
static void
test_withdrawn (AccessBed *self, gconstpointer unused)
{
  g_autofree char *device = bed_device (self->bed, GRANTED);
  gboolean was_refused = FALSE;

  for (guint delay_ms = 200; !was_refused && delay_ms < 20000; delay_ms *= 2)
    {
      access_bed_grant (self, "a", GRANTED);
      wait_until_granted (self, TRUE);
      was_refused = lease_and_withdraw (self, delay_ms);
    }
  g_assert_true (was_refused);
  bed_assert (self->bed, device, "State", "'available'");
  access_bed_grant (self, "a", GRANTED);
  wait_until_granted (self, TRUE);
}

/* What a lease that has ended still has is its owner's no more. */
static void
test_lingering (AccessBed *self, gconstpointer unused)
{
  g_autofree char *device = bed_device (self->bed, GRANTED);
  g_autofree char *lease = NULL;
  LeaseAnswer leased;
  pid_t holder;

  start (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices", make_devices (self, GRANTED, NULL),
         &leased);
  expect_files (&leased, 3);
  lease = get_path (&leased);
  holder = holder_process_start (NULL);
  lease_answer_clear (&leased);
  bed_call_ok (self->bed, lease, "Release", bed_options (NULL));
  bed_assert (self->bed, lease, "State", "'lingering'");
  config_folder_remove (self->folder, "grants.d/a.conf");
  wait_until_granted (self, FALSE);
  access_bed_grant (self, "b", OTHER);
  wait_until_granted (self, TRUE);
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     make_devices (self, GRANTED, NULL), "*no grant lets that user use device *");
  holder_process_stop (holder);
  wait_until_no_lease (self);
  access_bed_refuse (self, IOMMUD_DBUS_MANAGER_PATH, "LeaseDevices",
                     make_devices (self, GRANTED, NULL), "*no grant lets that user use device *");
  bed_assert (self->bed, device, "State", "'available'");
  config_folder_remove (self->folder, "grants.d/b.conf");
  access_bed_grant (self, "a", GRANTED);
}

#define ADD(name, devices, function)                                                               \
  g_test_add ("/lease-access/" name, AccessBed, devices, access_bed_set_up, function,              \
              access_bed_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("own", GRANTED, test_own);
  ADD ("not-granted", GRANTED, test_not_granted);
  ADD ("without-grants", NULL, test_without_grants);
  ADD ("others", GRANTED, test_others);
  ADD ("others-context", GRANTED, test_others_context);
  ADD ("withdrawn", GRANTED, test_withdrawn);
  ADD ("lingering", GRANTED, test_lingering);
  return g_test_run ();
}
