/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service ends and begins again, on the same kernel: what it shows is the same, and goes on. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "leases.h"
#include "lives.h"
#include "memory.h"

#define PCI_1 "0000:01:00.0"
#define PCI_2 "0000:02:00.0"

static const char *const goes_on_with[] = { "The service goes on with 1 containers", NULL };

static void
map (Lives *self, const char *container, guint64 iova)
{
  int file = memory_new (16 * PAGE);

  g_assert_cmphex (memory_map (self->bed, container, file, 0, 16 * PAGE, iova, "{}"), ==, iova);
  close (file);
}

static char *
make_container (Lives *self)
{
  char *container = bed_create (self->bed, "{'name': <'vm1'>}");
  g_autofree char *device = bed_device (self->bed, PCI_1);
  g_autofree char *hwpt G_GNUC_UNUSED = bed_attach (self->bed, container, device);

  map (self, container, 0);
  return container;
}

static void
test_same (Lives *self, gconstpointer data)
{
  void (*end_life) (Lives * self) = data;
  g_autofree char *container = make_container (self);
  g_autoptr (GVariant) before = bed_get_managed_objects (self->bed);
  guint n_objects = iommud_simulator_count_objects (self->bed->simulator);
  g_autoptr (GVariant) after = NULL;
  g_autofree char *kept = manager_describe (self->manager);
  g_autofree char *kept_after = NULL;

  end_life (self);
  g_assert_cmpuint (iommud_simulator_count_objects (self->bed->simulator), ==, n_objects);
  lives_begin_that_says (self, goes_on_with);
  after = bed_get_managed_objects (self->bed);
  g_assert_cmpvariant (after, before);
  kept_after = manager_describe (self->manager);
  g_assert_cmpstr (kept_after, ==, kept);
  bed_call_ok (self->bed, container, "Free", g_variant_new_parsed ("({'force': <true>},)"));
  bed_settle (self->bed);
  lives_assert_kept (self, "");
}

/* The owner is who made it, in this life and in each that follows. */
static void
test_many_lives (Lives *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  g_autofree char *owner = g_strdup_printf ("%u", (guint) getuid ());

  for (guint i = 0; i < 20; i++)
    {
      if (i % 2 == 0)
        lives_kill (self);
      else
        lives_stop (self);
      lives_begin_that_says (self, goes_on_with);
      bed_assert (self->bed, container, "Owner", owner);
      bed_assert (self->bed, container, "Name", "'vm1'");
    }
  lives_assert_kept (self, "contextdevice");
}

/* The manager has files that no record names, and lacks one that a record names: the first are
 * closed and given up, the second is said to be missing. */
static void
test_unknown_and_missing (Lives *self, gconstpointer unused)
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

  lives_kill (self);
  for (guint i = 0; i < self->manager->kept->len; i++)
    if (g_str_has_prefix (((KeptFile *) g_ptr_array_index (self->manager->kept, i))->name,
                          "device-"))
      g_ptr_array_remove_index (self->manager->kept, i);
  manager_keep (self->manager, "something", file);
  manager_keep (self->manager, "context-12345", file);
  close (file);
  lives_begin_that_says (self, says);
  bed_assert (self->bed, device, "State", "'available'");
  bed_call_ok (self->bed, container, "Free", g_variant_new_parsed ("({'force': <true>},)"));
  lives_assert_kept (self, "");
}

/* A name that the manager has twice is one file afterwards. */
static void
test_doubled (Lives *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  const KeptFile *file;

  lives_kill (self);
  file = g_ptr_array_index (self->manager->kept, 0);
  manager_keep (self->manager, file->name, file->fd);
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE,
                         "*which is closed*there is one of the name*");
  lives_begin_that_says (self, goes_on_with);
  map (self, container, GIBIBYTE);
  lives_assert_kept (self, "contextdevice");
}

