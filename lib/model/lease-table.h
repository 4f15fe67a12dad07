/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The leases of a host, found by name, and their guards. */
#pragma once

#include "iommud-lease.h"

G_BEGIN_DECLS

typedef struct _IommudLeaseTable IommudLeaseTable;

IommudLeaseTable *iommud_lease_table_new (GMainContext *main_context);
void iommud_lease_table_free (IommudLeaseTable *self);

/* A list of IommudLease. */
GListModel *iommud_lease_table_get_list (IommudLeaseTable *self);

/* A name is reserved while its lease is being made. Sets a name if it is NULL. Fails if the name is
 * not valid or taken, or if the host has as many leases as it may have. */
gboolean iommud_lease_table_reserve_name (IommudLeaseTable *self, char **name, GError **error);
void iommud_lease_table_release_name (IommudLeaseTable *self, const char *name);

/* What is called, once, if the last copy of a lease's guard is closed while it is in the table. */
void iommud_lease_table_set_abandoned_handler (IommudLeaseTable *self,
                                               void (*handler) (IommudLease *lease));
/* Begins to watch the lease's guard, if it has one. Returns 0 or a positive errno. */
int iommud_lease_table_add (IommudLeaseTable *self, IommudLease *lease);
/* For a lease that is in the table and has no guard: the handler is called by the main loop. */
void iommud_lease_table_abandon (IommudLeaseTable *self, IommudLease *lease);
/* Fails if an operation of some lease is under way or waits. */
gboolean iommud_lease_table_check_idle (IommudLeaseTable *self, const char *what, GError **error);
/* The lease has ended: its guard counts no more. */
void iommud_lease_table_leave_guard (IommudLeaseTable *self, IommudLease *lease);
/* Its name is free again. */
void iommud_lease_table_remove (IommudLeaseTable *self, IommudLease *lease);

G_END_DECLS
