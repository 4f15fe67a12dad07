/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A second address space, to which the devices of some HWPTs are moved for a while: an IOAS with
 * copies of some mappings, and in it one HWPT for each of theirs, which records as long as they are
 * on it. */
#pragma once

#include "handle/page-table.h"
#include "memory/mapping-table.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct _IommudTwin IommudTwin;

/* For plans. */
IommudTwin *iommud_twin_new (IommudTrackers *trackers, guint32 ioas_id);
void iommud_twin_free (IommudTwin *self);
void iommud_twin_add_mapping (IommudTwin *self, guint64 iova, guint64 length, IommudMapFlags flags);
/* Devices, and with them HWPTs, may be others at each turn: this forgets devices and orphans. */
void iommud_twin_begin_turn (IommudTwin *self);
/* Returns its number, for iommud_twin_add_device(). A HWPT is known by its serial. */
guint iommud_twin_add_hwpt (IommudTwin *self, guint64 serial, guint32 hwpt_id);
/* Devices count from 0. All devices of a HWPT have to move. */
void iommud_twin_add_device (IommudTwin *self, guint table, const IommudBinding *binding);

/* For workers. The twin is made by the first move. A move that fails may have moved some devices;
 * moving back also undoes that, and all later moves fail too. If moving back fails, some device is
 * no longer attached. While no device is on the twin, reads still report what it recorded. */
gboolean iommud_twin_move_to (IommudTwin *self, const IommudKernelAccess *access, GError **error);
gboolean iommud_twin_move_back (IommudTwin *self, const IommudKernelAccess *access, GError **error);
/* Frees the twin: ids that the kernel will not free become orphans. What it recorded is saved. */
void iommud_twin_end (IommudTwin *self, const IommudKernelAccess *access);

/* For publish: whether a device is no longer attached, and whether it is not even bound. */
gboolean iommud_twin_has_detached (const IommudTwin *self, guint device);
gboolean iommud_twin_has_unbound (const IommudTwin *self, guint device);
GArray *iommud_twin_get_orphans (IommudTwin *self);
const IommudIovaSpace *iommud_twin_get_space (const IommudTwin *self);

G_END_DECLS
