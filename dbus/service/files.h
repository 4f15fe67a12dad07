/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file descriptors that come with a message. */
#pragma once

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

#define IOMMUD_FILES_MAX 16 /* as many as the system bus allows */

GUnixFDList *iommud_files_steal (GDBusMessage *message);
void iommud_files_close (GDBusMessage *message);
int iommud_files_take (GUnixFDList *files, gint32 handle, GError **error);

G_END_DECLS
