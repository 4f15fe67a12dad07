/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service ends and begins again, on the same kernel: what it shows is the same, and goes on. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bed.h"
#include "keeper.h"
#include "leases.h"
#include "manager.h"
#include "memory.h"

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"

typedef struct
{
  Bed *bed;
  Manager *manager;
  char *folder;
  IommudKeeper *keeper;
} Fixture;

/* What is said of it, one pattern each; NULL at the end. */
static void
expect (const char *const *patterns)
{
  for (; *patterns != NULL; patterns++)
    g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, *patterns);
}

static void
begin_life (Fixture *self)
{
  g_auto (GStrv) names = NULL;
  g_autofree int *fds = manager_give (self->manager, &names);
  g_autoptr (GError) error = NULL;

  self->keeper = iommud_keeper_new (self->folder, self->manager->address, &error);
  g_assert_no_error (error);
  for (guint i = 0; names[i] != NULL; i++)
    iommud_keeper_take_file (self->keeper, names[i], fds[i]);
  self->bed->host =
      iommud_keeper_make_host (self->keeper, IOMMUD_BACKEND (self->bed->simulator), &error);
  g_assert_no_error (error);
  self->bed->service = iommud_service_new (self->bed->host, self->bed->server,
                                           iommud_policy_for_private_bus (getuid ()));
  iommud_service_wait_for (self->bed->service, iommud_keeper_get_fd_store (self->keeper));
}

static void
begin_life_that_says (Fixture *self, const char *const *patterns)
{
  expect (patterns);
  begin_life (self);
  g_test_assert_expected_messages ();
}

/* Its files are closed and nothing more is done. */
static void
kill_life (Fixture *self)
{
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->bed->service);
  descriptors = iommud_host_disown (self->bed->host, &error);
  g_assert_no_error (error);
  g_clear_pointer (&self->keeper, iommud_keeper_free);
  g_clear_object (&self->bed->host);
}

static void
stop_life (Fixture *self)
{
  g_clear_object (&self->bed->service);
  g_assert_true (iommud_keeper_let_go (self->keeper, self->bed->host));
  g_clear_pointer (&self->keeper, iommud_keeper_free);
  g_clear_object (&self->bed->host);
}

static void
set_up (Fixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  self->bed = bed_new (NULL);
  g_clear_object (&self->bed->service);
  g_clear_object (&self->bed->host);
  self->manager = manager_new ();
  self->folder = g_dir_make_tmp ("iommud-restart-XXXXXX", &error);
  g_assert_no_error (error);
  begin_life (self);
}

static void
remove_folder (const char *folder)
{
  g_autofree char *state = g_build_filename (folder, "state", NULL);
  g_autofree char *next = g_build_filename (folder, "state.next", NULL);

  g_unlink (state);
  g_unlink (next);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_clear_object (&self->bed->service);
  g_clear_pointer (&self->keeper, iommud_keeper_free);
  g_clear_pointer (&self->manager, manager_free);
  bed_free (self->bed);
  remove_folder (self->folder);
  g_free (self->folder);
}

static const char *const goes_on_with[] = { "The service goes on with 1 containers", NULL };

static void
map (Fixture *self, const char *container, guint64 iova)
{
  int file = memory_new (16 * PAGE);

  g_assert_cmphex (memory_map (self->bed, container, file, 0, 16 * PAGE, iova, "{}"), ==, iova);
  close (file);
}

static char *
make_container (Fixture *self)
{
  char *container = bed_create (self->bed, "{'name': <'vm1'>}");
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (self->bed, container, device);

  map (self, container, 0);
  return container;
}

static void
assert_kept (Fixture *self, const char *expected)
{
  g_autofree char *kept = manager_describe (self->manager);
  g_auto (GStrv) names = g_strsplit (kept, "\n", -1);
  g_autoptr (GString) kinds = g_string_new (NULL);

  for (char **name = names; *name != NULL; name++)
    g_string_append_len (kinds, *name, (gssize) strcspn (*name, "-"));
  g_assert_cmpstr (kinds->str, ==, expected);
}

/* When a call is answered, the manager has what the call has made. */
static void
test_kept_before_answer (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = bed_create (self->bed, "{}");
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autofree char *hwpt = NULL;

  assert_kept (self, "context");
  hwpt = bed_attach (self->bed, container, device);
  assert_kept (self, "contextdevice");
  bed_call_ok (self->bed, device, "Detach", g_variant_new_parsed ("(@a{sv} {},)"));
  assert_kept (self, "context");
  bed_call_ok (self->bed, container, "Free", g_variant_new_parsed ("(@a{sv} {},)"));
  assert_kept (self, "");
}

