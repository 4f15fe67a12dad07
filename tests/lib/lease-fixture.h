/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases on a simulated host, and processes that hold what was handed out. */
#pragma once

#include "model-fixture.h"

G_BEGIN_DECLS

/* The devices of that name, and so many. The array is owned. */
GPtrArray *lease_fixture_devices (ModelFixture *self, const char *first,
                                  ...) G_GNUC_NULL_TERMINATED;
/* Leases devices; the call must succeed. Both are owned by the caller. */
IommudLease *lease_fixture_lease (ModelFixture *self, GPtrArray *devices, const char *name,
                                  IommudDescriptors **files);
/* The call must fail with @code and a message that holds @text, and leave no file open. */
void lease_fixture_lease_fails (ModelFixture *self, GPtrArray *devices, const char *name,
                                IommudError code, const char *text);
/* A lease that has nothing yet. */
IommudLease *lease_fixture_create (ModelFixture *self, const char *name, int *guard);
/* A container of the lease, with a device attached if @device is not NULL. */
IommudContainer *lease_fixture_container (ModelFixture *self, IommudLease *lease,
                                          const char *device);
IommudLease *lease_fixture_get_lease_of (ModelFixture *self, const char *device);
/* Runs the main context until the host has no lease. */
void lease_fixture_wait_for_end (ModelFixture *self);
void lease_fixture_wait_for_state (IommudLease *lease, IommudLeaseState state);
/* Until it has looked for who keeps it. */
void lease_fixture_wait_for_holders (IommudLease *lease);
guint lease_fixture_count_open_files (void);
/* Until no more are open than that: the simulated kernel sees a little later that a file was
 * closed.
 */
void lease_fixture_wait_for_open_files (guint n_files);
/* What is opened once, with the first lease, is open when it returns. */
void lease_fixture_set_up (ModelFixture *self, gconstpointer kernel);
/* Waits for leases whose guards were closed. */
void lease_fixture_tear_down (ModelFixture *self, gconstpointer unused);

/* Another process that has a copy of @fd. */
typedef struct _LeaseHolder LeaseHolder;

LeaseHolder *lease_holder_new (int fd);
guint lease_holder_get_pid (LeaseHolder *self);
/* It closes its copy, and goes on. */
void lease_holder_close (LeaseHolder *self);
/* It is killed, and waited for. */
void lease_holder_free (LeaseHolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LeaseHolder, lease_holder_free)

G_END_DECLS
