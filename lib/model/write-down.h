/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing contexts, leases and containers down: all of a container, or what an operation has
 * changed. */
#pragma once

#include "model/container.h"
#include "model/record.h"

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_WRITE_DOWN_DEVICES = 1 << 0,
  IOMMUD_WRITE_DOWN_HWPTS = 1 << 1,
  IOMMUD_WRITE_DOWN_MAPPINGS = 1 << 2, /* in a range */
  IOMMUD_WRITE_DOWN_TRACKING = 1 << 3,
  IOMMUD_WRITE_DOWN_ALL = (1 << 4) - 1,
} IommudWriteDownParts;

/* Adds the record of a context. */
void iommud_context_write_down (IommudContext *self, IommudHostRecord *record);
/* Adds the records of a container that is not freed. @first and @last are for MAPPINGS. */
void iommud_container_write_down (IommudContainer *self, IommudHostRecord *record,
                                  IommudWriteDownParts parts, guint64 first, guint64 last);

/* Adds the record of a lease. */
void iommud_lease_write_down (IommudLease *self, IommudHostRecord *record);

/* For facts: @record has all that there is of a kind, in a range of the second part of its key. */
void iommud_write_down_scope (IommudHostRecord *record, const char *kind, guint64 key,
                              guint64 first, guint64 last);
/* For facts: the record of one device, if it is bound for the container, and its scope. */
void iommud_container_write_down_device (IommudContainer *self, IommudHostRecord *record,
                                         IommudDevice *device);
/* For facts: the records of these HWPTs, of which some may be gone, and their scopes. */
void iommud_container_write_down_hwpts (IommudContainer *self, IommudHostRecord *record,
                                        GPtrArray *hwpts);
/* For facts: the scopes of iommud_container_write_down(), also for a container that was freed. */
void iommud_container_write_down_scopes (IommudContainer *self, IommudHostRecord *record,
                                         IommudWriteDownParts parts, guint64 first, guint64 last);

G_END_DECLS
