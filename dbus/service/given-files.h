/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The open files that a service manager gives to a program when it starts it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef void (*IommudGivenFilesFunc) (const char *name, int fd, gpointer user_data);

guint iommud_given_files_take (IommudGivenFilesFunc func, gpointer user_data);

G_END_DECLS
