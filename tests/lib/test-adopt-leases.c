/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases from one life of a host to the next: they go on as they were, and those whose client has
 * gone meanwhile end. */
#include "config.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lease-fixture.h"
#include "model/descriptors.h"
#include "model/record.h"

static const char *const kept[] = { "serial", "owner", "pid", "since" };

/* All that a lease shows, but the paths of what it has. */
static char *
describe (IommudLease *lease)
{
  GString *text = g_string_new (iommud_lease_get_name (lease));
  g_autofree char *command = NULL;
  g_autofree char *unit = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autofree char *printed = NULL;

      g_object_get_property (G_OBJECT (lease), kept[i], &value);
      printed = g_strdup_value_contents (&value);
      g_string_append_printf (text, " %s", printed);
    }
  g_object_get (lease, "command", &command, "unit", &unit, NULL);
  g_string_append_printf (text, " %s %s %d %u %u", command, unit,
                          (int) iommud_lease_get_state (lease),
                          g_list_model_get_n_items (iommud_lease_get_devices (lease)),
                          g_list_model_get_n_items (iommud_lease_get_containers (lease)));
  return g_string_free (text, FALSE);
}

static IommudDescriptors *
let_go (ModelFixture *self)
{
  g_autoptr (GError) error = NULL;
  IommudDescriptors *descriptors = iommud_host_disown (self->host, &error);

  g_assert_no_error (error);
  assert_n_items (iommud_host_get_leases (self->host), 0);
  g_assert_finalize_object (self->host);
  return descriptors;
}

/* What was dropped, one line each. */
static char *
adopt (ModelFixture *self, GVariant *records, IommudDescriptors *descriptors)
{
  g_auto (GStrv) dropped = NULL;
  g_autoptr (GError) error = NULL;

  self->host =
      iommud_host_adopt (IOMMUD_BACKEND (self->simulator), records, descriptors, &dropped, &error);
  g_assert_no_error (error);
  return g_strjoinv ("\n", dropped);
}

static GVariant *
write_down (ModelFixture *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *records = iommud_host_write_down (self->host, &error);

  g_assert_no_error (error);
  return records;
}

static IommudLease *
get_lease (ModelFixture *self)
{
  g_autoptr (IommudLease) lease = g_list_model_get_item (iommud_host_get_leases (self->host), 0);

  assert_n_items (iommud_host_get_leases (self->host), 1);
  return lease;
}

/* A lease with a device of each kind: handed out unbound, in a container, and a copy of that. */
static int
build (ModelFixture *self)
{
  int guard = -1;
  g_autoptr (IommudLease) lease = lease_fixture_create (self, "vm1", &guard);
  g_autoptr (IommudContainer) container = lease_fixture_container (self, lease, DIRTY_A);
  g_autoptr (GError) error = NULL;

  model_fixture_attach (self, container, PLAIN_A);
  close (
      iommud_lease_open_device (lease, model_fixture_device (self, PLAIN_A), NULL, NULL, &error));
  g_assert_no_error (error);
  close (
      iommud_lease_open_device (lease, model_fixture_device (self, DIRTY_B), NULL, NULL, &error));
  g_assert_no_error (error);
  close (iommud_lease_open_iommufd (lease, container, IOMMUD_ACCOUNTING_USER, NULL, &error));
  g_assert_no_error (error);
  return guard;
}

static char *
print_leases (GVariant *records)
{
  g_autoptr (GVariant) leases = g_variant_lookup_value (records, "leases", NULL);

  return g_variant_print (leases, FALSE);
}

