/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Trackers that are lost or wrong in the records of a busy host: no dirty page is lost, and
 * tracking goes on. */
#include "config.h"

#include "adopt-damage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"

static void
lose_log (IommudHostRecord *record)
{
  iommud_tracker_record_free (g_ptr_array_remove_index (TRACKING (record, 0)->trackers, 0));
}

static void
lose_hwpt_tracker (IommudHostRecord *record)
{
  GPtrArray *trackers = TRACKING (record, 0)->trackers;

  iommud_tracker_record_free (g_ptr_array_remove_index (trackers, trackers->len - 1));
}

static void
lose_tracking (IommudHostRecord *record)
{
  iommud_tracking_record_free (g_ptr_array_remove_index (record->trackings, 0));
}

static void
wrong_log_ranges (IommudHostRecord *record)
{
  g_array_set_size (TRACKER (record, 0)->ranges, 0);
}

static void
wrong_log_shorter (IommudHostRecord *record)
{
  g_array_index (TRACKER (record, 0)->ranges, IommudIovaRange, 0).last = 4095;
}

static void
wrong_log_blind (IommudHostRecord *record)
{
  TRACKER (record, 0)->blind = TRUE;
}

static void
wrong_log_stopped (IommudHostRecord *record)
{
  g_array_set_size (TRACKER (record, 0)->ranges, 0);
  TRACKER (record, 0)->runs = FALSE;
}

/* As it was written down if the log could not be started again. */
static void
log_was_blind (IommudHostRecord *record)
{
  wrong_log_stopped (record);
  wrong_log_blind (record);
}

static void
assert_dirty (AdoptFixture *self, guint64 iova, guint64 n_pages, guint64 expected)
{
  g_autoptr (GError) error = NULL;
  guint64 dirty_pages = 0;
  int fd = call_read_dirty_bitmap (adopt_fixture_get (self, "a"), iova, n_pages * PAGE, PAGE, FALSE,
                                   IOMMUD_TRACKER_CHOICE_AUTO, NULL, &dirty_pages, &error);

  g_assert_no_error (error);
  close (fd);
  g_assert_cmpuint (dirty_pages, ==, expected);
}

static void
write_and_read (AdoptFixture *self)
{
  adopt_fixture_write (self, "0000:83:00.0", 5 * PAGE, 1);
  adopt_fixture_write (self, "0000:83:01.0", 8 * GIB, 2);
  adopt_fixture_write (self, "0000:01:00.0", 8 * GIB + 2 * PAGE, 1);
  assert_dirty (self, 0, 256, 1);
  assert_dirty (self, 8 * GIB - MIB, 512, 3);
}

/* What the tracker may have missed counts as dirty once; from then on all is exact, also after it
 * was stopped and started. */
static void
test_goes_on (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);
  IommudContainer *container = adopt_fixture_get (self, "a");
  g_autoptr (GError) error = NULL;
  gboolean active;

  g_object_get (iommud_container_get_dirty_tracking (container), "active", &active, NULL);
  if (active)
    {
      assert_dirty (self, 0, 256, 256);
      assert_dirty (self, 8 * GIB - MIB, 512, 512);
      write_and_read (self);
      call_stop_dirty_tracking (container, NULL, &error);
      g_assert_no_error (error);
    }
  call_start_dirty_tracking (container, 0, NULL, &error);
  g_assert_no_error (error);
  write_and_read (self);
}

/* Not read before it is stopped: nothing may go on in the kernel. */
static void
test_stopped_at_once (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);
  guint before = iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop");
  g_autoptr (GError) error = NULL;

  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop"), ==,
                    before + 2);
}

/* A failed unmap may have left dirty pages where nothing is mapped any more. */
static void
save_everything (IommudHostRecord *record)
{
  IommudIovaRange all = { 0, G_MAXUINT64 };

  g_array_set_size (TRACKING (record, 0)->saved_of_logs, 0);
  g_array_append_val (TRACKING (record, 0)->saved_of_logs, all);
}

static void
test_saved_not_mapped (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped = adopt_damaged (self, data);

  g_assert_cmpstr (dropped, ==, "");
  assert_dirty (self, 0, 256, 256);
  assert_dirty (self, 8 * GIB - 2 * MIB, 1024, 1024);
  assert_dirty (self, 8 * GIB - 2 * MIB, 1024, 0);
}

static void
unmap_all (AdoptFixture *self)
{
  g_autoptr (GError) error = NULL;

  call_unmap_all (adopt_fixture_get (self, "a"), NULL, NULL, &error);
  g_assert_no_error (error);
}

/* A log that runs and is not known to run cannot be started without a range: it is stopped. */
static void
test_nothing_mapped (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped = NULL;
  guint before = iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop");
  g_autoptr (GError) error = NULL;

  unmap_all (self);
  dropped = adopt_damaged (self, data);
  assert_dirty (self, 0, 256, 0);
  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop"), ==,
                    before + 2);
}

/* The kernel would not stop it then: it is stopped with the others. */
static void
test_nothing_mapped_and_no_stop (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped = NULL;
  guint before;
  g_autoptr (GError) error = NULL;

  unmap_all (self);
  dropped = adopt_damaged (self, data);
  model_fixture_inject (&self->model, "dma-logging-stop", 1, EBUSY, 0);
  assert_dirty (self, 0, 256, 0);
  before = iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop");
  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop"), ==,
                    before + 2);
}

