/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A busy host is written down, let go of and adopted: it looks the same, and goes on the same. */
#include "config.h"

#include "adopt-fixture.h"
#include "backend/backend.h"
#include "kernel/features.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static GVariant *
write_down (AdoptFixture *self)
{
  g_autoptr (GError) error = NULL;
  GVariant *records = iommud_host_write_down (self->model.host, &error);

  g_assert_no_error (error);
  return records;
}

static void
readopt (AdoptFixture *self)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = adopt_fixture_adopt (self, records, descriptors);
  g_auto (GStrv) names = iommud_descriptors_dup_names (descriptors);

  g_assert_cmpstr (dropped, ==, "");
  g_assert_null (names[0]);
}

static void
test_same (AdoptFixture *self, gconstpointer unused)
{
  g_autofree char *before = adopt_fixture_dump (self, FALSE);
  guint objects = iommud_simulator_count_objects (self->model.simulator);
  g_autofree char *after = NULL;

  readopt (self);
  after = adopt_fixture_dump (self, FALSE);
  g_assert_cmpstr (after, ==, before);
  g_assert_cmpuint (iommud_simulator_count_objects (self->model.simulator), ==, objects);
  readopt (self);
  g_clear_pointer (&after, g_free);
  after = adopt_fixture_dump (self, FALSE);
  g_assert_cmpstr (after, ==, before);
}

/* None of these calls asks only. */
static const char *const changing[] = {
  "open-iommufd",
  "open-cdev",
  "close-iommufd",
  "close-cdev",
  "destroy",
  "ioas-alloc",
  "ioas-map",
  "ioas-allow-iovas",
  "set-dirty-tracking",
  "ioas-map-file",
  "ioas-unmap",
  "hwpt-alloc",
  "option",
  "bind",
  "attach",
  "detach",
  "fault-queue-alloc",
};

static void
count_changing (AdoptFixture *self, guint *counts)
{
  for (gsize i = 0; i < G_N_ELEMENTS (changing); i++)
    counts[i] = iommud_simulator_count_calls (self->model.simulator, changing[i]);
}

/* An adoption asks for features, as every new host does, and changes nothing. */
static void
test_asks_only (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = write_down (self);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;
  guint first[G_N_ELEMENTS (changing)];
  guint second[G_N_ELEMENTS (changing)];
  guint third[G_N_ELEMENTS (changing)];

  count_changing (self, first);
  g_strfreev (
      iommud_features_probe (iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator))));
  count_changing (self, second);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  count_changing (self, third);
  for (gsize i = 0; i < G_N_ELEMENTS (changing); i++)
    g_assert_cmpuint (third[i] - second[i], ==, second[i] - first[i]);
}

static void
note (AdoptFixture *self, GString *trace, const char *what, GError **error)
{
  g_autofree char *dump = NULL;

  model_fixture_iterate ();
  dump = adopt_fixture_dump (self, TRUE);
  g_string_append_printf (trace, "%s: %s\n%s%s", what, *error != NULL ? (*error)->message : "ok",
                          self->signals->str, dump);
  g_string_truncate (self->signals, 0);
  g_clear_error (error);
}

static void
note_dirty (AdoptFixture *self, GString *trace, IommudTrackerChoice tracker)
{
  g_autofree char *dirty = adopt_fixture_read (self, tracker, FALSE, 128);

  g_string_append_printf (trace, "dirty: %s\n", dirty);
}

static void
go_on_with_devices (AdoptFixture *self, GString *trace)
{
  IommudDevice *tracked = model_fixture_device (&self->model, "0000:01:01.0");
  IommudDevice *bound = model_fixture_device (&self->model, "0000:01:08.0");
  IommudDevice *logging = model_fixture_device (&self->model, "0000:83:01.0");
  IommudContainer *a = adopt_fixture_get (self, "a");
  g_autoptr (GError) error = NULL;

  iommud_device_detach (tracked, NULL, &error);
  note (self, trace, "detach", &error);
  call_attach_device (a, tracked, IOMMUD_ATTACH_MODE_AUTO, IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL,
                      &error);
  note (self, trace, "attach", &error);
  iommud_hwpt_attach_device (adopt_fixture_get_hwpt (self, "b", 1), bound, NULL, &error);
  note (self, trace, "replace", &error);
  iommud_device_detach (logging, NULL, &error);
  note (self, trace, "detach a device with a log", &error);
  iommud_device_detach (model_fixture_device (&self->model, "0000:01:05.0"), NULL, &error);
  note (self, trace, "detach from a HWPT of the kernel's", &error);
  iommud_hwpt_free (adopt_fixture_get_hwpt (self, "b", 2), NULL, &error);
  note (self, trace, "free a HWPT", &error);
  iommud_hwpt_free (adopt_fixture_get_hwpt (self, "b", 1), NULL, &error);
  note (self, trace, "free a HWPT that is used", &error);
}

