/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One machine: its VFIO devices and the containers made on it. */
#pragma once

#include "iommud-backend.h"
#include "iommud-container.h"
#include "iommud-descriptors.h"
#include "iommud-device.h"
#include "iommud-lease.h"

G_BEGIN_DECLS

#define IOMMUD_TYPE_HOST (iommud_host_get_type ())
IOMMUD_PUBLIC
G_DECLARE_FINAL_TYPE (IommudHost, iommud_host, IOMMUD, HOST, GObject)

IOMMUD_PUBLIC IommudHost *iommud_host_new (IommudBackend *backend, GError **error);
IOMMUD_PUBLIC IommudHost *iommud_host_adopt (IommudBackend *backend, GVariant *records,
                                             IommudDescriptors *descriptors, char ***dropped,
                                             GError **error);
IOMMUD_PUBLIC GVariant *iommud_host_write_down (IommudHost *self, GError **error);
IOMMUD_PUBLIC IommudDescriptors *iommud_host_disown (IommudHost *self, GError **error);
IOMMUD_PUBLIC void iommud_host_tidy_up (IommudHost *self);
IOMMUD_PUBLIC IommudBackend *iommud_host_get_backend (IommudHost *self);
IOMMUD_PUBLIC gboolean iommud_host_get_iommufd_available (IommudHost *self);
IOMMUD_PUBLIC const char *const *iommud_host_get_features (IommudHost *self);
IOMMUD_PUBLIC GListModel *iommud_host_get_devices (IommudHost *self);
IOMMUD_PUBLIC GListModel *iommud_host_get_containers (IommudHost *self);
IOMMUD_PUBLIC void iommud_host_set_file_keeper (IommudHost *self, guint pid);
IOMMUD_PUBLIC GListModel *iommud_host_get_leases (IommudHost *self);
IOMMUD_PUBLIC IommudDevice *iommud_host_find_device (IommudHost *self, const char *name,
                                                     GError **error);
IOMMUD_PUBLIC IommudContainer *iommud_host_find_container (IommudHost *self, const char *name,
                                                           GError **error);

IOMMUD_PUBLIC void iommud_host_create_container_async (IommudHost *self,
                                                       IommudContainerOptions *options,
                                                       GCancellable *cancellable,
                                                       GAsyncReadyCallback callback,
                                                       gpointer user_data);
IOMMUD_PUBLIC IommudContainer *
iommud_host_create_container_finish (IommudHost *self, GAsyncResult *result, GError **error);
IOMMUD_PUBLIC IommudContainer *iommud_host_create_container (IommudHost *self,
                                                             IommudContainerOptions *options,
                                                             GCancellable *cancellable,
                                                             GError **error);

IOMMUD_PUBLIC IommudLease *iommud_host_create_lease (IommudHost *self, IommudLeaseOptions *options,
                                                     int *guard, GError **error);
IOMMUD_PUBLIC void iommud_host_lease_devices_async (IommudHost *self, GPtrArray *devices,
                                                    IommudLeaseOptions *options,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
IOMMUD_PUBLIC IommudLease *iommud_host_lease_devices_finish (IommudHost *self, GAsyncResult *result,
                                                             IommudDescriptors **files,
                                                             GError **error);
IOMMUD_PUBLIC IommudLease *iommud_host_lease_devices (IommudHost *self, GPtrArray *devices,
                                                      IommudLeaseOptions *options,
                                                      GCancellable *cancellable,
                                                      IommudDescriptors **files, GError **error);

G_END_DECLS
