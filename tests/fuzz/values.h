/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arguments for calls: right ones, and all kinds of wrong ones. */
#pragma once

#include <gio/gunixfdlist.h>

#include "pool.h"

G_BEGIN_DECLS

/* @files: those that handles stand for are added; they must be 16 at most. */
GVariant *values_make_arguments (Pool *pool, const GDBusMethodInfo *method, GUnixFDList *files);
GVariant *values_make_nonsense (Pool *pool, GUnixFDList *files);
char *values_make_string (Pool *pool);
void values_add_file (Pool *pool, GUnixFDList *files, int file);

G_END_DECLS
