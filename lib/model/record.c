/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of each kind of record, and their bounds. */
#include "model/record.h"

#include <string.h>

#include "dirty/store.h"
#include "model/record-field.h"

/* What a list may have at most, besides the limits of a host and of a container. */
#define MAX_RANGES 4096
#define MAX_TRACKERS (IOMMUD_MAX_DEVICES + IOMMUD_MAX_HWPTS + IOMMUD_MAX_ORPHANS)
/* What all containers have together. Only the size of what is read bounds it. */
#define MAX_OF_ALL G_MAXUINT32

#define MAX_STRING 255
#define MAX_PATH 4096
#define MIN_PAGE 4096
/* A bound for the page that a log answers with, so that no buffer for its bits is huge. */
#define MAX_LOG_PAGE (G_GUINT64_CONSTANT (1) << 40)
#define MAX_PAGE (G_GUINT64_CONSTANT (1) << 30)
#define ALL_HWPT_FLAGS (IOMMUD_HWPT_FLAGS_DIRTY_TRACKING | IOMMUD_HWPT_FLAGS_NEST_PARENT)
#define ALL_MAP_FLAGS (IOMMUD_MAP_FLAGS_READABLE | IOMMUD_MAP_FLAGS_WRITABLE)

#define FIELD(Record, member, KIND, least, most)                                                   \
  {                                                                                                \
    .name = #member, .kind = IOMMUD_RECORD_FIELD_##KIND, .offset = offsetof (Record, member),      \
    .min = (least), .max = (most)                                                                  \
  }
/* A field that is a part of the record's key. */
#define KEY(Record, member, KIND, least, most, part)                                               \
  {                                                                                                \
    .name = #member, .kind = IOMMUD_RECORD_FIELD_##KIND, .offset = offsetof (Record, member),      \
    .min = (least), .max = (most), .key = (part)                                                   \
  }
#define CHECKED(Record, member, least, most, check)                                                \
  {                                                                                                \
    .name = #member, .kind = IOMMUD_RECORD_FIELD_STRING, .offset = offsetof (Record, member),      \
    .min = (least), .max = (most), .is_valid = check                                               \
  }
#define RECORDS(Record, member, most, type)                                                        \
  {                                                                                                \
    .name = #member, .kind = IOMMUD_RECORD_FIELD_RECORDS, .offset = offsetof (Record, member),     \
    .max = (most), .of = &type                                                                     \
  }