static void
go_on_with_memory (AdoptFixture *self, GString *trace)
{
  IommudContainer *a = adopt_fixture_get (self, "a");
  IommudContainer *b = adopt_fixture_get (self, "b");
  g_autoptr (GError) error = NULL;
  guint64 dirty_pages = 0;
  int bitmap = -1;

  call_map_file (a, self->file, 0, MIB, 2 * MIB, FIXED, NULL, NULL, &error);
  note (self, trace, "map", &error);
  call_map_file (a, self->file, 0, MIB, MIB / 2, FIXED, NULL, NULL, &error);
  note (self, trace, "map where something is mapped", &error);
  call_copy_mapping (b, a, 8 * GIB, PAGE, 32 * MIB, FIXED, NULL, NULL, &error);
  note (self, trace, "copy", &error);
  call_copy_mapping (b, a, 4 * GIB, PAGE, 33 * MIB, FIXED, NULL, NULL, &error);
  note (self, trace, "copy what was mapped read-only", &error);
  call_unmap (a, 0, PAGE, 0, NULL, NULL, NULL, NULL, &error);
  note (self, trace, "unmap a part", &error);
  call_unmap (a, self->floating, 16 * PAGE, 0, NULL, NULL, NULL, NULL, &error);
  note (self, trace, "unmap", &error);
  call_unmap (a, 0, MIB, PAGE, NULL, NULL, &bitmap, &dirty_pages, &error);
  note (self, trace, "unmap with dirty pages", &error);
  g_string_append_printf (trace, "dirty: %u\n", (guint) dirty_pages);
  close (bitmap);
}

static void
go_on_with_containers (AdoptFixture *self, GString *trace)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IommudContainer) d = NULL;

  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, &error);
  note (self, trace, "stop", &error);
  call_start_dirty_tracking (adopt_fixture_get (self, "a"), 0, NULL, &error);
  note (self, trace, "start", &error);
  iommud_container_free (adopt_fixture_get (self, "c"), FALSE, NULL, &error);
  note (self, trace, "free a container that is used", &error);
  iommud_container_free (adopt_fixture_get (self, "c"), TRUE, NULL, &error);
  note (self, trace, "free a container by force", &error);
  d = model_fixture_container (&self->model, "d", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  note (self, trace, "create", &error);
}

static char *
go_on (AdoptFixture *self)
{
  GString *trace = g_string_new (NULL);

  adopt_fixture_listen (self);
  adopt_fixture_write (self, "0000:01:03.0", 70 * PAGE, 1);
  adopt_fixture_write (self, "0000:83:00.0", 71 * PAGE, 2);
  note_dirty (self, trace, IOMMUD_TRACKER_CHOICE_DEVICE);
  note_dirty (self, trace, IOMMUD_TRACKER_CHOICE_IOMMU);
  adopt_fixture_write (self, "0000:01:01.0", 80 * PAGE, 1);
  go_on_with_devices (self, trace);
  note_dirty (self, trace, IOMMUD_TRACKER_CHOICE_AUTO);
  adopt_fixture_write (self, "0000:01:01.0", 90 * PAGE, 1);
  go_on_with_memory (self, trace);
  go_on_with_containers (self, trace);
  return g_string_free (trace, FALSE);
}

/* The same operations on a host that was adopted and on one that was not. */
static void
test_goes_on (AdoptFixture *self, gconstpointer kernel)
{
  AdoptFixture other = { 0 };
  g_autofree char *adopted = NULL;
  g_autofree char *expected = NULL;

  adopt_fixture_set_up (&other, kernel);
  expected = go_on (&other);
  adopt_fixture_tear_down (&other, NULL);
  readopt (self);
  adopted = go_on (self);
  g_assert_nonnull (strstr (adopted, "dirty: 16 17 71 72\ndirty: 2 40 60 70\n"));
  g_assert_cmpstr (adopted, ==, expected);
}

