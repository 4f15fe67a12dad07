/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing to this machine's sysfs, also in a process of its own. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* These return 0 or an errno. */
int conformance_sysfs_write (const char *path, const char *value);
int conformance_sysfs_write_attribute (const char *folder, const char *attribute,
                                       const char *value);
/* Goes on in @writer, a process whose exit status is the errno. */
int conformance_sysfs_start_writer (pid_t *writer, const char *path, const char *value);

G_END_DECLS