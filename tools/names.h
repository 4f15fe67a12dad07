/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the names that people type to object paths, and back to names. */
#pragma once

#include "service.h"

G_BEGIN_DECLS

/* The object path of a device, container, HWPT or lease by any name. The object was there when the
 * service was asked. */
char *iommuctl_names_find (IommuctlService *service, const char *name, GError **error);
char *iommuctl_names_find_device (IommuctlService *service, const char *name, GError **error);
char *iommuctl_names_find_container (IommuctlService *service, const char *name, GError **error);
char *iommuctl_names_find_hwpt (IommuctlService *service, const char *name, GError **error);
char *iommuctl_names_find_lease (IommuctlService *service, const char *name, GError **error);

/* The interface that the object at a path is known by: that of a device, a container, a HWPT or a
 * lease. */
const char *iommuctl_names_get_interface (const char *path);
/* The name of the object at a path, which commands accept as an argument; "-" for none. */
char *iommuctl_names_of_path (IommuctlService *service, const char *path);

G_END_DECLS
