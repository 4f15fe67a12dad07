/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The threads that the slow parts of operations run on: few enough, and never none. */
#pragma once

#include "iommud-error.h"

G_BEGIN_DECLS

/* How many threads there are. One of them is kept for the time when no other can be made, so one
 * operation less is in the kernel at once; the others wait. A context has at most one there, so as
 * many contexts can be stuck in the kernel (in a close that waits for a driver, for example) before
 * the operations of other contexts wait for them. A thread that waits costs some 50 KiB of memory,
 * and the service's unit allows twice as many tasks. */
#define IOMMUD_MAX_WORKERS 256

typedef struct _IommudWorkers IommudWorkers;

/* Calls @work for each job, with the job and NULL. NULL with an error if not even one thread can be
 * made. */
IommudWorkers *iommud_workers_new (GFunc work, guint max_workers, GError **error);
/* For workers that have no job left; waits until the threads have returned from the last ones. */
void iommud_workers_free (IommudWorkers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudWorkers, iommud_workers_free)

/* Every job is worked on, in the order in which they come: if no thread can be made for it, by one
 * of those that are there. */
void iommud_workers_push (IommudWorkers *self, gpointer job);

G_END_DECLS