/* All that is mapped for writing, and nothing that only the IOMMU can have seen. */
static void
assert_log_is_lost (AdoptFixture *self)
{
  g_autofree char *of_iommu = adopt_fixture_read (self, IOMMUD_TRACKER_CHOICE_IOMMU, TRUE, 256);

  g_assert_cmpstr (of_iommu, ==, "2 40 60");
  assert_dirty (self, 0, 256, 256);
  assert_dirty (self, 4 * GIB, 512, 0);
  assert_dirty (self, 8 * GIB - MIB, 512, 512);
  assert_dirty (self, 0, 256, 0);
}

/* Its device is gone with what the log had recorded. */
static void
test_unplugged (AdoptFixture *self, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) records = iommud_host_write_down (self->model.host, &error);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;

  adopt_fixture_write (self, "0000:83:00.0", 5 * PAGE, 1);
  iommud_simulator_unplug_device (self->model.simulator, "0000:83:00.0", &error);
  g_assert_no_error (error);
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_nonnull (strstr (dropped, "The log of device 0000:83:00.0"));
  assert_log_is_lost (self);
}

static void
test_missing_descriptor (AdoptFixture *self, gconstpointer unused)
{
  const IommudSyscalls *syscalls =
      iommud_backend_get_syscalls (IOMMUD_BACKEND (self->model.simulator));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) records = iommud_host_write_down (self->model.host, &error);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = NULL;

  adopt_fixture_write (self, "0000:83:00.0", 5 * PAGE, 1);
  syscalls->close (syscalls, iommud_descriptors_steal (descriptors, "device-0000%3A83%3A00.0"));
  dropped = adopt_fixture_adopt (self, records, descriptors);
  g_assert_nonnull (strstr (dropped, "The log of device 0000:83:00.0"));
  assert_log_is_lost (self);
}

/* Its devices, and what its tracker had recorded, are gone with it. */
static void
wrong_hwpt (IommudHostRecord *record)
{
  HWPT (record, 0)->hwpt_id = 77;
}

static void
test_hwpt_is_lost (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);
  g_autofree char *of_log = adopt_fixture_read (self, IOMMUD_TRACKER_CHOICE_DEVICE, TRUE, 256);

  g_assert_cmpstr (of_log, ==, "16 17");
  assert_dirty (self, 8 * GIB - MIB, 512, 512);
}

/* A device that is bound and not attached has a log if the kernel would not stop it. */
static void
wrong_log_of_bound (IommudHostRecord *record)
{
  g_assert_cmpstr (BINDING (record, 6)->name, ==, "0000:83:00.0");
  g_assert_cmpstr (g_ptr_array_index (HWPT (record, 1)->devices, 1), ==, "0000:83:00.0");
  g_ptr_array_remove_index (HWPT (record, 1)->devices, 1);
  BINDING (record, 6)->attached = FALSE;
  BINDING (record, 6)->hwpt = 0;
  wrong_log_ranges (record);
}

/* Its device is bound for the other container of the context. */
static void
wrong_log_of_other (IommudHostRecord *record)
{
  wrong_log_of_bound (record);
  BINDING (record, 6)->container = CONTAINER (record, 1)->serial;
}

static void
test_bound_only (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);

  assert_log_is_lost (self);
}

/* The kernel has it where it was, until it is closed. */
static void
test_elsewhere (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);

  assert_log_is_lost (self);
  model_fixture_detach (&self->model, "0000:83:00.0");
}

static const Damage hwpt = { "hwpt",
                             wrong_hwpt,
                             { "the kernel has no HWPT 77", "there is no such HWPT" } };

static const Damage bound_only = { "bound-only",
                                   wrong_log_of_bound,
                                   { "what it covers is not known" } };

static const Damage of_other = { "of-other",
                                 wrong_log_of_other,
                                 { "there is no such device that has a log" } };

static const Damage saved = { "saved", save_everything, { NULL } };

static const Damage damages[] = {
  LOST (log, "The tracker that is the log of 0000:83:00.0", "counts as dirty"),
  LOST (hwpt_tracker, "The tracker that is HWPT", "counts as dirty"),
  LOST (tracking, "1 dirty trackings were written down with it, and 0 are known"),
  BAD (log_ranges, "what it covers is not known", "counts as dirty"),
  BAD (log_shorter, "it does not cover all that the device can write to", "counts as dirty"),
  BAD (log_stopped, "it does not cover all that the device can write to", "counts as dirty"),
  BAD (log_blind, "what it covers is not known", "counts as dirty"),
  { "log-was-blind", log_was_blind, { NULL } },
};

static void
set_up (AdoptFixture *self, gconstpointer unused)
{
  adopt_fixture_set_up (self, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (damages); i++)
    {
      g_autofree char *path = g_strdup_printf ("/adopt/goes-on/%s", damages[i].name);

      g_test_add (path, AdoptFixture, &damages[i], set_up, test_goes_on, adopt_fixture_tear_down);
    }
  g_test_add ("/adopt/stopped-at-once", AdoptFixture, &damages[0], set_up, test_stopped_at_once,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/saved-not-mapped", AdoptFixture, &saved, set_up, test_saved_not_mapped,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/nothing-mapped", AdoptFixture, &damages[0], set_up, test_nothing_mapped,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/nothing-mapped-and-no-stop", AdoptFixture, &damages[0], set_up,
              test_nothing_mapped_and_no_stop, adopt_fixture_tear_down);
  g_test_add ("/adopt/log-is-unplugged", AdoptFixture, NULL, set_up, test_unplugged,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/log-without-descriptor", AdoptFixture, NULL, set_up, test_missing_descriptor,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/hwpt-is-lost", AdoptFixture, &hwpt, set_up, test_hwpt_is_lost,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/log-of-device-elsewhere", AdoptFixture, &of_other, set_up, test_elsewhere,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/log-of-bound-device", AdoptFixture, &bound_only, set_up, test_bound_only,
              adopt_fixture_tear_down);
  return g_test_run ();
}