static void
test_goes_on (ModelFixture *self, gconstpointer unused)
{
  int guard = build (self);
  g_autofree char *before = describe (get_lease (self));
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (GVariant) again = NULL;
  g_autofree char *printed = NULL;
  g_autofree char *printed_again = NULL;
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autofree char *dropped = adopt (self, records, descriptors);
  g_autofree char *after = describe (get_lease (self));
  g_autoptr (IommudContainer) container =
      g_list_model_get_item (iommud_host_get_containers (self->host), 0);
  gboolean shared = FALSE;

  g_assert_cmpstr (dropped, ==, "");
  g_assert_cmpstr (after, ==, before);
  g_object_get (container, "shared", &shared, NULL);
  g_assert_true (shared);
  g_assert_true (lease_fixture_get_lease_of (self, DIRTY_A) == get_lease (self));
  g_assert_true (lease_fixture_get_lease_of (self, DIRTY_B) == get_lease (self));
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (self, DIRTY_B)), ==,
                   IOMMUD_DEVICE_STATE_LEASED);
  again = write_down (self);
  printed = print_leases (records);
  printed_again = print_leases (again);
  g_assert_cmpstr (printed_again, ==, printed);

  model_fixture_iterate ();
  assert_n_items (iommud_host_get_leases (self->host), 1);
  close (guard);
  lease_fixture_wait_for_end (self);
  g_clear_object (&container);
  assert_n_items (iommud_host_get_containers (self->host), 0);
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (self, PLAIN_A)), ==,
                   IOMMUD_DEVICE_STATE_AVAILABLE);
}

/* The service manager drops a descriptor whose other end was closed, or has it still. */
static void
test_abandoned (ModelFixture *self, gconstpointer dropped_by_manager)
{
  int guard = build (self);
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autofree char *dropped = NULL;
  guint64 serial = 0;

  close (guard);
  if (GPOINTER_TO_INT (dropped_by_manager))
    {
      g_auto (GStrv) names = iommud_descriptors_dup_names (descriptors);

      for (char **n = names; *n != NULL; n++)
        if (g_str_has_prefix (*n, "lease-"))
          close (iommud_descriptors_steal (descriptors, *n));
    }
  dropped = adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
  serial = iommud_lease_get_serial (get_lease (self));
  lease_fixture_wait_for_end (self);
  assert_n_items (iommud_host_get_containers (self->host), 0);
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (self, DIRTY_B)), ==,
                   IOMMUD_DEVICE_STATE_AVAILABLE);
  /* Serials are never used twice. */
  g_object_unref (lease_fixture_create (self, "vm1", &guard));
  g_assert_cmpuint (iommud_lease_get_serial (get_lease (self)), >, serial);
  close (guard);
  lease_fixture_wait_for_end (self);
}

/* What is held when the service ends is held when it begins again. */
static void
test_lingering (ModelFixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (self, DIRTY_A, NULL);
  g_autoptr (IommudDescriptors) files = NULL;
  g_autoptr (IommudLease) lease = lease_fixture_lease (self, devices, "vm1", &files);
  g_autofree char *name = iommud_descriptors_name_device (DIRTY_A);
  g_autoptr (LeaseHolder) holder = lease_holder_new (iommud_descriptors_peek (files, name));
  g_autoptr (GVariant) records = NULL;
  g_autoptr (IommudDescriptors) descriptors = NULL;
  g_autofree char *dropped = NULL;

  g_clear_pointer (&files, iommud_descriptors_unref);
  lease_fixture_wait_for_holders (lease);
  while ((records = iommud_host_write_down (self->host, NULL)) == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&lease);
  descriptors = let_go (self);
  dropped = adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==, "");
  g_assert_cmpint (iommud_lease_get_state (get_lease (self)), ==, IOMMUD_LEASE_STATE_LINGERING);
  lease_fixture_wait_for_holders (get_lease (self));
  g_assert_cmpint (iommud_device_get_state (model_fixture_device (self, DIRTY_A)), ==,
                   IOMMUD_DEVICE_STATE_LEASED);
  g_clear_pointer (&holder, lease_holder_free);
  lease_fixture_wait_for_end (self);
}

static GVariant *
without_leases (GVariant *records)
{
  g_autoptr (IommudHostRecord) record = iommud_host_record_from_variant (records, NULL);

  for (guint i = 0; i < record->leases->len; i++)
    iommud_lease_record_free (g_ptr_array_index (record->leases, i));
  g_ptr_array_set_size (record->leases, 0);
  return g_variant_ref_sink (iommud_host_record_to_variant (record));
}

