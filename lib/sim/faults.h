/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system calls are counted, delayed and made to fail. */
#pragma once

#include "sim/description/operations.h"

G_BEGIN_DECLS

typedef struct _IommudSimulatedFaults IommudSimulatedFaults;

IommudSimulatedFaults *iommud_simulated_faults_new (void);
void iommud_simulated_faults_free (IommudSimulatedFaults *self);
/* @nth: counted from now on, from 1; 0 is every call. */
void iommud_simulated_faults_add (IommudSimulatedFaults *self, IommudSimulatedOperation operation,
                                  guint nth, int errnum, guint delay_ms);
void iommud_simulated_faults_clear (IommudSimulatedFaults *self);
guint iommud_simulated_faults_get_count (IommudSimulatedFaults *self,
                                         IommudSimulatedOperation operation);
/* Counts a call, sleeps as long as its faults say, and returns 0 or the errno to fail with. The
 * lock is its own, so a call that is delayed does not delay others. */
int iommud_simulated_faults_meet (IommudSimulatedFaults *self, IommudSimulatedOperation operation);

G_END_DECLS
