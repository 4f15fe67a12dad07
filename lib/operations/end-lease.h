/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The end of a lease. */
#pragma once

#include "model/lease.h"

G_BEGIN_DECLS

/* Ends it, if it has not ended; @task (taken, or NULL) returns when all is freed that can be. */
void iommud_end_lease_for (IommudLease *lease, GTask *task);
/* The last copy of its guard was closed. */
void iommud_end_lease_that_is_abandoned (IommudLease *lease);
/* For a lease that has ended: something may have left it. */
void iommud_end_lease_go_on (IommudLease *lease);
/* For a lease that has ended: looks once more for what keeps it, and then calls @callback. It may
 * be over by then. */
void iommud_end_lease_settle (IommudLease *lease, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