#define DEFINE_RECORD(Record, prefix, called)                                                      \
  static const IommudRecordType prefix##_type = { called, sizeof (Record), prefix##_fields };      \
  Record *prefix##_new (void)                                                                      \
  {                                                                                                \
    return iommud_record_new (&prefix##_type);                                                     \
  }                                                                                                \
  void prefix##_free (Record *self)                                                                \
  {                                                                                                \
    iommud_record_free (&prefix##_type, self);                                                     \
  }                                                                                                \
  GVariant *prefix##_to_variant (const Record *self)                                               \
  {                                                                                                \
    return iommud_record_to_variant (&prefix##_type, self);                                        \
  }                                                                                                \
  Record *prefix##_from_variant (GVariant *variant, GError **error)                                \
  {                                                                                                \
    return iommud_record_from_variant (&prefix##_type, variant, error);                            \
  }

gboolean
iommud_container_name_is_valid (const char *name)
{
  gsize length = strlen (name);
  gboolean number = TRUE;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (name[i]) && strchr ("._-:", name[i]) == NULL)
        return FALSE;
      number = number && g_ascii_isdigit (name[i]);
    }
  return length > 0 && length <= IOMMUD_MAX_NAME_LENGTH && !number;
}

void
iommud_record_set_string (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static gboolean
is_device_name (const char *name)
{
  return strchr (name, '/') == NULL;
}

static gboolean
is_absolute (const char *path)
{
  return *path == '/';
}

static const IommudRecordField iommud_context_record_fields[] = {
  KEY (IommudContextRecord, serial, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  FIELD (IommudContextRecord, n_containers, NUMBER32, 1, IOMMUD_MAX_CONTAINERS),
  FIELD (IommudContextRecord, shared, BOOLEAN, 0, 1),
  { 0 },
};
DEFINE_RECORD (IommudContextRecord, iommud_context_record, "context")

static const IommudRecordField iommud_container_record_fields[] = {
  KEY (IommudContainerRecord, serial, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  FIELD (IommudContainerRecord, context, NUMBER64, 1, IOMMUD_MAX_SERIAL),
  CHECKED (IommudContainerRecord, name, 1, IOMMUD_MAX_NAME_LENGTH, iommud_container_name_is_valid),
  FIELD (IommudContainerRecord, owner, NUMBER32, 0, G_MAXUINT32),
  FIELD (IommudContainerRecord, ioas_id, NUMBER32, 1, G_MAXINT32),
  FIELD (IommudContainerRecord, accounting, NUMBER32, 0, IOMMUD_ACCOUNTING_PROCESS),
  FIELD (IommudContainerRecord, policy, NUMBER32, 0, IOMMUD_DIRTY_TRACKING_POLICY_REQUIRED),
  FIELD (IommudContainerRecord, huge_pages, BOOLEAN, 0, 1),
  FIELD (IommudContainerRecord, allowed, RANGES, 0, MAX_RANGES),
  FIELD (IommudContainerRecord, orphans, IDS, 0, IOMMUD_MAX_ORPHANS),
  FIELD (IommudContainerRecord, last_hwpt_serial, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudContainerRecord, n_refusals, NUMBER32, 0, G_MAXUINT32),
  FIELD (IommudContainerRecord, n_hwpts, NUMBER32, 0, IOMMUD_MAX_HWPTS),
  FIELD (IommudContainerRecord, n_devices, NUMBER32, 0, IOMMUD_MAX_DEVICES),
  FIELD (IommudContainerRecord, n_mappings, NUMBER64, 0, IOMMUD_MAX_MAPPINGS),
  FIELD (IommudContainerRecord, lease, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  { 0 },
};
DEFINE_RECORD (IommudContainerRecord, iommud_container_record, "container")

static const IommudRecordField iommud_lease_record_fields[] = {
  KEY (IommudLeaseRecord, serial, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  CHECKED (IommudLeaseRecord, name, 1, IOMMUD_MAX_NAME_LENGTH, iommud_container_name_is_valid),
  FIELD (IommudLeaseRecord, owner, NUMBER32, 0, G_MAXUINT32),
  FIELD (IommudLeaseRecord, pid, NUMBER32, 0, G_MAXUINT32),
  FIELD (IommudLeaseRecord, command, STRING, 0, MAX_STRING),
  FIELD (IommudLeaseRecord, unit, STRING, 0, MAX_STRING),
  FIELD (IommudLeaseRecord, since, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudLeaseRecord, locked_memory, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudLeaseRecord, lingering, BOOLEAN, 0, 1),
  FIELD (IommudLeaseRecord, handed_out, STRINGS, 0, IOMMUD_MAX_DEVICES),
  { 0 },
};
DEFINE_RECORD (IommudLeaseRecord, iommud_lease_record, "lease")

static const IommudRecordField iommud_hwpt_record_fields[] = {
  KEY (IommudHwptRecord, container, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  KEY (IommudHwptRecord, serial, NUMBER64, 1, IOMMUD_MAX_SERIAL, 2),
  FIELD (IommudHwptRecord, parent, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudHwptRecord, hwpt_id, NUMBER32, 1, G_MAXINT32),
  FIELD (IommudHwptRecord, management, NUMBER32, 0, IOMMUD_HWPT_MANAGEMENT_KERNEL),
  FIELD (IommudHwptRecord, flags, NUMBER32, 0, ALL_HWPT_FLAGS),
  FIELD (IommudHwptRecord, iommu, STRING, 0, MAX_STRING),
  FIELD (IommudHwptRecord, refused, STRINGS, 0, IOMMUD_MAX_HWPTS),
  FIELD (IommudHwptRecord, devices, STRINGS, 0, IOMMUD_MAX_DEVICES),
  { 0 },
};
DEFINE_RECORD (IommudHwptRecord, iommud_hwpt_record, "HWPT")

static const IommudRecordField iommud_binding_record_fields[] = {
  { .name = "name",
    .kind = IOMMUD_RECORD_FIELD_STRING,
    .offset = offsetof (IommudBindingRecord, name),
    .min = 1,
    .max = MAX_STRING,
    .is_valid = is_device_name,
    .key = 2 },
  CHECKED (IommudBindingRecord, sysfs_path, 1, MAX_PATH, is_absolute),
  KEY (IommudBindingRecord, container, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  FIELD (IommudBindingRecord, hwpt, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudBindingRecord, attached, BOOLEAN, 0, 1),
  FIELD (IommudBindingRecord, device_id, NUMBER32, 1, G_MAXINT32),
  FIELD (IommudBindingRecord, iommu_capabilities, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudBindingRecord, iommu_type, NUMBER32, 0, G_MAXUINT32),
  FIELD (IommudBindingRecord, max_pasid_width, NUMBER32, 0, G_MAXUINT8),
  FIELD (IommudBindingRecord, dma_logging, BOOLEAN, 0, 1),
  FIELD (IommudBindingRecord, tracker, NUMBER32, 0, IOMMUD_TRACKER_CHOICE_IOMMU),
  { 0 },
};
DEFINE_RECORD (IommudBindingRecord, iommud_binding_record, "bound device")

static const IommudRecordField iommud_mapping_record_fields[] = {
  KEY (IommudMappingRecord, container, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  KEY (IommudMappingRecord, iova, NUMBER64, 0, G_MAXUINT64, 2),
  FIELD (IommudMappingRecord, length, NUMBER64, MIN_PAGE, G_MAXUINT64),
  FIELD (IommudMappingRecord, file_offset, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudMappingRecord, flags, NUMBER32, 1, ALL_MAP_FLAGS),
  FIELD (IommudMappingRecord, memory_is_writable, BOOLEAN, 0, 1),
  FIELD (IommudMappingRecord, first_piece, NUMBER64, MIN_PAGE, G_MAXINT64),
  FIELD (IommudMappingRecord, piece, NUMBER64, MIN_PAGE, G_MAXINT64),
  FIELD (IommudMappingRecord, by_address, BOOLEAN, 0, 1),
  { 0 },
};
DEFINE_RECORD (IommudMappingRecord, iommud_mapping_record, "mapping")

static const IommudRecordField iommud_tracker_record_fields[] = {
  FIELD (IommudTrackerRecord, kind, NUMBER32, IOMMUD_TRACKER_KIND_DEVICE,
         IOMMUD_TRACKER_KIND_IOMMU),
  CHECKED (IommudTrackerRecord, device, 0, MAX_STRING, is_device_name),
  FIELD (IommudTrackerRecord, hwpt_id, NUMBER32, 0, G_MAXINT32),
  FIELD (IommudTrackerRecord, page_size, NUMBER64, 0, MAX_LOG_PAGE),
  FIELD (IommudTrackerRecord, runs, BOOLEAN, 0, 1),
  FIELD (IommudTrackerRecord, ranges, RANGES, 0, MAX_RANGES),
  FIELD (IommudTrackerRecord, blind, BOOLEAN, 0, 1),
  { 0 },
};
DEFINE_RECORD (IommudTrackerRecord, iommud_tracker_record, "tracker")

static const IommudRecordField iommud_tracking_record_fields[] = {
  KEY (IommudTrackingRecord, container, NUMBER64, 1, IOMMUD_MAX_SERIAL, 1),
  FIELD (IommudTrackingRecord, active, BOOLEAN, 0, 1),
  FIELD (IommudTrackingRecord, stopping, BOOLEAN, 0, 1),
  FIELD (IommudTrackingRecord, page_size, NUMBER64, MIN_PAGE, MAX_PAGE),
  RECORDS (IommudTrackingRecord, trackers, MAX_TRACKERS, iommud_tracker_record_type),
  FIELD (IommudTrackingRecord, saved_of_logs, RANGES, 0, IOMMUD_DIRTY_STORE_MAX_RUNS),
  FIELD (IommudTrackingRecord, saved_of_hwpts, RANGES, 0, IOMMUD_DIRTY_STORE_MAX_RUNS),
  { 0 },
};
DEFINE_RECORD (IommudTrackingRecord, iommud_tracking_record, "dirty tracking")

static const IommudRecordField iommud_intent_record_fields[] = {
  KEY (IommudIntentRecord, number, NUMBER64, 0, G_MAXUINT64, 1),
  FIELD (IommudIntentRecord, act, STRING, 1, MAX_STRING),
  FIELD (IommudIntentRecord, context, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudIntentRecord, container, NUMBER64, 1, IOMMUD_MAX_SERIAL),
  FIELD (IommudIntentRecord, hwpt, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudIntentRecord, source, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudIntentRecord, name, STRING, 0, IOMMUD_MAX_NAME_LENGTH),
  FIELD (IommudIntentRecord, owner, NUMBER32, 0, G_MAXUINT32),
  FIELD (IommudIntentRecord, device, STRING, 0, MAX_STRING),
  FIELD (IommudIntentRecord, iova, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudIntentRecord, length, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudIntentRecord, closes, STRINGS, 0, MAX_OF_ALL),
  { 0 },
};
DEFINE_RECORD (IommudIntentRecord, iommud_intent_record, "intent")

/* Without a key: it is a part of one fact. */
static const IommudRecordField iommud_scope_record_fields[] = {
  FIELD (IommudScopeRecord, kind, STRING, 1, MAX_STRING),
  FIELD (IommudScopeRecord, key, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudScopeRecord, first, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudScopeRecord, last, NUMBER64, 0, G_MAXUINT64),
  FIELD (IommudScopeRecord, name, STRING, 0, MAX_STRING),
  { 0 },
};
DEFINE_RECORD (IommudScopeRecord, iommud_scope_record, "scope")

static const IommudRecordField iommud_host_record_fields[] = {
  FIELD (IommudHostRecord, version, NUMBER32, IOMMUD_RECORD_VERSION, IOMMUD_RECORD_VERSION),
  FIELD (IommudHostRecord, damaged, BOOLEAN, 0, 1),
  FIELD (IommudHostRecord, last_context_serial, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudHostRecord, last_container_serial, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudHostRecord, last_lease_serial, NUMBER64, 0, IOMMUD_MAX_SERIAL),
  FIELD (IommudHostRecord, n_contexts, NUMBER32, 0, IOMMUD_MAX_CONTAINERS),
  FIELD (IommudHostRecord, n_containers, NUMBER32, 0, IOMMUD_MAX_CONTAINERS),
  FIELD (IommudHostRecord, n_leases, NUMBER32, 0, IOMMUD_MAX_LEASES),
  RECORDS (IommudHostRecord, contexts, IOMMUD_MAX_CONTAINERS, iommud_context_record_type),
  RECORDS (IommudHostRecord, containers, IOMMUD_MAX_CONTAINERS, iommud_container_record_type),
  RECORDS (IommudHostRecord, leases, IOMMUD_MAX_LEASES, iommud_lease_record_type),
  RECORDS (IommudHostRecord, hwpts, MAX_OF_ALL, iommud_hwpt_record_type),
  RECORDS (IommudHostRecord, bindings, MAX_OF_ALL, iommud_binding_record_type),
  RECORDS (IommudHostRecord, mappings, MAX_OF_ALL, iommud_mapping_record_type),
  RECORDS (IommudHostRecord, trackings, IOMMUD_MAX_CONTAINERS, iommud_tracking_record_type),
  RECORDS (IommudHostRecord, intents, MAX_OF_ALL, iommud_intent_record_type),
  RECORDS (IommudHostRecord, scopes, MAX_OF_ALL, iommud_scope_record_type),
  { 0 },
};
DEFINE_RECORD (IommudHostRecord, iommud_host_record, "host")

const IommudRecordType *
iommud_host_record_get_record_type (void)
{
  return &iommud_host_record_type;
}
