/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations change in the memory of a container. */
#pragma once

#include "dirty/mapped-ranges.h"
#include "handle/page-table.h"
#include "iommud-memory.h"
#include "memory/mapping-table.h"
#include "model/record.h"

G_BEGIN_DECLS

/* @record is the container's. */
IommudMemory *iommud_memory_new (IommudContainer *container, const IommudContainerRecord *record,
                                 const IommudIovaSpace *space);
void iommud_memory_fill_record (IommudMemory *self, IommudContainerRecord *record);

/* Sets what can be mapped. A space without ranges leaves it as it is. */
const IommudIovaSpace *iommud_memory_get_space (IommudMemory *self);
void iommud_memory_set_space (IommudMemory *self, const IommudIovaSpace *space);
/* Sets the IOVAs that the kernel may choose from, an array of IommudIovaRange. */
void iommud_memory_set_allowed (IommudMemory *self, GArray *ranges);

/* What is mapped now. Only the functions below change it, except for its files. */
IommudMappingTable *iommud_memory_get_mappings (IommudMemory *self);
void iommud_memory_add_mapping (IommudMemory *self, const IommudMapping *mapping);
/* See iommud_mapping_table_resize(). */
void iommud_memory_resize_mapping (IommudMemory *self, guint64 iova, guint64 length);
/* The container is gone, and with it what was mapped. */
void iommud_memory_forget_mappings (IommudMemory *self);
/* At most @n of them at a time, with no signal before the last one, which the function above
 * forgets; whether more are left. */
gboolean iommud_memory_forget_some_mappings (IommudMemory *self, guint n);
/* A snapshot of what is mapped. It is made anew only after a mapping has changed. */
IommudMappedRanges *iommud_memory_get_mapped_ranges (IommudMemory *self);

/* An operation that changes mappings holds them from its first turn to its last, so that those of
 * one container never come between each other's turns. */
void iommud_memory_hold (IommudMemory *self, gconstpointer operation);
void iommud_memory_release (IommudMemory *self, gconstpointer operation);
gboolean iommud_memory_is_held (IommudMemory *self, gconstpointer by_other_than);

G_END_DECLS