static void
test_same (Fixture *self, gconstpointer data)
{
  void (*end_life) (Fixture * self) = data;
  g_autofree char *container = make_container (self);
  g_autoptr (GVariant) before = bed_get_managed_objects (self->bed);
  guint n_objects = iommud_simulator_count_objects (self->bed->simulator);
  g_autoptr (GVariant) after = NULL;
  g_autofree char *kept = manager_describe (self->manager);
  g_autofree char *kept_after = NULL;

  end_life (self);
  g_assert_cmpuint (iommud_simulator_count_objects (self->bed->simulator), ==, n_objects);
  begin_life_that_says (self, goes_on_with);
  after = bed_get_managed_objects (self->bed);
  g_assert_cmpvariant (after, before);
  kept_after = manager_describe (self->manager);
  g_assert_cmpstr (kept_after, ==, kept);
  bed_call_ok (self->bed, container, "Free", g_variant_new_parsed ("({'force': <true>},)"));
  bed_settle (self->bed);
  assert_kept (self, "");
}

/* The owner is who made it, in this life and in each that follows. */
static void
test_many_lives (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  g_autofree char *owner = g_strdup_printf ("%u", (guint) getuid ());

  for (guint i = 0; i < 20; i++)
    {
      if (i % 2 == 0)
        kill_life (self);
      else
        stop_life (self);
      begin_life_that_says (self, goes_on_with);
      bed_assert (self->bed, container, "Owner", owner);
      bed_assert (self->bed, container, "Name", "'vm1'");
    }
  assert_kept (self, "contextdevice");
}

/* The manager has files that no record names, and lacks one that a record names: the first are
 * closed and given up, the second is said to be missing. */
static void
test_unknown_and_missing (Fixture *self, gconstpointer unused)
{
  static const char *const says[] = {
    "Device 0000:01:00.0: its descriptor is missing",
    "Descriptor something: nothing that was adopted has it; it was closed",
    "Descriptor context-12345: nothing that was adopted has it; it was closed",
    "The service goes on with 1 containers",
    NULL,
  };
  g_autofree char *container = make_container (self);
  g_autofree char *device = bed_device (self->bed, PCI_1);
  int file = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  kill_life (self);
  for (guint i = 0; i < self->manager->kept->len; i++)
    if (g_str_has_prefix (((KeptFile *) g_ptr_array_index (self->manager->kept, i))->name,
                          "device-"))
      g_ptr_array_remove_index (self->manager->kept, i);
  manager_keep (self->manager, "something", file);
  manager_keep (self->manager, "context-12345", file);
  close (file);
  begin_life_that_says (self, says);
  bed_assert (self->bed, device, "State", "'available'");
  bed_call_ok (self->bed, container, "Free", g_variant_new_parsed ("({'force': <true>},)"));
  assert_kept (self, "");
}

/* A name that the manager has twice is one file afterwards. */
static void
test_doubled (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  const KeptFile *file;

  kill_life (self);
  file = g_ptr_array_index (self->manager->kept, 0);
  manager_keep (self->manager, file->name, file->fd);
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE,
                         "*which is closed*there is one of the name*");
  begin_life_that_says (self, goes_on_with);
  map (self, container, GIBIBYTE);
  assert_kept (self, "contextdevice");
}

/* Files without records: nobody knows whose they are. */
static void
test_no_records (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);

  kill_life (self);
  g_unlink (state);
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, "*has kept context-*nothing is known*");
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, "*has kept device-*nothing is known*");
  begin_life (self);
  g_test_assert_expected_messages ();
  g_clear_pointer (&container, g_free);
  container = bed_create (self->bed, "{}");
  assert_kept (self, "context");
  /* The kernel sees later that the last copy was closed. */
  while (iommud_simulator_count_contexts (self->bed->simulator) != 1)
    g_main_context_iteration (NULL, FALSE);
}

/* Damage is said once, and costs no one what is not damaged. */
static void
test_damaged (Fixture *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);
  int fd;

  kill_life (self);
  fd = open (state, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (pwrite (fd, "x", 1, 24), ==, 1);
  close (fd);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*is damaged*header*");
  begin_life_that_says (self, goes_on_with);
  bed_assert (self->bed, container, "Name", "'vm1'");
  stop_life (self);
  begin_life_that_says (self, goes_on_with);
}

/* No manager keeps files: what is written down of an earlier life is of no use, and a stop frees
 * everything. */
static void
test_no_manager (Fixture *self, gconstpointer unused)
{
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);
  g_autoptr (GError) error = NULL;

  stop_life (self);
  g_assert_true (g_file_test (state, G_FILE_TEST_EXISTS));
  self->keeper = iommud_keeper_new (self->folder, NULL, &error);
  g_assert_no_error (error);
  self->bed->host =
      iommud_keeper_make_host (self->keeper, IOMMUD_BACKEND (self->bed->simulator), &error);
  g_assert_no_error (error);
  g_assert_false (g_file_test (state, G_FILE_TEST_EXISTS));
  g_assert_null (iommud_keeper_get_fd_store (self->keeper));
  g_assert_true (iommud_keeper_let_go (self->keeper, self->bed->host));
}

