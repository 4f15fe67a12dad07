/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each record of a busy host lost, doubled or wrong: it is found, with its reason, and nothing
 * stays in the kernel when all that was adopted is freed. */
#include "config.h"

#include "adopt-fixture.h"

#include <string.h>
#include <unistd.h>

typedef struct
{
  const char *name;
  void (*damage) (IommudHostRecord *record);
  const char *reasons[4]; /* each is in the list of what was dropped */
} Damage;

#define COPY(Record, prefix)                                                                       \
  static Record *copy_##prefix (const Record *record)                                              \
  {                                                                                                \
    g_autoptr (GVariant) variant = g_variant_ref_sink (prefix##_to_variant (record));              \
                                                                                                   \
    return prefix##_from_variant (variant, NULL);                                                  \
  }

COPY (IommudContextRecord, iommud_context_record)
COPY (IommudContainerRecord, iommud_container_record)
COPY (IommudHwptRecord, iommud_hwpt_record)
COPY (IommudBindingRecord, iommud_binding_record)
COPY (IommudMappingRecord, iommud_mapping_record)
COPY (IommudTrackerRecord, iommud_tracker_record)
COPY (IommudTrackingRecord, iommud_tracking_record)

/* The objects of the fixture: contexts 0 and 1; containers a, b, c; HWPTs of a: dmar0, dmar1; of b:
 * the kernel's, two manual ones; of c: one of the kernel's and one. */
#define CONTEXT(record, i) ((IommudContextRecord *) g_ptr_array_index ((record)->contexts, i))
#define CONTAINER(record, i) ((IommudContainerRecord *) g_ptr_array_index ((record)->containers, i))
#define HWPT(record, i) ((IommudHwptRecord *) g_ptr_array_index ((record)->hwpts, i))
#define BINDING(record, i) ((IommudBindingRecord *) g_ptr_array_index ((record)->bindings, i))
#define MAPPING(record, i) ((IommudMappingRecord *) g_ptr_array_index ((record)->mappings, i))
#define TRACKING(record, i) ((IommudTrackingRecord *) g_ptr_array_index ((record)->trackings, i))
#define TRACKER(record, i)                                                                         \
  ((IommudTrackerRecord *) g_ptr_array_index (TRACKING (record, 0)->trackers, i))

#define LOSE(name, list, prefix, i)                                                                \
  static void lose_##name (IommudHostRecord *record)                                               \
  {                                                                                                \
    prefix##_free (g_ptr_array_remove_index (record->list, i));                                    \
  }                                                                                                \
  static void double_##name (IommudHostRecord *record)                                             \
  {                                                                                                \
    g_ptr_array_add (record->list, copy_##prefix (g_ptr_array_index (record->list, i)));           \
  }

LOSE (context, contexts, iommud_context_record, 1)
LOSE (container, containers, iommud_container_record, 2)
LOSE (hwpt, hwpts, iommud_hwpt_record, 1)
LOSE (binding, bindings, iommud_binding_record, 2)
LOSE (mapping, mappings, iommud_mapping_record, 1)
LOSE (tracking, trackings, iommud_tracking_record, 0)

static void
lose_shared_container (IommudHostRecord *record)
{
  iommud_container_record_free (g_ptr_array_remove_index (record->containers, 1));
}

static void
lose_manual_hwpt (IommudHostRecord *record)
{
  iommud_hwpt_record_free (g_ptr_array_remove_index (record->hwpts, 4));
}

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
double_tracker (IommudHostRecord *record)
{
  g_ptr_array_add (TRACKING (record, 0)->trackers,
                   copy_iommud_tracker_record (TRACKER (record, 0)));
}

#define WRONG(name, change)                                                                        \
  static void wrong_##name (IommudHostRecord *record)                                              \
  {                                                                                                \
    change;                                                                                        \
  }

WRONG (context_serial, CONTEXT (record, 1)->serial += 100)
WRONG (container_context, CONTAINER (record, 2)->context += 100)
WRONG (container_serial, CONTAINER (record, 2)->serial += 100)
WRONG (container_name, iommud_record_set_string (&CONTAINER (record, 2)->name, "a"))
WRONG (ioas_id, CONTAINER (record, 2)->ioas_id = 77)
WRONG (ioas_id_of_hwpt, CONTAINER (record, 1)->ioas_id = HWPT (record, 0)->hwpt_id)
WRONG (ioas_id_of_other, CONTAINER (record, 1)->ioas_id = CONTAINER (record, 0)->ioas_id)
WRONG (hwpt_id, HWPT (record, 1)->hwpt_id = 77)
WRONG (hwpt_id_of_ioas, HWPT (record, 4)->hwpt_id = CONTAINER (record, 0)->ioas_id)
WRONG (hwpt_id_of_other, HWPT (record, 4)->hwpt_id = HWPT (record, 3)->hwpt_id)
WRONG (hwpt_container, HWPT (record, 4)->container += 100)
WRONG (hwpt_parent, HWPT (record, 4)->parent = 1)
WRONG (hwpt_devices, g_ptr_array_add (HWPT (record, 4)->devices, g_strdup ("0000:01:00.0")))
WRONG (hwpt_device_twice, g_ptr_array_add (HWPT (record, 0)->devices, g_strdup ("0000:01:00.0")))
WRONG (hwpt_unknown_device, g_ptr_array_add (HWPT (record, 4)->devices, g_strdup ("nobody")))
WRONG (hwpt_lost_device, g_ptr_array_remove_index (HWPT (record, 0)->devices, 1))
WRONG (device_name, iommud_record_set_string (&BINDING (record, 2)->name, "0000:ff:00.0"))
WRONG (device_path, iommud_record_set_string (&BINDING (record, 2)->sysfs_path, "/sys/nothing"))
WRONG (device_of_other,
       iommud_record_set_string (&BINDING (record, 2)->sysfs_path, BINDING (record, 3)->sysfs_path))
WRONG (device_container, BINDING (record, 2)->container += 100)
WRONG (device_hwpt, BINDING (record, 2)->hwpt = 9)
WRONG (device_not_attached, BINDING (record, 2)->attached = FALSE)
WRONG (device_attached_to_nothing, BINDING (record, 2)->hwpt = 0)
WRONG (device_id, BINDING (record, 2)->device_id = 77)
WRONG (device_id_of_other, BINDING (record, 2)->device_id = BINDING (record, 1)->device_id)
WRONG (device_capabilities, BINDING (record, 2)->iommu_capabilities = 0)
WRONG (device_log, BINDING (record, 2)->dma_logging = TRUE)
WRONG (mapping_container, MAPPING (record, 1)->container += 100)
WRONG (mapping_iova, MAPPING (record, 1)->iova += 16 * MIB)
WRONG (mapping_shorter, MAPPING (record, 0)->length -= PAGE)
WRONG (mapping_longer, MAPPING (record, 1)->length += PAGE)
WRONG (mapping_overlaps, MAPPING (record, 1)->iova = MAPPING (record, 0)->iova)
WRONG (mapping_reserved, MAPPING (record, 1)->iova = 0xfee00000)
WRONG (mapping_past_the_end, MAPPING (record, 1)->iova = G_MAXUINT64 - PAGE + 1)
WRONG (mapping_not_aligned, MAPPING (record, 1)->iova += 1)
WRONG (tracking_container, TRACKING (record, 0)->container += 100)
WRONG (tracking_page_size, TRACKING (record, 0)->page_size = 5000)
WRONG (tracking_off, TRACKING (record, 2)->active = TRUE)
WRONG (tracking_inactive, TRACKING (record, 0)->active = FALSE)
WRONG (log_device, iommud_record_set_string (&TRACKER (record, 0)->device, "0000:01:00.0"))
WRONG (log_ranges, g_array_set_size (TRACKER (record, 0)->ranges, 0))
WRONG (log_shorter, g_array_set_size (TRACKER (record, 0)->ranges, 1))
WRONG (log_blind, TRACKER (record, 0)->blind = TRUE)

static void
wrong_log_stopped (IommudHostRecord *record)
{
  g_array_set_size (TRACKER (record, 0)->ranges, 0);
  TRACKER (record, 0)->runs = FALSE;
}

WRONG (orphan, guint32 id = 77; g_array_append_val (CONTAINER (record, 0)->orphans, id))
WRONG (orphan_in_use,
       g_array_append_val (CONTAINER (record, 0)->orphans, HWPT (record, 3)->hwpt_id))
WRONG (orphan_of_device,
       g_array_append_val (CONTAINER (record, 0)->orphans, BINDING (record, 2)->device_id))

static void
wrong_orphan_twice (IommudHostRecord *record)
{
  guint32 id = HWPT (record, 4)->hwpt_id;

  lose_manual_hwpt (record);
  g_array_append_val (CONTAINER (record, 1)->orphans, id);
  g_array_append_val (CONTAINER (record, 1)->orphans, id);
}

static void
wrong_orphan_tracker (IommudHostRecord *record)
{
  IommudTrackerRecord *tracker = iommud_tracker_record_new ();

  wrong_orphan (record);
  tracker->kind = IOMMUD_TRACKER_KIND_IOMMU;
  tracker->hwpt_id = 77;
  g_ptr_array_add (TRACKING (record, 0)->trackers, tracker);
}

#define LOST(name, ...)                                                                            \
  {                                                                                                \
    "lost/" #name, lose_##name,                                                                    \
    {                                                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }
#define DOUBLED(name, ...)                                                                         \
  {                                                                                                \
    "doubled/" #name, double_##name,                                                               \
    {                                                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }
#define BAD(name, ...)                                                                             \
  {                                                                                                \
    "wrong/" #name, wrong_##name,                                                                  \
    {                                                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }

static const Damage damages[] = {
  LOST (context, "2 contexts were written down", "Container c", "which it is of, is not there",
        "device-0000%3A81%3A01.0: nothing"),
  LOST (container, "3 containers were written down", "the container is not there",
        "which it is bound for, is not there", "Descriptor context-"),
  LOST (shared_container, "3 containers were written down", "2 containers were written down with",
        "HWPT id", "IOAS id"),
  LOST (hwpt, "2 HWPTs were written down with it, and 1 are known", "which it is on, is not there",
        "HWPT id"),
  LOST (manual_hwpt, "3 HWPTs were written down with it, and 2 are known", "HWPT id"),
  LOST (binding, "11 devices were written down with it, and 10 are known", "is not written down",
        "Descriptor device-0000%3A01%3A01.0"),
  LOST (mapping, "4 mappings were written down with it, and 3 are known"),
  LOST (tracking, "1 dirty trackings were written down with it, and 0 are known"),
  LOST (log, "The tracker that is the log of 0000:83:00.0", "counts as dirty"),
  LOST (hwpt_tracker, "The tracker that is HWPT", "counts as dirty"),
  DOUBLED (context, "is written down twice"),
  DOUBLED (container, "serial is written down twice"),
  DOUBLED (hwpt, "is written down twice"),
  DOUBLED (binding, "Device 0000:01:01.0: it is written down twice"),
  DOUBLED (mapping, "another mapping is there", "and 5 are known"),
  DOUBLED (tracking, "is written down twice"),
  DOUBLED (tracker, "A tracker of container"),
  BAD (context_serial, "its descriptor context-", "is missing", "Container c"),
  BAD (container_context, "Container c", "which it is of, is not there"),
  BAD (container_serial, "which it is bound for, is not there", "the container is not there"),
  BAD (container_name, "another container has its name"),
  BAD (ioas_id, "the kernel has no IOAS 77"),
  BAD (ioas_id_of_hwpt, "the kernel has no IOAS"),
  BAD (ioas_id_of_other, "is another object's"),
  BAD (hwpt_id, "the kernel has no HWPT 77", "which it is on, is not there"),
  BAD (hwpt_id_of_ioas, "is another object's"),
  BAD (hwpt_id_of_other, "is another object's"),
  BAD (hwpt_container, "the container is not there"),
  BAD (hwpt_parent, "is no nest parent that it can have"),
  BAD (hwpt_devices, "it is elsewhere"),
  BAD (hwpt_device_twice, "it is written down twice"),
  BAD (hwpt_unknown_device, "Device nobody on HWPT"),
  BAD (hwpt_lost_device, "was not written down with it"),
  BAD (device_name, "is called 0000:01:01.0"),
  BAD (device_path, "it was unplugged"),
  BAD (device_of_other, "is called"),
  BAD (device_container, "which it is bound for, is not there"),
  BAD (device_hwpt, "which it is on, is not there"),
  BAD (device_not_attached, "it is on a HWPT and not attached"),
  BAD (device_attached_to_nothing, "it is attached to nothing"),
  BAD (device_id, "the kernel has no device 77"),
  BAD (device_id_of_other, "is another object's"),
  BAD (device_capabilities, "is another one"),
  BAD (device_log, "it has not a log"),
  BAD (mapping_container, "the container is not there"),
  BAD (mapping_iova, "the kernel has not all of it mapped"),
  BAD (mapping_shorter, "something is mapped there that is not written down"),
  BAD (mapping_longer, "the kernel has not all of it mapped"),
  BAD (mapping_overlaps, "another mapping is there"),
  BAD (mapping_reserved, "outside of what can be mapped"),
  BAD (mapping_past_the_end, "goes past the end"),
  BAD (mapping_not_aligned, "is not aligned"),
  BAD (tracking_container, "Dirty tracking of container"),
  BAD (tracking_page_size, "its page size is none"),
  BAD (tracking_off, "it is active and off"),
  BAD (tracking_inactive, "it has trackers and is not active"),
  BAD (log_device, "there is no such device that has a log"),
  BAD (log_ranges, "what it covers is not known", "counts as dirty"),
  BAD (log_shorter, "it does not cover all that the device can write to", "counts as dirty"),
  BAD (log_stopped, "it does not cover all that the device can write to", "counts as dirty"),
  BAD (log_blind, "what it covers is not known", "counts as dirty"),
  BAD (orphan, "Kernel id 77"),
  BAD (orphan_in_use, "left over by container"),
  BAD (orphan_twice, "left over by container"),
  BAD (orphan_of_device, "left over by container"),
  BAD (orphan_tracker, "Kernel id 77", "The tracker of HWPT id 77"),
};

static GVariant *
write_down_damaged (AdoptFixture *self, const Damage *damage)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) records = iommud_host_write_down (self->model.host, &error);
  g_autoptr (IommudHostRecord) record = NULL;

  g_assert_no_error (error);
  record = iommud_host_record_from_variant (records, &error);
  g_assert_no_error (error);
  damage->damage (record);
  return g_variant_ref_sink (iommud_host_record_to_variant (record));
}

static void
assert_dropped (const char *dropped, const Damage *damage)
{
  for (gsize i = 0; i < G_N_ELEMENTS (damage->reasons) && damage->reasons[i] != NULL; i++)
    if (strstr (dropped, damage->reasons[i]) == NULL)
      g_error ("\"%s\" is not in:\n%s", damage->reasons[i], dropped);
}

/* One operation that works frees what no record names. */
static void
free_orphans (AdoptFixture *self)
{
  g_autoptr (GError) error = NULL;
  IommudDevice *device = model_fixture_device (&self->model, "0000:83:01.0");

  if (iommud_device_get_container (device) == NULL)
    return;
  iommud_device_detach (device, NULL, &error);
  g_assert_no_error (error);
}

static void
test_damage (AdoptFixture *self, gconstpointer data)
{
  const Damage *damage = data;
  g_autoptr (GVariant) records = write_down_damaged (self, damage);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = adopt_fixture_adopt (self, records, descriptors);
  g_auto (GStrv) names = iommud_descriptors_dup_names (descriptors);

  assert_dropped (dropped, damage);
  g_assert_null (names[0]);
  free_orphans (self);
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

/* What is known of a tracker no longer is what the kernel has: it counts as dirty until the first
 * read, and from then on all is exact, also after a stop and a start. */
static void
test_goes_on (AdoptFixture *self, gconstpointer data)
{
  g_autoptr (GVariant) records = write_down_damaged (self, data);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = adopt_fixture_adopt (self, records, descriptors);
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
  g_autoptr (GVariant) records = write_down_damaged (self, data);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = adopt_fixture_adopt (self, records, descriptors);
  guint before = iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop");
  g_autoptr (GError) error = NULL;

  call_stop_dirty_tracking (adopt_fixture_get (self, "a"), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (iommud_simulator_count_calls (self->model.simulator, "dma-logging-stop"), ==,
                    before + 2);
}

/* Saved runs may be longer than what was dirty: what lies between, and is not mapped, is clean. */
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
  g_autoptr (GVariant) records = write_down_damaged (self, data);
  g_autoptr (IommudDescriptors) descriptors = adopt_fixture_disown (self);
  g_autofree char *dropped = adopt_fixture_adopt (self, records, descriptors);

  g_assert_cmpstr (dropped, ==, "");
  assert_dirty (self, 0, 256, 256);
  assert_dirty (self, 8 * GIB - 2 * MIB, 1024, 512);
}

static const Damage saved = { "saved", save_everything, { NULL } };

static const Damage blinding[] = {
  LOST (log),        LOST (hwpt_tracker), LOST (tracking), BAD (log_ranges),
  BAD (log_shorter), BAD (log_stopped),   BAD (log_blind),
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
      g_autofree char *path = g_strdup_printf ("/adopt/damage/%s", damages[i].name);

      g_test_add (path, AdoptFixture, &damages[i], set_up, test_damage, adopt_fixture_tear_down);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (blinding); i++)
    {
      g_autofree char *path = g_strdup_printf ("/adopt/goes-on/%s", blinding[i].name);

      g_test_add (path, AdoptFixture, &blinding[i], set_up, test_goes_on, adopt_fixture_tear_down);
    }
  g_test_add ("/adopt/stopped-at-once", AdoptFixture, &blinding[0], set_up, test_stopped_at_once,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/saved-not-mapped", AdoptFixture, &saved, set_up, test_saved_not_mapped,
              adopt_fixture_tear_down);
  return g_test_run ();
}
