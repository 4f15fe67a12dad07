/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that grows by frames. Each frame is there as a whole or not at all, whenever the process
 * ends, and damage is found.
 *
 * The file is made for a file system in memory, such as that of /run: a write is a copy, and
 * nothing is synchronized with a disk. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudStateFile IommudStateFile;

/* Makes an empty file in the open folder, in the place of one that is there. */
IommudStateFile *iommud_state_file_create (int folder, const char *name, GError **error);
void iommud_state_file_free (IommudStateFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudStateFile, iommud_state_file_free)

/* Adds a frame and returns where in the file @bytes are; @length is a multiple of 8. What cannot be
 * written now is written with a later frame; one warning says so. */
guint64 iommud_state_file_append (IommudStateFile *self, const guint8 *bytes, guint32 length);
/* Everything that was added is written. */
gboolean iommud_state_file_is_written (const IommudStateFile *self);
guint64 iommud_state_file_get_size (const IommudStateFile *self);
gboolean iommud_state_file_read (IommudStateFile *self, guint64 offset, gpointer bytes,
                                 guint32 length);

/* Calls @func with the bytes of each frame, and where they are in the file. If the file is damaged,
 * @damage says so, in one sentence, and @func gets those frames that are not. FALSE with an error
 * if the file cannot be read, or is one of another version; with G_FILE_ERROR_NOENT if there is
 * none. */
typedef void (*IommudStateFileFunc) (const guint8 *bytes, guint32 length, gpointer user_data);
gboolean iommud_state_file_load (int folder, const char *name, IommudStateFileFunc func,
                                 gpointer user_data, char **damage, GError **error);

G_END_DECLS
