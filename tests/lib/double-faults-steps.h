/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the scenarios of failing kernel calls are made of. */
#pragma once

#include "double-faults.h"

G_BEGIN_DECLS

/* Two MiB are mapped from IOVA 0 on. */
void double_faults_start_tracking (DirtyLedger *ledger);
/* These two may fail. */
void double_faults_attach (DirtyLedger *ledger, const char *device);
void double_faults_attach_to_ioas (DirtyLedger *ledger, const char *device);
/* A HWPT with dirty tracking; the device is bound then. */
IommudHwpt *double_faults_alloc (DirtyLedger *ledger, const char *device);
/* The next move of the device fails in its IOMMU's driver, so that the kernel forgets its reserved
 * ranges and the move is undone by DETACH and ATTACH. */
void double_faults_fail_driver (DirtyLedger *ledger, const char *device);
/* A failed move leaves the device bound and no longer attached. */
void double_faults_leave_bound (DirtyLedger *ledger, const char *device);
/* A device that is bound and not attached while tracking is active: DIRTY_A, or BOTH, which logs.
 */
void double_faults_prepare_bound (DirtyLedger *ledger);
void double_faults_prepare_bound_with_log (DirtyLedger *ledger);

G_END_DECLS
