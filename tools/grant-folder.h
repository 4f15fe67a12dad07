/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder with grants. */
#pragma once

#include "command.h"

G_BEGIN_DECLS

/* That of --config-dir, or the usual one. */
char *iommuctl_grant_folder_find (IommuctlRequest *request);
/* An aa{sv} of all grants there, by their files: File, Section, and Devices, Ids, Drivers,
 * IommuGroups, MdevTypes, Users, Groups (as) and LockedMemory (t) as far as there are any. A file
 * that cannot be read has File and Problem. */
GVariant *iommuctl_grant_folder_read (const char *folder, GError **error);
/* A new file, which is there as a whole or not at all, and replaces none. */
gboolean iommuctl_grant_folder_write (const char *folder, const char *name, const char *text,
                                      GError **error);

G_END_DECLS
