/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open files under names, as a program gets them: in their order, from descriptor 3 on. */
#pragma once

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* As sd_listen_fds(3) has it. */
#define IOMMUCTL_FILES_FIRST 3

typedef struct _IommuctlFiles IommuctlFiles;

IommuctlFiles *iommuctl_files_new (void);
/* Closes them. */
void iommuctl_files_free (IommuctlFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommuctlFiles, iommuctl_files_free)

/* A copy of a file that came with a reply. @handle: an h in it. @other_name: by which it is also
 * known, or NULL. */
gboolean iommuctl_files_add (IommuctlFiles *self, const char *name, const char *other_name,
                             GUnixFDList *list, GVariant *handle, GError **error);

guint iommuctl_files_count (const IommuctlFiles *self);
/* The descriptor that the program has of a file; -1 if there is none of this name. */
int iommuctl_files_get_number (const IommuctlFiles *self, const char *name, gsize length);
/* "iommufd:0000%3A01%3A00.0:guard", as LISTEN_FDNAMES has it. */
char *iommuctl_files_join_names (const IommuctlFiles *self);

/* In a process that is about to become the program: opens them at their numbers. What was open
 * there is closed. FALSE: errno says why. */
gboolean iommuctl_files_place (const IommuctlFiles *self);

G_END_DECLS
