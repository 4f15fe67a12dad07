/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers to messages, and about how many bytes they take; 0: it was not sent. May be called from
 * any thread. */
#include "reply.h"

/* A header has three names and two numbers. */
#define HEADER_BYTES 128

static gsize
send (GDBusConnection *connection, GDBusMessage *message, GDBusMessage *reply, guint32 *serial)
{
  GVariant *body = g_dbus_message_get_body (reply);
  volatile guint32 sent_as = 0;
  g_autoptr (GError) error = NULL;

  if (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED)
    return 0;
  if (!g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, &sent_as,
                                       &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        g_warning ("An answer cannot be sent: %s", error->message);
      return 0;
    }
  if (serial != NULL)
    *serial = sent_as;
  return HEADER_BYTES + (body == NULL ? 0 : g_variant_get_size (body));
}

/* @body: a tuple, consumed if it is floating, or NULL for nothing. @serial: out, that of the
 * answer; untouched if it is not sent; or NULL. */
gsize
iommud_reply (GDBusConnection *connection, GDBusMessage *message, GVariant *body,
              GUnixFDList *files, guint32 *serial)
{
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (message);

  if (body != NULL)
    g_dbus_message_set_body (reply, body);
  if (files != NULL)
    g_dbus_message_set_unix_fd_list (reply, files);
  return send (connection, message, reply, serial);
}

gsize
iommud_reply_error (GDBusConnection *connection, GDBusMessage *message, const GError *error)
{
  g_autofree char *name = g_dbus_error_encode_gerror (error);
  g_autoptr (GDBusMessage) reply =
      g_dbus_message_new_method_error_literal (message, name, error->message);

  return send (connection, message, reply, NULL);
}

/* How many bytes a reply takes on the bus: exact, and as much work as to send it. */
gsize
iommud_reply_measure (GDBusConnection *connection, GDBusMessage *message, GVariant *body)
{
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (message);
  g_autoptr (GError) error = NULL;
  g_autofree guchar *blob = NULL;
  gsize n_bytes = 0;

  g_dbus_message_set_body (reply, body);
  blob = g_dbus_message_to_blob (reply, &n_bytes, g_dbus_connection_get_capabilities (connection),
                                 &error);
  return blob == NULL ? G_MAXSIZE : n_bytes;
}
