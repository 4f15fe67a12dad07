/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program that calls and never reads an answer. It writes to the bus's socket by itself, because
 * a D-Bus library reads whether it is asked to or not. */
#include "silent.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <unistd.h>

#include "iommud-dbus-names.h"

struct _Silent
{
  GSocketConnection *connection;
  guint32 serial;
};

static void
send_bytes (Silent *self, gconstpointer bytes, gsize n_bytes)
{
  GOutputStream *stream = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (stream, bytes, n_bytes, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* The few lines before the first message are read, byte for byte. */
static void
expect_line (Silent *self, const char *prefix)
{
  GInputStream *stream = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));
  g_autoptr (GString) line = g_string_new (NULL);
  char byte = '\0';

  while (byte != '\n')
    {
      g_assert_cmpint (g_input_stream_read (stream, &byte, 1, NULL, NULL), ==, 1);
      g_string_append_c (line, byte);
    }
  g_assert_true (g_str_has_prefix (line->str, prefix));
}

static void
authenticate (Silent *self, uid_t uid)
{
  g_autofree char *text = g_strdup_printf ("%u", (guint) uid);
  g_autoptr (GString) auth = g_string_new ("AUTH EXTERNAL ");

  for (const char *p = text; *p != '\0'; p++)
    g_string_append_printf (auth, "%02x", (guint) *p);
  g_string_append (auth, "\r\n");
  send_bytes (self, "", 1);
  send_bytes (self, auth->str, auth->len);
  expect_line (self, "OK ");
  send_bytes (self, "BEGIN\r\n", strlen ("BEGIN\r\n"));
}

static void
send_message (Silent *self, GDBusMessage *message)
{
  g_autoptr (GError) error = NULL;
  g_autofree guchar *blob = NULL;
  gsize n_bytes = 0;

  g_dbus_message_set_serial (message, ++self->serial);
  blob = g_dbus_message_to_blob (message, &n_bytes, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  send_bytes (self, blob, n_bytes);
}

/* @address: of a private bus, "unix:path=...". @uid: whose connection it is; another than the
 * test's own needs root. */
Silent *
silent_new (const char *address, uid_t uid)
{
  Silent *self = g_new0 (Silent, 1);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autofree char *path =
      g_strndup (address + strlen ("unix:path="), strcspn (address + strlen ("unix:path="), ","));
  g_autoptr (GSocketAddress) socket = g_unix_socket_address_new (path);
  g_autoptr (GDBusMessage) hello = g_dbus_message_new_method_call (
      "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello");
  g_autoptr (GError) error = NULL;
  uid_t own = geteuid ();

  g_assert_true (g_str_has_prefix (address, "unix:path="));
  g_assert_cmpint (seteuid (uid), ==, 0);
  self->connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (socket), NULL, &error);
  g_assert_cmpint (seteuid (own), ==, 0);
  g_assert_no_error (error);
  authenticate (self, uid);
  send_message (self, hello);
  return self;
}

void
silent_free (Silent *self)
{
  g_object_unref (self->connection);
  g_free (self);
}

/* @arguments: a tuple or NULL. */
void
silent_call (Silent *self, const char *path, const char *interface, const char *method,
             GVariant *arguments, guint n_times)
{
  g_autoptr (GVariant) body = arguments == NULL ? NULL : g_variant_ref_sink (arguments);

  for (guint i = 0; i < n_times; i++)
    {
      g_autoptr (GDBusMessage) message =
          g_dbus_message_new_method_call (IOMMUD_DBUS_BUS_NAME, path, interface, method);

      if (body != NULL)
        g_dbus_message_set_body (message, body);
      send_message (self, message);
    }
}

/* Calls another service than ours. */
void
silent_call_service (Silent *self, const char *service, const char *path, const char *interface,
                     const char *method)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (service, path, interface, method);

  send_message (self, message);
}

/* From now on the bus sends it all signals. */
void
silent_watch (Silent *self)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch");

  g_dbus_message_set_body (message, g_variant_new ("(s)", "type='signal'"));
  send_message (self, message);
}
