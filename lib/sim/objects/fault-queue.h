/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of page faults. No simulated device asks for a page, so they stay empty: a read of their
 * files gives nothing. */
#pragma once

#include "sim/objects/context.h"

G_BEGIN_DECLS

IommudSimulatedObject *iommud_simulated_fault_queue_new (IommudSimulatedContext *context);
/* It has a file, which refers to it and to its context. */
void iommud_simulated_fault_queue_open (IommudSimulatedObject *self);
/* The last close of that file: the queue itself stays. */
void iommud_simulated_fault_queue_release (IommudSimulatedObject *self);

G_END_DECLS
