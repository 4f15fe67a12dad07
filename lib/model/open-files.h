/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files a host keeps open, by the names of descriptors.h, for the one that follows them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _IommudOpenFiles IommudOpenFiles;

IommudOpenFiles *iommud_open_files_new (void);
IommudOpenFiles *iommud_open_files_ref (IommudOpenFiles *self);
void iommud_open_files_unref (IommudOpenFiles *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudOpenFiles, iommud_open_files_unref)

/* Names are taken. */
void iommud_open_files_add (IommudOpenFiles *self, char *name, int fd);
void iommud_open_files_remove (IommudOpenFiles *self, char *name);
/* -1: there is none. */
int iommud_open_files_find (IommudOpenFiles *self, const char *name);

/* Called when a file was added, and with -1 when one was removed. */
typedef void (*IommudOpenFilesFunc) (const char *name, int fd, gpointer user_data);
/* @func is called for those that are there at once. NULL: nobody follows them. */
void iommud_open_files_follow (IommudOpenFiles *self, IommudOpenFilesFunc func, gpointer user_data);

G_END_DECLS
