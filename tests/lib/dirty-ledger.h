/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps account of what devices write, and checks every dirty bitmap against it: a page that was
 * written while its device was tracked must be in a bitmap that is read later, even if calls fail
 * meanwhile. */
#pragma once

#include "dirty-fixture.h"

G_BEGIN_DECLS

typedef struct
{
  MappingFixture fixture;
  gboolean exact;      /* no tracker fails: bitmaps have nothing else */
  gboolean tracking;   /* started, and no stop was asked for */
  GHashTable *pending; /* set of page numbers that were written and not delivered */
  /* Pages that some tracker may report, perhaps later than others: unmapped without a bitmap, or
   * written by a device that is not attached and translates through a sibling's HWPT. */
  GHashTable *maybe;
} DirtyLedger;

void dirty_ledger_set_up (DirtyLedger *self, gboolean exact);
void dirty_ledger_tear_down (DirtyLedger *self);

/* Each may fail, unless the ledger is exact. */
void dirty_ledger_start (DirtyLedger *self);
void dirty_ledger_stop (DirtyLedger *self);
void dirty_ledger_attach (DirtyLedger *self, const char *device, IommudTrackerChoice tracker);
void dirty_ledger_detach (DirtyLedger *self, const char *device);
void dirty_ledger_replace (DirtyLedger *self, const char *device, IommudHwpt *hwpt);
void dirty_ledger_map (DirtyLedger *self, guint64 iova, guint64 length);
void dirty_ledger_unmap (DirtyLedger *self, guint64 iova, guint64 length, gboolean bitmap);
void dirty_ledger_read (DirtyLedger *self, guint64 iova, guint64 length, gboolean no_clear);
/* To one page; the IOMMU may block it. */
void dirty_ledger_write (DirtyLedger *self, const char *device, guint64 iova);

/* What runs in the kernel is what the properties say. */
void dirty_ledger_check (DirtyLedger *self);

G_END_DECLS
