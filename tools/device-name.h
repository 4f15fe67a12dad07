/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of devices as text: the forms that people type, and what object paths say. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A name that the service knows, from one that people type: lspci leaves out the domain 0000, and
 * the kernel has files and links whose last part is the name. */
char *iommuctl_device_name_complete (const char *name);
/* The device's object path ends in its name, in which most characters are escaped. */
char *iommuctl_device_name_of_path (const char *path);

G_END_DECLS
