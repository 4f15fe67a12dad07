/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded reads from sysfs and procfs. All are safe to call from any thread. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* The first line of a file of at most some 4 KiB; NULL if it cannot be read. */
char *iommud_sysfs_read_line (const char *folder, const char *name);
/* The last part of what a symbolic link points to; NULL if it is not a link. */
char *iommud_sysfs_read_link (const char *folder, const char *name);
/* A number in any base that C writes; FALSE if the file holds none in the range. */
gboolean iommud_sysfs_read_number (const char *folder, const char *name, gint64 minimum,
                                   gint64 maximum, gint64 *number);
/* A device number as "major:minor"; FALSE if the file holds none. */
gboolean iommud_sysfs_read_device_number (const char *folder, const char *name, dev_t *number);

G_END_DECLS
