/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the names that people type to objects, and back to names. */
#pragma once

#include "iommud-dbus.h"

G_BEGIN_DECLS

/* A device, container or HWPT by any name; the result is a proxy of one of the three. */
GDBusProxy *iommuctl_names_find (IommudDBusClient *client, const char *name, GError **error);
IommudDBusDevice *iommuctl_names_find_device (IommudDBusClient *client, const char *name,
                                              GError **error);
IommudDBusContainer *iommuctl_names_find_container (IommudDBusClient *client, const char *name,
                                                    GError **error);
IommudDBusHwpt *iommuctl_names_find_hwpt (IommudDBusClient *client, const char *name,
                                          GError **error);

/* What is mapped in a container, and its dirty tracking: other interfaces of its object. */
IommudDBusMemory *iommuctl_names_find_memory (IommudDBusClient *client,
                                              IommudDBusContainer *container, GError **error);
IommudDBusDirtyTracking *iommuctl_names_find_dirty_tracking (IommudDBusClient *client,
                                                             IommudDBusContainer *container,
                                                             GError **error);

/* The name of the object at a path, which commands accept as an argument; "-" for none. */
char *iommuctl_names_of_path (IommudDBusClient *client, const char *path);

G_END_DECLS