/* A container says whose it was, and its guard whether that client is there. */
static void
test_lost_record (ModelFixture *self, gconstpointer unused)
{
  int guard = build (self);
  guint owner = iommud_lease_get_owner (get_lease (self));
  guint64 serial = iommud_lease_get_serial (get_lease (self));
  g_autoptr (GVariant) whole = write_down (self);
  g_autoptr (GVariant) records = without_leases (whole);
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autofree char *dropped = adopt (self, records, descriptors);

  g_assert_nonnull (strstr (dropped, "1 leases were written down, and 0 are known"));
  g_assert_nonnull (strstr (dropped, "it is not written down, and container "));
  g_assert_cmpuint (iommud_lease_get_serial (get_lease (self)), ==, serial);
  g_assert_cmpuint (iommud_lease_get_owner (get_lease (self)), ==, owner);
  g_assert_cmpint (iommud_lease_get_state (get_lease (self)), ==, IOMMUD_LEASE_STATE_ACTIVE);
  close (guard);
  lease_fixture_wait_for_end (self);
  assert_n_items (iommud_host_get_containers (self->host), 0);
}

/* A lease that nobody has: its client has gone. */
static void
add_record (IommudHostRecord *record, guint64 serial, const char *name, const char *device)
{
  IommudLeaseRecord *lease = iommud_lease_record_new ();

  lease->serial = serial;
  iommud_record_set_string (&lease->name, name);
  if (device != NULL)
    g_ptr_array_add (lease->handed_out, g_strdup (device));
  g_ptr_array_add (record->leases, lease);
}

