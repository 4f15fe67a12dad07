/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects of the model, written down: what a restart needs to make them again.
 *
 * Records name each other by serial, never by pointer or by the number of a descriptor. A record
 * that came from a GVariant has every field in its bounds; whether the records of a host fit each
 * other and the kernel is for the adoption to find out. */
#pragma once

#include "base/ranges.h"
#include "handle/binding.h"
#include "iommud-types.h"
#include "memory/mapping-table.h"

G_BEGIN_DECLS

/* Of the host record; another one is not understood. */
#define IOMMUD_RECORD_VERSION 2
/* Serials that a JSON number holds exactly. */
#define IOMMUD_MAX_SERIAL ((G_GUINT64_CONSTANT (1) << 53) - 1)

/* What a host can have, and what a container of it, so that all of it can be written down and read
 * again: far beyond any host. The operations that make more of it refuse what goes beyond. */
#define IOMMUD_MAX_CONTAINERS 65536
#define IOMMUD_MAX_LEASES 65536
#define IOMMUD_MAX_HWPTS 65536
#define IOMMUD_MAX_DEVICES 65536
#define IOMMUD_MAX_MAPPINGS 1048576
/* So many kernel objects that could not be freed are written down. Of the others, an adoption finds
 * those whose ids are low; the rest stay until their context is closed. */
#define IOMMUD_MAX_ORPHANS 65536

typedef struct
{
  guint64 serial;
  guint32 n_containers; /* those in it, of which a fact has one */
  gboolean shared;
} IommudContextRecord;

typedef struct
{
  guint64 serial;
  guint64 context;
  char *name;
  guint32 owner;
  guint32 ioas_id;
  IommudAccounting accounting;
  IommudDirtyTrackingPolicy policy;
  gboolean huge_pages;
  GArray *allowed; /* of IommudIovaRange */
  GArray *orphans; /* of guint32: see iommud_page_table_free_orphans() */
  guint64 last_hwpt_serial;
  guint32 n_refusals;
  /* So many other records there are of it, by which a lost one is missed. */
  guint32 n_hwpts;
  guint32 n_devices;
  guint64 n_mappings;
  guint64 lease; /* its serial; 0: none */
} IommudContainerRecord;

typedef struct
{
  guint64 serial;
  char *name;
  guint32 owner;
  guint32 pid;
  char *command;
  char *unit;
  guint64 since;
  guint64 locked_memory;
  gboolean lingering;
  GPtrArray *handed_out; /* of char *: the names of devices */
} IommudLeaseRecord;

typedef struct
{
  guint64 container;
  guint64 serial;
  guint64 parent; /* the nest parent's serial; 0: none */
  guint32 hwpt_id;
  IommudHwptManagement management;
  IommudHwptFlags flags;
  char *iommu;
  GPtrArray *refused; /* of char *: IOMMU instances */
  GPtrArray *devices; /* of char *: the names of those on it, in their order */
} IommudHwptRecord;

/* A device that is bound. */
typedef struct
{
  char *name;
  char *sysfs_path;
  guint64 container;
  guint64 hwpt; /* 0: none */
  gboolean attached;
  guint32 device_id;
  guint64 iommu_capabilities;
  guint32 iommu_type;
  guint32 max_pasid_width;
  gboolean dma_logging;
  IommudTrackerChoice tracker;
} IommudBindingRecord;

typedef struct
{
  guint64 container;
  guint64 iova;
  guint64 length;
  guint64 file_offset;
  IommudMapFlags flags;
  gboolean memory_is_writable;
  guint64 first_piece;
  guint64 piece;
  gboolean by_address; /* the kernel has an address of the process that mapped it, not the file */
} IommudMappingRecord;

/* One that runs, or should. */
typedef struct
{
  IommudTrackerKind kind; /* DEVICE or IOMMU */
  char *device;           /* of a log; else "" */
  guint32 hwpt_id;        /* of a HWPT; else 0 */
  guint64 page_size; /* of a log: what it records in, as it was last started; 0: it never was */
  gboolean runs;
  GArray *ranges; /* of IommudIovaRange: what a log that runs covers */
  gboolean blind;
} IommudTrackerRecord;

