/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An adoption under way: what was written down, what of it is there, and what was dropped. */
#pragma once

#include "model/descriptors.h"
#include "model/host.h"
#include "model/record.h"
#include "handle/presence.h"

G_BEGIN_DECLS

typedef struct
{
  const IommudContextRecord *record;
  IommudKernelAccess access;
  GHashTable *ids; /* kernel ids of its objects that are adopted */
  guint n_containers;
  IommudContext *context; /* once it is adopted; NULL before */
} IommudAdoptedContext;

typedef struct
{
  IommudContainerRecord *record;
  IommudAdoptedContext *context;
  IommudIovaSpace space;
  GHashTable *hwpts; /* serial -> IommudHwptRecord, not owned */
  IommudMappingTable *mappings;
  gboolean tracking;   /* there is a record of it */
  gboolean lost_logs;  /* some log that was written down is dropped: what it recorded is lost */
  gboolean lost_hwpts; /* likewise the tracker of a HWPT */
  guint n_hwpts;
  guint n_devices;
  guint64 n_mappings;
  IommudContainer *container; /* once it is adopted; NULL before */
} IommudAdoptedContainer;

typedef struct
{
  IommudHost *host;
  IommudHostRecord *record;       /* dropped records leave it */
  IommudDescriptors *descriptors; /* of the caller */
  GPtrArray *dropped;             /* of char * */
  GHashTable *contexts;           /* serial -> IommudAdoptedContext */
  GHashTable *containers;         /* serial -> IommudAdoptedContainer */
  GHashTable *names;              /* set of the containers' names */
  GHashTable *leases;             /* serial -> IommudLeaseRecord, not owned */
  GHashTable *lease_names;        /* set of the leases' names */
  GHashTable *built_leases;       /* serial -> IommudLease */
  GHashTable *bindings;           /* name -> IommudBindingRecord, not owned */
  GHashTable *seen;               /* set of names of devices that were written down */
  GHashTable *listed;             /* set of devices with the HWPTs that list them */
} IommudAdoption;

/* Notes something that is not as it was written down. */
void iommud_adoption_drop (IommudAdoption *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The same; returns FALSE, for a check that keeps the record no longer. */
gboolean iommud_adoption_refuse (char **reason, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* The device that discovery has found there; NULL if there is none. */
IommudDevice *iommud_adoption_find_device (IommudAdoption *self, const char *sysfs_path);
IommudAdoptedContainer *iommud_adoption_find_container (IommudAdoption *self, guint64 serial);
/* What no other tracker of the container has: a log's device, or the id of a HWPT. */
char *iommud_adoption_name_tracker (const char *device, guint32 hwpt_id);

/* A check returns FALSE with a reason if the record is to be dropped, or with an error if the
 * kernel could not say. */
typedef gboolean (*IommudAdoptionCheck) (IommudAdoption *self, gpointer record, char **reason,
                                         GError **error);
/* Drops from @records those that @check does not keep. FALSE: it failed. */
gboolean iommud_adoption_filter (IommudAdoption *self, GPtrArray *records,
                                 IommudAdoptionCheck check, GDestroyNotify free_record,
                                 GError **error);

/* The checks, in the order in which they must come. */
gboolean iommud_adoption_check_containers (IommudAdoption *self, GError **error);
gboolean iommud_adoption_check_leases (IommudAdoption *self, GError **error);
gboolean iommud_adoption_check_devices (IommudAdoption *self, GError **error);
gboolean iommud_adoption_check_memory (IommudAdoption *self, GError **error);
gboolean iommud_adoption_check_trackers (IommudAdoption *self, GError **error);
/* Records that were lost: there are fewer than there should be. */
void iommud_adoption_check_counts (IommudAdoption *self);

/* What was interrupted is no longer known for sure: what trackers have seen, for instance. */
void iommud_adoption_doubt (IommudAdoption *self);
/* Keeps the intents for what is done about them once the host is there. */
void iommud_adoption_keep_intents (IommudAdoption *self);

/* Makes the objects. It cannot fail. */
void iommud_adoption_build (IommudAdoption *self);
/* Of a container that was made: its trackers, and what they may have missed. */
void iommud_adoption_build_tracking (IommudAdoption *self, IommudTrackingRecord *record);
/* The leases, before what they have, and once that is there. */
void iommud_adoption_build_leases (IommudAdoption *self);
void iommud_adoption_list_leases (IommudAdoption *self);
/* Closes the descriptors that no object has taken. */
void iommud_adoption_close_rest (IommudAdoption *self);
/* Looks for objects of the kernel that no record names, which will be freed with the next
 * operation. */
void iommud_adoption_search (IommudAdoption *self);

G_END_DECLS
