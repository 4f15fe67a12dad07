/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file whose memory is to be mapped. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A descriptor of a file on tmpfs or hugetlbfs, or of a memfd; -1 with an error that says what else
 * the path leads to. */
int iommuctl_memory_file_open (const char *path, gboolean writable, guint64 *size, GError **error);

G_END_DECLS
