/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a lease, in parts: what it is given stands between them. */
#pragma once

#include "model/lease.h"

G_BEGIN_DECLS

/* A lease that the host does not list yet, and its guard; NULL with an error. Sets the options'
 * name if they have none. */
IommudLease *iommud_create_lease (IommudHost *host, IommudLeaseOptions *options, int *guard,
                                  GError **error);
/* Lists it. From now on it ends if its guard is closed. */
gboolean iommud_create_lease_publish (IommudLease *lease, GError **error);
/* For a lease that was not listed. */
void iommud_create_lease_undo (IommudLease *lease);

G_END_DECLS