typedef struct
{
  guint64 container;
  gboolean active;
  gboolean stopping;
  guint64 page_size;
  GPtrArray *trackers;    /* of IommudTrackerRecord */
  GArray *saved_of_logs;  /* of IommudIovaRange: what is dirty and was not delivered */
  GArray *saved_of_hwpts; /* likewise */
} IommudTrackingRecord;

/* What an operation is about to do. 0 and "" are what it has nothing to do with. */
typedef struct
{
  guint64 number;  /* by which the journal knows it; 0 until then */
  char *act;       /* the name of the operation: "attach-device" */
  guint64 context; /* serials */
  guint64 container;
  guint64 hwpt;
  guint64 source; /* of a copy: the container */
  char *name;     /* of a container that is made */
  guint32 owner;  /* likewise */
  char *device;
  guint64 iova;
  guint64 length;    /* 0 if it may be anywhere */
  GPtrArray *closes; /* of char *: the names of descriptors that it may close */
} IommudIntentRecord;

/* What a fact tells all of: if a record of the kind has the first part of the key, and its second
 * part, a number, lies in the range, then it is in the fact, or it is gone. */
typedef struct
{
  char *kind; /* the name of a list of the host record: "mappings" */
  guint64 key;
  guint64 first; /* 0 to the largest number if the second part is none */
  guint64 last;
  char *name; /* if it is not "", only the record whose second part is this name is meant */
} IommudScopeRecord;

/* A host, or a fact about it. A new kind of record is one more list here, with a row in the table
 * of record.c; its own table says what its key is. A field "n_" with the name of a list, whose
 * records have a key of one part, is how many records the host has in that list. */
typedef struct
{
  guint32 version;
  gboolean damaged; /* some of what was written down is not known */
  guint64 last_context_serial;
  guint64 last_container_serial;
  guint64 last_lease_serial;
  guint32 n_contexts;
  guint32 n_containers;
  guint32 n_leases;
  GPtrArray *contexts;
  GPtrArray *containers;
  GPtrArray *leases;
  GPtrArray *hwpts;
  GPtrArray *bindings;
  GPtrArray *mappings;
  GPtrArray *trackings;
  GPtrArray *intents; /* of operations that were interrupted */
  GPtrArray *scopes;  /* of a fact; a host has none */
} IommudHostRecord;

/* For each: _new() (strings are "", lists empty, numbers 0), _free(), _to_variant(), and
 * _from_variant(), which fails with INVALID_ARGUMENT and names the field. */
#define IOMMUD_DECLARE_RECORD(Record, prefix)                                                      \
  Record *prefix##_new (void);                                                                     \
  void prefix##_free (Record *self);                                                               \
  GVariant *prefix##_to_variant (const Record *self);                                              \
  Record *prefix##_from_variant (GVariant *variant, GError **error);                               \
  G_DEFINE_AUTOPTR_CLEANUP_FUNC (Record, prefix##_free)

IOMMUD_DECLARE_RECORD (IommudContextRecord, iommud_context_record)
IOMMUD_DECLARE_RECORD (IommudContainerRecord, iommud_container_record)
IOMMUD_DECLARE_RECORD (IommudLeaseRecord, iommud_lease_record)
IOMMUD_DECLARE_RECORD (IommudHwptRecord, iommud_hwpt_record)
IOMMUD_DECLARE_RECORD (IommudBindingRecord, iommud_binding_record)
IOMMUD_DECLARE_RECORD (IommudMappingRecord, iommud_mapping_record)
IOMMUD_DECLARE_RECORD (IommudTrackerRecord, iommud_tracker_record)
IOMMUD_DECLARE_RECORD (IommudTrackingRecord, iommud_tracking_record)
IOMMUD_DECLARE_RECORD (IommudIntentRecord, iommud_intent_record)
IOMMUD_DECLARE_RECORD (IommudScopeRecord, iommud_scope_record)
IOMMUD_DECLARE_RECORD (IommudHostRecord, iommud_host_record)

/* The table of the fields of a host record, whose lists are the kinds of records. */
typedef struct _IommudRecordType IommudRecordType;
const IommudRecordType *iommud_host_record_get_record_type (void);

/* What the name of a container or a lease may be. */
#define IOMMUD_MAX_NAME_LENGTH 64
gboolean iommud_container_name_is_valid (const char *name);

void iommud_record_set_string (char **field, const char *value);

G_END_DECLS
