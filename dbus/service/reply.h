/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers to messages. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

gsize iommud_reply (GDBusConnection *connection, GDBusMessage *message, GVariant *body,
                    GUnixFDList *files);
gsize iommud_reply_error (GDBusConnection *connection, GDBusMessage *message, const GError *error);

G_END_DECLS