/* Files without records: nobody knows whose they are. */
static void
test_no_records (Lives *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);

  lives_kill (self);
  g_unlink (state);
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, "*has kept context-*nothing is known*");
  g_test_expect_message ("iommud", G_LOG_LEVEL_MESSAGE, "*has kept device-*nothing is known*");
  lives_begin (self);
  g_test_assert_expected_messages ();
  g_clear_pointer (&container, g_free);
  container = bed_create (self->bed, "{}");
  lives_assert_kept (self, "context");
  /* The kernel sees later that the last copy was closed. */
  while (iommud_simulator_count_contexts (self->bed->simulator) != 1)
    g_main_context_iteration (NULL, FALSE);
}

/* Damage is said once, and costs no one what is not damaged. */
static void
test_damaged (Lives *self, gconstpointer unused)
{
  g_autofree char *container = make_container (self);
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);
  int fd;

  lives_kill (self);
  fd = open (state, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (pwrite (fd, "x", 1, 24), ==, 1);
  close (fd);
  g_test_expect_message ("iommud", G_LOG_LEVEL_WARNING, "*is damaged*header*");
  lives_begin_that_says (self, goes_on_with);
  bed_assert (self->bed, container, "Name", "'vm1'");
  lives_stop (self);
  lives_begin_that_says (self, goes_on_with);
}

/* No manager keeps files: what is written down of an earlier life is of no use, and a stop frees
 * everything. */
static void
test_no_manager (Lives *self, gconstpointer unused)
{
  g_autofree char *state = g_build_filename (self->folder, "state", NULL);
  g_autoptr (GError) error = NULL;

  lives_stop (self);
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
make_lease (Lives *self)
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
test_lease (Lives *self, gconstpointer data)
{
  void (*end_life) (Lives * self) = data;
  Lease *lease = make_lease (self);
  g_autofree char *unbound = bed_device (self->bed, PCI_2);
  g_autoptr (GVariant) before = bed_get_managed_objects (self->bed);
  g_autoptr (GVariant) after = NULL;

  lives_assert_kept (self, "contextdevicelease");
  for (guint i = 0; i < 3; i++)
    {
      end_life (self);
      lives_begin_that_says (self, goes_on_with);
    }
  after = bed_get_managed_objects (self->bed);
  g_assert_cmpvariant (after, before);
  bed_assert (self->bed, unbound, "State", "'leased'");
  lease_close (lease);
  leases_wait_for_end (self->bed);
  bed_settle (self->bed);
  bed_assert (self->bed, unbound, "State", "'available'");
  lives_assert_kept (self, "");
}

/* The client went while nothing ran: its lease ends as soon as the service is there again. */
static void
test_abandoned_lease (Lives *self, gconstpointer unused)
{
  Lease *lease = make_lease (self);
  g_autofree char *bound = bed_device (self->bed, PCI_1);

  lives_kill (self);
  lease_close (lease);
  lives_begin_that_says (self, goes_on_with);
  leases_wait_for_end (self->bed);
  bed_settle (self->bed);
  bed_assert (self->bed, bound, "State", "'available'");
  lives_assert_kept (self, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, function)                                                                  \
  g_test_add (path, Lives, data, lives_set_up, function, lives_tear_down)
  ADD ("/restart/same/killed", lives_kill, test_same);
  ADD ("/restart/same/stopped", lives_stop, test_same);
  ADD ("/restart/lease/killed", lives_kill, test_lease);
  ADD ("/restart/lease/stopped", lives_stop, test_lease);
  ADD ("/restart/lease/abandoned", NULL, test_abandoned_lease);
  ADD ("/restart/many-lives", NULL, test_many_lives);
  ADD ("/restart/unknown-and-missing", NULL, test_unknown_and_missing);
  ADD ("/restart/doubled", NULL, test_doubled);
  ADD ("/restart/no-records", NULL, test_no_records);
  ADD ("/restart/damaged", NULL, test_damaged);
  ADD ("/restart/no-manager", NULL, test_no_manager);
  return g_test_run ();
}
