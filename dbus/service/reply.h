/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers to messages. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* The bus of a system carries no larger message. */
#define IOMMUD_REPLY_MAX_BYTES (32u << 20)

gsize iommud_reply (GDBusConnection *connection, GDBusMessage *message, GVariant *body,
                    GUnixFDList *files, guint32 *serial);
gsize iommud_reply_error (GDBusConnection *connection, GDBusMessage *message, const GError *error);
gsize iommud_reply_measure (GDBusConnection *connection, GDBusMessage *message, GVariant *body);

G_END_DECLS