/* Serials, names and devices are of one lease each: that of the record that comes first. */
static void
test_doubled (ModelFixture *self, gconstpointer unused)
{
  int guard = build (self);
  guint64 serial = iommud_lease_get_serial (get_lease (self));
  g_autoptr (GVariant) right = write_down (self);
  g_autoptr (IommudHostRecord) record = iommud_host_record_from_variant (right, NULL);
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autoptr (GVariant) records = NULL;
  g_autofree char *dropped = NULL;

  add_record (record, serial, "vm2", NULL);
  add_record (record, serial + 1, "vm1", NULL);
  add_record (record, serial + 2, "vm3", DIRTY_B);
  records = g_variant_ref_sink (iommud_host_record_to_variant (record));
  dropped = adopt (self, records, descriptors);
  g_assert_nonnull (strstr (dropped, "1 leases were written down, and 4 are known"));
  g_assert_nonnull (strstr (dropped, "its serial is written down twice"));
  g_assert_nonnull (strstr (dropped, "another lease has its name"));
  g_assert_nonnull (strstr (dropped, "Device " DIRTY_B " of lease vm3: it is written down twice"));
  while (g_list_model_get_n_items (iommud_host_get_leases (self->host)) > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (iommud_lease_get_serial (get_lease (self)), ==, serial);
  g_assert_true (lease_fixture_get_lease_of (self, DIRTY_B) == get_lease (self));
  close (guard);
  lease_fixture_wait_for_end (self);
}

/* The name that a lost lease would get is another one's. */
static void
test_lost_name (ModelFixture *self, gconstpointer unused)
{
  int guard = build (self);
  guint64 serial = iommud_lease_get_serial (get_lease (self));
  g_autofree char *name = g_strdup_printf ("lost-%" G_GUINT64_FORMAT, serial);
  g_autofree char *other = g_strconcat (name, "-", NULL);
  g_autoptr (GVariant) right = write_down (self);
  g_autoptr (GVariant) without = without_leases (right);
  g_autoptr (IommudHostRecord) record = iommud_host_record_from_variant (without, NULL);
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autoptr (GVariant) records = NULL;
  g_autofree char *dropped = NULL;

  add_record (record, serial + 1, name, NULL);
  records = g_variant_ref_sink (iommud_host_record_to_variant (record));
  dropped = adopt (self, records, descriptors);
  while (g_list_model_get_n_items (iommud_host_get_leases (self->host)) > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (iommud_lease_get_serial (get_lease (self)), ==, serial);
  g_assert_cmpstr (iommud_lease_get_name (get_lease (self)), ==, other);
  close (guard);
  lease_fixture_wait_for_end (self);
}

/* A file that has the name of a guard and is no pipe says nothing of a client. */
static void
test_no_guard (ModelFixture *self, gconstpointer unused)
{
  int guard = build (self);
  g_autofree char *name =
      iommud_descriptors_name_lease (iommud_lease_get_serial (get_lease (self)));
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autofree char *dropped = NULL;

  close (iommud_descriptors_steal (descriptors, name));
  g_assert_true (iommud_descriptors_add (descriptors, name, eventfd (0, EFD_CLOEXEC), NULL));
  dropped = adopt (self, records, descriptors);
  g_assert_nonnull (strstr (dropped, "nothing that was adopted has it; it was closed"));
  lease_fixture_wait_for_end (self);
  assert_n_items (iommud_host_get_containers (self->host), 0);
  close (guard);
}

/* Nothing is written down of a lease that is in the middle of something. */
static void
assert_busy (ModelFixture *self)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (iommud_host_write_down (self->host, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_assert_nonnull (strstr (error->message, "an operation of a lease is under way"));
  g_clear_error (&error);
  g_assert_null (iommud_host_disown (self->host, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
}

static void
on_leased (GObject *host, GAsyncResult *result, gpointer lease)
{
  g_autoptr (GError) error = NULL;

  *(IommudLease **) lease =
      iommud_host_lease_devices_finish (IOMMUD_HOST (host), result, NULL, &error);
  g_assert_no_error (error);
}

static void
on_opened (GObject *lease, GAsyncResult *result, gpointer file)
{
  g_autoptr (GError) error = NULL;

  *(int *) file = iommud_lease_open_device_finish (IOMMUD_LEASE (lease), result, NULL, &error);
  g_assert_no_error (error);
}

static void
test_busy (ModelFixture *self, gconstpointer unused)
{
  g_autoptr (GPtrArray) devices = lease_fixture_devices (self, DIRTY_A, NULL);
  g_autoptr (IommudLease) lease = NULL;
  g_autoptr (IommudLease) made = NULL;
  g_autoptr (GVariant) records = NULL;
  int guard = -1;
  int file = -1;

  iommud_host_lease_devices_async (self->host, devices, NULL, NULL, on_leased, &made);
  assert_busy (self);
  while (made == NULL)
    g_main_context_iteration (NULL, TRUE);
  lease_fixture_wait_for_end (self);
  lease = lease_fixture_create (self, "vm1", &guard);
  iommud_lease_open_device_async (lease, model_fixture_device (self, DIRTY_A), NULL, on_opened,
                                  &file);
  assert_busy (self);
  while (file < 0)
    g_main_context_iteration (NULL, TRUE);
  records = write_down (self);
  close (file);
  close (guard);
  lease_fixture_wait_for_end (self);
}

/* A device that has gone while nothing ran. */
static void
test_unplugged (ModelFixture *self, gconstpointer unused)
{
  int guard = build (self);
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = let_go (self);
  g_autofree char *dropped = NULL;

  g_assert_true (iommud_simulator_unplug_device (self->simulator, DIRTY_B, NULL));
  dropped = adopt (self, records, descriptors);
  g_assert_cmpstr (dropped, ==,
                   "Device " DIRTY_B " of lease vm1: it was unplugged, unbound or deleted");
  assert_n_items (iommud_lease_get_devices (get_lease (self)), 2);
  close (guard);
  lease_fixture_wait_for_end (self);
}

static void
set_up (ModelFixture *self, gconstpointer unused)
{
  lease_fixture_set_up (self, NULL);
}

#define ADD(path, data, func)                                                                      \
  g_test_add ("/adopt-leases/" path, ModelFixture, data, set_up, func, lease_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("goes-on", NULL, test_goes_on);
  ADD ("abandoned", GINT_TO_POINTER (FALSE), test_abandoned);
  ADD ("abandoned-and-dropped", GINT_TO_POINTER (TRUE), test_abandoned);
  ADD ("lingering", NULL, test_lingering);
  ADD ("lost-record", NULL, test_lost_record);
  ADD ("doubled", NULL, test_doubled);
  ADD ("lost-name", NULL, test_lost_name);
  ADD ("no-guard", NULL, test_no_guard);
  ADD ("busy", NULL, test_busy);
  ADD ("unplugged", NULL, test_unplugged);
  return g_test_run ();
}
