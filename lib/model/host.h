/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model and the operations ask of a host. */
#pragma once

#include "backend/backend.h"
#include "base/process.h"
#include "model/context.h"
#include "model/container-table.h"
#include "model/device-table.h"
#include "model/holder.h"
#include "model/lease-table.h"
#include "iommud-host.h"
#include "handle/mapped-file.h"

G_BEGIN_DECLS

/* A host that has no devices and follows none. */
IommudHost *iommud_host_new_empty (IommudBackend *backend, GError **error);
GMainContext *iommud_host_get_main_context (IommudHost *self);
IommudContext *iommud_host_new_context (IommudHost *self);
/* One that was written down. */
IommudContext *iommud_host_adopt_context (IommudHost *self, const IommudContextRecord *record);
/* The part of the record that is about the host itself. */
void iommud_host_fill_record (IommudHost *self, IommudHostRecord *record);
void iommud_host_adopt_serials (IommudHost *self, const IommudHostRecord *record);
/* What operations of an earlier life were about to do when it ended: an array of
 * IommudIntentRecord. NULL: nothing, or it was taken already. */
void iommud_host_set_interrupted (IommudHost *self, GPtrArray *intents);
GPtrArray *iommud_host_take_interrupted (IommudHost *self);
/* Adds what was not taken yet. */
void iommud_host_write_interrupted_down (IommudHost *self, IommudHostRecord *record);
/* The files that it keeps open. */
IommudOpenFiles *iommud_host_get_open_files (IommudHost *self);
/* How much of this process's address space clients' files use. */
IommudMappedFiles *iommud_host_get_mapped_files (IommudHost *self);
/* Serials start at a random number, are counted for the host's whole life, and are never used
 * twice. */
guint64 iommud_host_next_container_serial (IommudHost *self);
guint64 iommud_host_next_lease_serial (IommudHost *self);

/* Searches for the holders of devices have a queue of their own. */
IommudHolderSearches *iommud_host_get_holder_searches (IommudHost *self);

void iommud_host_add_container (IommudHost *self, IommudContainer *container);

IommudDeviceTable *iommud_host_get_device_table (IommudHost *self);
IommudContainerTable *iommud_host_get_container_table (IommudHost *self);
IommudLeaseTable *iommud_host_get_lease_table (IommudHost *self);
IommudProcessId iommud_host_get_file_keeper (IommudHost *self);
/* NULL: nobody is told of what changes. */
IommudJournal *iommud_host_get_journal (IommudHost *self);
/* For operations that belong to no context. */
IommudQueue *iommud_host_new_queue (IommudHost *self);

/* What the kernel was found to offer; it is taken. NULL if there is no iommufd to ask. */
void iommud_host_take_features (IommudHost *self, char **features);

G_END_DECLS
