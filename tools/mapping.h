/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mappings of a container as records, and in words. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An aa{sv} with Iova, Length, Offset and Flags (words) from the property Mappings, an a(tttu). */
GVariant *iommuctl_mapping_records (GVariant *mappings);
/* "0x0-0x3fffffff" */
char *iommuctl_mapping_describe_range (GVariant *record);
/* "rw": what devices may do. */
char *iommuctl_mapping_describe_access (GVariant *record);
/* The first few mappings of an aa{sv}, and how many more there are. */
char *iommuctl_mapping_describe_records (GVariant *records);

G_END_DECLS
