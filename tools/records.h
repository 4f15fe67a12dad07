/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of the service as records: the shape that --json prints and that tables are made from. */
#pragma once

#include "iommud-dbus.h"

G_BEGIN_DECLS

/* An a{sv}: Kind, Path, then every property, sorted. The proxy is of a device, a HWPT or a
 * container, which brings its memory and its dirty tracking. */
GVariant *iommuctl_records_of_proxy (IommudDBusClient *client, GDBusProxy *proxy);
/* The same from an interface's name and an a{sv} of some of its properties. */
GVariant *iommuctl_records_of_properties (const char *interface_name, const char *path,
                                          GVariant *properties);
/* An aa{sv} of all devices, or of all containers, sorted by what people call them. */
GVariant *iommuctl_records_of_devices (IommudDBusClient *client);
GVariant *iommuctl_records_of_containers (IommudDBusClient *client);
/* The record of a listed object, or NULL if it has gone meanwhile. */
GVariant *iommuctl_records_of_path (IommudDBusClient *client, const char *path);
/* A copy without some members (up to a NULL), in the same order. */
GVariant *iommuctl_records_without (GVariant *record, ...) G_GNUC_NULL_TERMINATED;
/* A copy in which a member, added or replaced, comes last. */
GVariant *iommuctl_records_with (GVariant *record, const char *key, GVariant *value);
/* Whether a member of a record holds records of objects, an aa{sv} with their kinds. */
gboolean iommuctl_records_has_objects (GVariant *value);
/* "device", "container", "hwpt" or "manager"; NULL for a foreign interface. */
const char *iommuctl_records_kind (const char *interface_name);
/* What a record calls a property of an interface. */
char *iommuctl_records_member (const char *interface_name, const char *property_name);

G_END_DECLS