static void
test_serials_go_on (AdoptFixture *self, gconstpointer unused)
{
  guint64 last = iommud_container_get_serial (adopt_fixture_get (self, "c"));
  g_autoptr (IommudContainer) created = NULL;
  g_autoptr (GError) error = NULL;

  iommud_container_free (adopt_fixture_get (self, "c"), TRUE, NULL, &error);
  g_assert_no_error (error);
  readopt (self);
  created = model_fixture_container (&self->model, "c", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  g_assert_cmpuint (iommud_container_get_serial (created), >, last);
}

/* Where no state is left, serials start elsewhere: no path of an earlier life is one of this. */
static void
test_epoch (AdoptFixture *self, gconstpointer unused)
{
  guint64 serial = iommud_container_get_serial (adopt_fixture_get (self, "a"));
  g_autoptr (IommudContainer) named_by_us = NULL;
  g_autoptr (GError) error = NULL;
  AdoptFixture other = { 0 };
  guint64 other_serial;

  adopt_fixture_set_up (&other, NULL);
  other_serial = iommud_container_get_serial (adopt_fixture_get (&other, "a"));
  adopt_fixture_tear_down (&other, NULL);
  g_assert_cmpuint (serial, !=, other_serial);
  g_assert_cmpuint (MAX (serial, other_serial) - MIN (serial, other_serial), >, 1000);
  g_assert_cmpuint (MAX (serial, other_serial), <=, IOMMUD_MAX_SERIAL / 2);
  named_by_us = iommud_host_create_container (self->model.host, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (iommud_container_get_name (named_by_us), ==, "container-4");
}

static void
test_devices_are_followed (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  readopt (self);
  iommud_simulator_unplug_device (self->model.simulator, "0000:01:02.0", &error);
  g_assert_no_error (error);
  while (iommud_host_find_device (self->model.host, "0000:01:02.0", NULL) != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer done)
{
  *(gboolean *) done = TRUE;
}

/* Nothing is written down while it changes. */
static void
test_busy (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GVariant) records = NULL;
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  iommud_device_detach_async (model_fixture_device (&self->model, "0000:01:00.0"), NULL, on_done,
                              &done);
  g_assert_null (iommud_host_write_down (self->model.host, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_null (iommud_host_disown (self->model.host, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  records = write_down (self);
}

/* Its container is in no list yet. */
static void
test_busy_with_a_new_one (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;

  iommud_host_create_container_async (self->model.host, NULL, NULL, on_done, &done);
  g_assert_null (iommud_host_write_down (self->model.host, &error));
  g_assert_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_variant_unref (write_down (self));
}

static void
test_without_containers (AdoptFixture *self, gconstpointer unused)
{
  static const char *const names[] = { "a", "b", "c" };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      iommud_container_free (adopt_fixture_get (self, names[i]), TRUE, NULL, &error);
      g_assert_no_error (error);
    }
  readopt (self);
  g_assert_cmpuint (g_list_model_get_n_items (iommud_host_get_containers (self->model.host)), ==,
                    0);
}

static guint
count_attach_calls (AdoptFixture *self)
{
  IommudDevice *device = model_fixture_device (&self->model, "0000:01:04.0");
  guint before = iommud_simulator_count_calls (self->model.simulator, "attach");
  g_autoptr (GError) error = NULL;

  call_attach_device (adopt_fixture_get (self, "c"), device, IOMMUD_ATTACH_MODE_AUTO,
                      IOMMUD_TRACKER_CHOICE_AUTO, NULL, NULL, &error);
  g_assert_no_error (error);
  model_fixture_detach (&self->model, "0000:01:04.0");
  return iommud_simulator_count_calls (self->model.simulator, "attach") - before;
}

/* A HWPT of another IOMMU has refused the device in the earlier life: it is not tried again. */
static void
test_refusals (AdoptFixture *self, gconstpointer unused)
{
  model_fixture_detach (&self->model, "0000:01:04.0");
  g_assert_cmpuint (count_attach_calls (self), ==, 2);
  readopt (self);
  g_assert_cmpuint (count_attach_calls (self), ==, 1);
}

#define ADD(name, kernel, test)                                                                    \
  g_test_add ("/adopt/" name, AdoptFixture, kernel, adopt_fixture_set_up, test,                    \
              adopt_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("same/6.12", "6.12", test_same);
  ADD ("same/6.13", "6.13", test_same);
  ADD ("asks-only", NULL, test_asks_only);
  ADD ("goes-on/6.12", "6.12", test_goes_on);
  ADD ("goes-on/6.13", "6.13", test_goes_on);
  ADD ("refusals", NULL, test_refusals);
  ADD ("serials-go-on", NULL, test_serials_go_on);
  ADD ("epoch", NULL, test_epoch);
  ADD ("devices-are-followed", NULL, test_devices_are_followed);
  ADD ("busy", NULL, test_busy);
  ADD ("busy-with-a-new-one", NULL, test_busy_with_a_new_one);
  ADD ("without-containers", NULL, test_without_containers);
  return g_test_run ();
}
