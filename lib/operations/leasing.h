/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations on leases share: whether a lease may have a device, and their queue. */
#pragma once

#include "base/queue.h"
#include "handle/binding.h"
#include "model/device.h"
#include "model/descriptors.h"
#include "model/lease.h"
#include "perform/find-holders.h"

G_BEGIN_DECLS

/* Fails if the lease may not be handed the device: it is gone, something else has it, or a device
 * of its IOMMU group belongs to somebody else. */
gboolean iommud_leasing_check_device (IommudHost *host, IommudLease *lease, IommudDevice *device,
                                      const char *what, GError **error);
/* The same, and claims the device: until iommud_leasing_let_go() nothing else can get it or a
 * device of its group. */
gboolean iommud_leasing_claim (IommudHost *host, IommudLease *lease, IommudDevice *device,
                               const char *what, GError **error);
void iommud_leasing_let_go (IommudDevice *device);

/* Fails if the device does not fit the lease of the container, or a leased device of its group is
 * in the way. */
gboolean iommud_leasing_check_container (IommudContainer *container, IommudDevice *device,
                                         const char *what, GError **error);

/* @what is taken. */
void iommud_leasing_fill_access (IommudKernelAccess *access, IommudHost *host, char *what);
/* Puts an operation into the lease's queue. @data and @task are taken. */
void iommud_leasing_submit (IommudLease *lease, const IommudOperation *operation, gpointer data,
                            GTask *task);

/* A search for the holders of devices that are still to be added to it. */
IommudFindHoldersPlan *iommud_leasing_new_search (IommudHost *host);

/* What a call that opens files returns: a table, which @task has too. */
IommudDescriptors *iommud_leasing_new_files (GTask *task);

/* What the lease has now, for a next life; a lease that is over is forgotten. */
void iommud_leasing_write_down (IommudLease *lease);

G_END_DECLS
