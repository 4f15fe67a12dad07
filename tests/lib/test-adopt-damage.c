/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each record of a busy host lost, doubled or wrong: it is found, with its reason, and nothing
 * stays in the kernel when all that was adopted is freed. */
#include "config.h"

#include "adopt-damage.h"

#include <string.h>

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

/* The device that a log was written down for. */
static void
wrong_device_no_log (IommudHostRecord *record)
{
  for (guint i = 0; i < record->bindings->len; i++)
    if (g_str_equal (BINDING (record, i)->name, "0000:83:00.0"))
      BINDING (record, i)->dma_logging = FALSE;
}

WRONG (mapping_container, MAPPING (record, 1)->container += 100)
WRONG (mapping_iova, MAPPING (record, 1)->iova += 16 * MIB)
WRONG (mapping_shorter, MAPPING (record, 0)->length -= PAGE)
WRONG (mapping_begins_later,
       (MAPPING (record, 0)->iova += PAGE, MAPPING (record, 0)->length -= PAGE))
WRONG (mapping_longer, MAPPING (record, 1)->length += PAGE)
WRONG (mapping_overlaps, MAPPING (record, 1)->iova = MAPPING (record, 0)->iova)
WRONG (mapping_reserved, MAPPING (record, 1)->iova = 0xfee00000)
WRONG (mapping_past_the_end, MAPPING (record, 1)->iova = G_MAXUINT64 - PAGE + 1)
WRONG (mapping_not_aligned, MAPPING (record, 1)->iova += 1)
WRONG (mapping_piece, MAPPING (record, 1)->piece += 1)
WRONG (mapping_first_piece, MAPPING (record, 1)->first_piece += 1)
WRONG (tracking_container, TRACKING (record, 0)->container += 100)
WRONG (tracking_page_size, TRACKING (record, 0)->page_size = 5000)
WRONG (tracking_off, TRACKING (record, 2)->active = TRUE)
WRONG (tracking_inactive, TRACKING (record, 0)->active = FALSE)
WRONG (log_device, iommud_record_set_string (&TRACKER (record, 0)->device, "0000:01:00.0"))
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
  BAD (device_no_log, "it has a log", "there is no such device that has a log"),
  BAD (mapping_container, "the container is not there"),
  BAD (mapping_iova, "the kernel has not all of it mapped"),
  BAD (mapping_shorter, "something is mapped there that is not written down"),
  BAD (mapping_begins_later, "something is mapped there that is not written down"),
  BAD (mapping_longer, "the kernel has not all of it mapped"),
  BAD (mapping_overlaps, "another mapping is there"),
  BAD (mapping_reserved, "outside of what can be mapped"),
  BAD (mapping_past_the_end, "goes past the end"),
  BAD (mapping_not_aligned, "is not aligned"),
  BAD (mapping_piece, "is not aligned"),
  BAD (mapping_first_piece, "is not aligned"),
  BAD (tracking_container, "Dirty tracking of container"),
  BAD (tracking_page_size, "its page size is none"),
  BAD (tracking_off, "it is active and off"),
  BAD (tracking_inactive, "it has trackers and is not active"),
  BAD (log_device, "there is no such device that has a log"),
  BAD (orphan, "Kernel id 77"),
  BAD (orphan_in_use, "left over by container"),
  BAD (orphan_twice, "left over by container"),
  BAD (orphan_of_device, "left over by container"),
  BAD (orphan_tracker, "Kernel id 77", "The tracker of HWPT id 77"),
};

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
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);

  free_orphans (self);
}

#define MANY 10000

static void
double_many (IommudHostRecord *record)
{
  for (guint i = 0; i < MANY; i++)
    {
      IommudBindingRecord *binding = copy_iommud_binding_record (BINDING (record, 2));
      g_autofree char *name = g_strdup_printf ("nothing-%u", i);

      iommud_record_set_string (&binding->name, name);
      g_ptr_array_add (record->bindings, binding);
      double_tracker (record);
      wrong_hwpt_device_twice (record);
      wrong_orphan (record);
    }
}

static guint
count (const char *text, const char *what)
{
  guint n = 0;

  for (const char *at = strstr (text, what); at != NULL; at = strstr (at + 1, what))
    n++;
  return n;
}

/* So that the log of the test does not have each of them too. */
static void
ignore_message (const char *domain, GLogLevelFlags level, const char *message, gpointer unused)
{
}

/* A large file full of damage: each record of it is found, and all that is right is kept. */
static void
test_many (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *before = adopt_fixture_dump (self, FALSE);
  guint handler = g_log_set_handler ("iommud", G_LOG_LEVEL_DEBUG, ignore_message, NULL);
  g_autofree char *dropped = adopt_damaged (self, data);
  g_autofree char *after = adopt_fixture_dump (self, FALSE);

  g_log_remove_handler ("iommud", handler);
  g_assert_cmpuint (count (dropped, "Device nothing-"), ==, MANY);
  g_assert_cmpuint (count (dropped, "A tracker of container"), ==, MANY);
  g_assert_cmpuint (count (dropped, "Device 0000:01:00.0 on HWPT"), ==, MANY);
  g_assert_cmpuint (count (dropped, "Kernel id 77, left over"), ==, MANY);
  g_assert_cmpstr (after, ==, before);
}

/* Beyond where any life starts. */
#define LATE_SERIAL (G_GUINT64_CONSTANT (1) << 50)

static void
set_late_serials (IommudHostRecord *record)
{
  record->last_container_serial = LATE_SERIAL;
  record->last_context_serial = LATE_SERIAL;
}

/* No serial of an earlier life is used again, also if what had it is gone. */
static void
test_serials (AdoptFixture *self, gconstpointer data)
{
  g_autofree char *dropped G_GNUC_UNUSED = adopt_damaged (self, data);
  g_autoptr (IommudContainer) created =
      model_fixture_container (&self->model, "new", IOMMUD_DIRTY_TRACKING_POLICY_OFF);
  guint64 context;

  g_object_get (created, "context", &context, NULL);
  g_assert_cmpuint (context, ==, LATE_SERIAL + 1);
  g_assert_cmpuint (iommud_container_get_serial (created), ==, LATE_SERIAL + 1);
}

static const Damage serials = { "serials", set_late_serials, { NULL } };

static const Damage many = { "many", double_many, { NULL } };

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
  g_test_add ("/adopt/serials", AdoptFixture, &serials, set_up, test_serials,
              adopt_fixture_tear_down);
  g_test_add ("/adopt/many", AdoptFixture, &many, set_up, test_many, adopt_fixture_tear_down);
  return g_test_run ();
}
