/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory, about, a message takes while it waits: all that its sender may make large
 * counts. May be called from any thread. */
#include "weight.h"

#include <gio/gunixfdlist.h>

/* The path of an object may be of any length, the bus limits only names. */
guint64
iommud_weight_of_header (GDBusMessage *message)
{
  g_autofree guchar *fields = g_dbus_message_get_header_fields (message);
  guint64 n_bytes = 0;

  for (const guchar *field = fields; *field != G_DBUS_MESSAGE_HEADER_FIELD_INVALID; field++)
    n_bytes +=
        g_variant_get_size (g_dbus_message_get_header (message, (GDBusMessageHeaderField) *field));
  return n_bytes;
}

guint64
iommud_weight_of_body (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);

  return body == NULL ? 0 : g_variant_get_size (body);
}

static guint64
weight_of_files (GDBusMessage *message)
{
  GUnixFDList *files = g_dbus_message_get_unix_fd_list (message);

  return files == NULL ? 0 : (guint64) g_unix_fd_list_get_length (files) * IOMMUD_WEIGHT_FILE_BYTES;
}

guint64
iommud_weight_of_call (GDBusMessage *message)
{
  return IOMMUD_WEIGHT_CALL_BYTES + iommud_weight_of_header (message)
         + iommud_weight_of_body (message) + weight_of_files (message);
}
