/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that only an administrator writes. */
#pragma once

#include "access/problems.h"

G_BEGIN_DECLS

#define IOMMUD_PLAIN_FILE_MAX_BYTES (64u << 10)

int iommud_plain_file_open_folder (int parent, const char *name, const char *path,
                                   IommudProblems *problems);
char *iommud_plain_file_read (int folder, const char *name, const char *path, gsize *length,
                              IommudProblems *problems);

G_END_DECLS
