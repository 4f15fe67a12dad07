/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The right of one client to devices, iommufds and containers. */
#pragma once

#include "iommud-container.h"
#include "iommud-descriptors.h"
#include "iommud-device.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_LEASE_OPTIONS (iommud_lease_options_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudLeaseOptions, iommud_lease_options, IOMMUD, LEASE_OPTIONS, GObject)

IOMMUD_PUBLIC IommudLeaseOptions *iommud_lease_options_new (void);

#define IOMMUD_TYPE_LEASE (iommud_lease_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudLease, iommud_lease, IOMMUD, LEASE, GObject)

IOMMUD_PUBLIC guint64 iommud_lease_get_serial (IommudLease *self);
IOMMUD_PUBLIC const char *iommud_lease_get_name (IommudLease *self);
IOMMUD_PUBLIC guint iommud_lease_get_owner (IommudLease *self);
IOMMUD_PUBLIC IommudLeaseState iommud_lease_get_state (IommudLease *self);
IOMMUD_PUBLIC GListModel *iommud_lease_get_devices (IommudLease *self);
IOMMUD_PUBLIC GListModel *iommud_lease_get_containers (IommudLease *self);

IOMMUD_PUBLIC void iommud_lease_open_iommufd_async (IommudLease *self, IommudContainer *container,
                                                    IommudAccounting accounting,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC int iommud_lease_open_iommufd_finish (IommudLease *self, GAsyncResult *result,
                                                    GError **error);
IOMMUD_PUBLIC int iommud_lease_open_iommufd (IommudLease *self, IommudContainer *container,
                                             IommudAccounting accounting, GCancellable *cancellable,
                                             GError **error);

IOMMUD_PUBLIC void iommud_lease_open_device_async (IommudLease *self, IommudDevice *device,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
IOMMUD_PUBLIC int iommud_lease_open_device_finish (IommudLease *self, GAsyncResult *result,
                                                   gboolean *bound, GError **error);
IOMMUD_PUBLIC int iommud_lease_open_device (IommudLease *self, IommudDevice *device,
                                            GCancellable *cancellable, gboolean *bound,
                                            GError **error);

IOMMUD_PUBLIC void iommud_lease_close_device_async (IommudLease *self, IommudDevice *device,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_lease_close_device_finish (IommudLease *self, GAsyncResult *result,
                                                         GError **error);
IOMMUD_PUBLIC gboolean iommud_lease_close_device (IommudLease *self, IommudDevice *device,
                                                  GCancellable *cancellable, GError **error);

IOMMUD_PUBLIC void iommud_lease_release_async (IommudLease *self, const char *reason,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback, gpointer user_data);
IOMMUD_PUBLIC gboolean iommud_lease_release_finish (IommudLease *self, GAsyncResult *result,
                                                    GError **error);
IOMMUD_PUBLIC gboolean iommud_lease_release (IommudLease *self, const char *reason,
                                             GCancellable *cancellable, GError **error);

G_END_DECLS
