/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much a message takes while it waits. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A call without arguments, and a file that comes with a call. */
#define IOMMUD_WEIGHT_CALL_BYTES (G_GUINT64_CONSTANT (2) << 10)
#define IOMMUD_WEIGHT_FILE_BYTES (G_GUINT64_CONSTANT (2) << 10)

guint64 iommud_weight_of_header (GDBusMessage *message);
guint64 iommud_weight_of_body (GDBusMessage *message);
guint64 iommud_weight_of_call (GDBusMessage *message);

G_END_DECLS