/* A lease that has a container with a device, and a device that was handed out. */
static Lease *
make_lease (Fixture *self)
{
  Lease *lease = leases_create (self->bed, "{'name': <'vm1'>}");
  g_autofree char *container =
      bed_call_for_path (self->bed, lease->path, "CreateContainer", bed_options (NULL));
  g_autofree char *bound = bed_device (self->bed, PCI_1);
  g_autofree char *unbound = bed_device (self->bed, PCI_2);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (self->bed, container, bound);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply G_GNUC_UNUSED = leases_call (
      self->bed, lease->path, "OpenDevice", bed_device_arguments (unbound, NULL), NULL, &error);

  g_assert_no_error (error);
  return lease;
}

static void
test_lease (Fixture *self, gconstpointer data)
{
  void (*end_life) (Fixture * self) = data;
  Lease *lease = make_lease (self);
  g_autofree char *unbound = bed_device (self->bed, PCI_2);
  g_autoptr (GVariant) before = bed_get_managed_objects (self->bed);
  g_autoptr (GVariant) after = NULL;

  assert_kept (self, "contextdevicelease");
  for (guint i = 0; i < 3; i++)
    {
      end_life (self);
      begin_life_that_says (self, goes_on_with);
    }
  after = bed_get_managed_objects (self->bed);
  g_assert_cmpvariant (after, before);
  bed_assert (self->bed, unbound, "State", "'leased'");
  lease_close (lease);
  leases_wait_for_end (self->bed);
  bed_settle (self->bed);
  bed_assert (self->bed, unbound, "State", "'available'");
  assert_kept (self, "");
}

/* The client went while nothing ran: its lease ends as soon as the service is there again. */
static void
test_abandoned_lease (Fixture *self, gconstpointer unused)
{
  Lease *lease = make_lease (self);
  g_autofree char *bound = bed_device (self->bed, PCI_1);

  kill_life (self);
  lease_close (lease);
  begin_life_that_says (self, goes_on_with);
  leases_wait_for_end (self->bed);
  bed_settle (self->bed);
  bed_assert (self->bed, bound, "State", "'available'");
  assert_kept (self, "");
}

static gboolean
end_lease (gpointer user_data)
{
  Fixture *self = user_data;
  g_autoptr (IommudLease) lease =
      g_list_model_get_item (iommud_host_get_leases (self->bed->host), 0);

  if (lease == NULL)
    return G_SOURCE_CONTINUE;
  iommud_lease_release_async (lease, "another client wants that", NULL, NULL, NULL);
  leases_wait_for_end (self->bed);
  manager_listen (self->manager, TRUE);
  return G_SOURCE_REMOVE;
}

/* It ends while its answer waits for the manager: nothing is handed out, and its device is free. */
static void
test_ended_before_answer (Fixture *self, gconstpointer method)
{
  static const char *const devices[] = { PCI_1, NULL };
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  GVariant *arguments = g_str_equal (method, "LeaseDevices")
                            ? leases_arguments (self->bed, devices, NULL)
                            : bed_options (NULL);

  manager_listen (self->manager, FALSE);
  g_timeout_add (100, end_lease, self);
  reply = leases_call (self->bed, IOMMUD_DBUS_MANAGER_PATH, method, arguments, &files, &error);
  g_assert_null (reply);
  g_assert_null (files);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "Error.NotFound: "));
  bed_settle (self->bed);
  bed_assert (self->bed, device, "State", "'available'");
  assert_kept (self, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, function) g_test_add (path, Fixture, data, set_up, function, tear_down)
  ADD ("/restart/kept-before-answer", NULL, test_kept_before_answer);
  ADD ("/restart/same/killed", kill_life, test_same);
  ADD ("/restart/same/stopped", stop_life, test_same);
  ADD ("/restart/lease/killed", kill_life, test_lease);
  ADD ("/restart/lease/stopped", stop_life, test_lease);
  ADD ("/restart/lease/abandoned", NULL, test_abandoned_lease);
  ADD ("/restart/lease/created-and-ended", "CreateLease", test_ended_before_answer);
  ADD ("/restart/lease/leased-and-ended", "LeaseDevices", test_ended_before_answer);
  ADD ("/restart/many-lives", NULL, test_many_lives);
  ADD ("/restart/unknown-and-missing", NULL, test_unknown_and_missing);
  ADD ("/restart/doubled", NULL, test_doubled);
  ADD ("/restart/no-records", NULL, test_no_records);
  ADD ("/restart/damaged", NULL, test_damaged);
  ADD ("/restart/no-manager", NULL, test_no_manager);
  return g_test_run ();
}
