/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service as commands reach it: they ask for what they need, one call at a time, because a host
 * can have thousands of objects. */
#pragma once

#include "iommud-dbus.h"

G_BEGIN_DECLS

typedef struct _IommuctlService IommuctlService;

/* Starts the service if the bus knows how to. @cancellable: ends each call of the tool. */
IommuctlService *iommuctl_service_new (GDBusConnection *connection, GCancellable *cancellable,
                                       GError **error);
void iommuctl_service_free (IommuctlService *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlService, iommuctl_service_free)

GDBusConnection *iommuctl_service_get_connection (IommuctlService *self);
GCancellable *iommuctl_service_get_cancellable (IommuctlService *self);

/* For calls of methods: no property is read. @proxy_type: a generated one. */
gpointer iommuctl_service_new_proxy (IommuctlService *self, const char *path, GType proxy_type,
                                     const char *interface_name, GError **error);
/* With the properties, which follow their signals. */
gpointer iommuctl_service_new_watch (IommuctlService *self, const char *path, GType proxy_type,
                                     const char *interface_name, GError **error);
/* All objects with their properties, an a{oa{sa{sv}}}. */
GVariant *iommuctl_service_list (IommuctlService *self, GError **error);
/* All properties of an interface, an a{sv}, or one. The error for an object that is not there is
 * IOMMUD_DBUS_ERROR_NOT_FOUND. */
GVariant *iommuctl_service_read_all (IommuctlService *self, const char *path,
                                     const char *interface_name, GError **error);
GVariant *iommuctl_service_read (IommuctlService *self, const char *path,
                                 const char *interface_name, const char *property, GError **error);

/* The name of a container or a lease, which is asked for once; NULL if it has gone.
 * @interface_name: that has the name. */
const char *iommuctl_service_get_name (IommuctlService *self, const char *path,
                                       const char *interface_name);
/* What a listing or a signal says of such a name. NULL: the object has gone. */
void iommuctl_service_learn_name (IommuctlService *self, const char *path, const char *name);

G_END_DECLS
