/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files and which parts of them may be mapped. */
#pragma once

#include "memory/mapping-table.h"

G_BEGIN_DECLS

/* Whether a range of a file can be mapped with @flags: the file is memory (a memfd, or a regular
 * file on tmpfs or hugetlbfs), long enough, open and sealed as it must be. Never blocks. */
gboolean iommud_client_file_check (int file, guint64 offset, guint64 length, IommudMapFlags flags,
                                   const char *what, GError **error);

G_END_DECLS
