/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of page faults. No simulated device asks for a page, so none ever has an entry: a read of
 * its file gives nothing. */
#pragma once

#include "sim/ioctls/command.h"
#include "sim/process/files.h"

G_BEGIN_DECLS

int iommud_simulated_fault_alloc (IommudSimulatedCommand *command);
/* The last close of a queue's file: the queue itself stays. */
void iommud_simulated_fault_release (IommudSimulatedFile *file);

G_END_DECLS
