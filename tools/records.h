/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of the service as records: the shape that --json prints and that tables are made from. */
#pragma once

#include "service.h"

G_BEGIN_DECLS

/* An a{sv}: Kind, Path, then every property, sorted, from an object's a{sa{sv}} of interfaces and
 * their properties. */
GVariant *iommuctl_records_of_object (const char *path, GVariant *interfaces);
/* The same from an interface's name and an a{sv} of some of its properties, in their order. */
GVariant *iommuctl_records_of_properties (const char *interface_name, const char *path,
                                          GVariant *properties);
/* The record of one object, as it is now. A container brings its memory and its dirty tracking. */
GVariant *iommuctl_records_read (IommuctlService *service, const char *path, GError **error);
/* All objects, as iommuctl_service_list() has them; the names of containers and leases are known
 * then. */
GVariant *iommuctl_records_list (IommuctlService *service, GError **error);
/* An aa{sv} of all objects that have the interface in a listing, sorted by their paths. */
GVariant *iommuctl_records_of_listing (GVariant *listing, const char *interface_name);
/* The same for a table of many: the properties as the listing has them, without Kind and Path. */
GVariant *iommuctl_records_share_listing (GVariant *listing, const char *interface_name);
/* A copy without some members (up to a NULL), in the same order. */
GVariant *iommuctl_records_without (GVariant *record, ...) G_GNUC_NULL_TERMINATED;
/* A copy in which a member, added or replaced, comes last. */
GVariant *iommuctl_records_with (GVariant *record, const char *key, GVariant *value);
/* Whether a member of a record holds records of objects, an aa{sv} with their kinds. */
gboolean iommuctl_records_has_objects (GVariant *value);
/* A copy of a member that is a string or an object path; "" if there is none. Unlike
 * g_variant_lookup(), this does not copy all of the record first. */
char *iommuctl_records_dup_string (GVariant *record, const char *key);
/* Whether it is this one. */
gboolean iommuctl_records_has_string (GVariant *record, const char *key, const char *string);
/* "device", "container", "hwpt", "lease" or "manager"; NULL for a foreign interface. */
const char *iommuctl_records_kind (const char *interface_name);
/* What a record calls a property of an interface. */
char *iommuctl_records_member (const char *interface_name, const char *property_name);

G_END_DECLS
