/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller sees on the wire, in its order: one line for each signal of the service and each
 * reply, written down before any part of the caller's own program has seen it. */
#include "recorder.h"

#include "iommud-dbus-names.h"

struct _Recorder
{
  GDBusConnection *connection;
  guint filter;
  guint subscription;
  GMutex lock;
  GPtrArray *lines;
};

static char *
describe_signal (GDBusMessage *message)
{
  const char *member = g_dbus_message_get_member (message);
  const char *path = g_dbus_message_get_path (message);
  GVariant *body = g_dbus_message_get_body (message);
  g_autofree char *text = NULL;
  const char *subject = NULL;

  if (g_str_equal (member, "PropertiesChanged"))
    {
      g_autoptr (GVariant) changed = g_variant_get_child_value (body, 1);
      g_autoptr (GVariant) invalidated = g_variant_get_child_value (body, 2);
      g_autofree char *names = g_variant_print (invalidated, FALSE);

      g_variant_get_child (body, 0, "&s", &subject);
      text = g_variant_print (changed, FALSE);
      return g_strdup_printf ("%s %s %s %s invalidated %s", member, path, subject, text, names);
    }
  if (g_strcmp0 (g_dbus_message_get_interface (message), IOMMUD_DBUS_LEASE_INTERFACE) == 0)
    {
      text = g_variant_print (body, FALSE);
      return g_strdup_printf ("%s %s %s", member, path, text);
    }
  if (!g_str_has_prefix (member, "Interfaces"))
    return NULL;
  g_variant_get_child (body, 0, "&o", &subject);
  text = g_variant_print (body, FALSE);
  return g_strdup_printf ("%s %s %s", member, subject, text);
}

static char *
describe (GDBusMessage *message)
{
  switch (g_dbus_message_get_message_type (message))
    {
    case G_DBUS_MESSAGE_TYPE_SIGNAL:
      return describe_signal (message);
    case G_DBUS_MESSAGE_TYPE_METHOD_RETURN:
      return g_strdup ("reply");
    case G_DBUS_MESSAGE_TYPE_ERROR:
      return g_strdup_printf ("error %s", g_dbus_message_get_error_name (message));
    case G_DBUS_MESSAGE_TYPE_INVALID:
    case G_DBUS_MESSAGE_TYPE_METHOD_CALL:
    default:
      return NULL;
    }
}

/* Runs in the connection's thread. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  Recorder *self = user_data;
  char *line = incoming ? describe (message) : NULL;

  if (line != NULL)
    {
      g_mutex_lock (&self->lock);
      g_ptr_array_add (self->lines, line);
      g_mutex_unlock (&self->lock);
    }
  return message;
}

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *parameters, gpointer user_data)
{
}

Recorder *
recorder_new (GDBusConnection *connection)
{
  Recorder *self = g_new0 (Recorder, 1);

  g_mutex_init (&self->lock);
  self->connection = g_object_ref (connection);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->subscription =
      g_dbus_connection_signal_subscribe (connection, IOMMUD_DBUS_BUS_NAME, NULL, NULL, NULL, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_signal, NULL, NULL);
  self->filter = g_dbus_connection_add_filter (connection, on_message, self, NULL);
  return self;
}

void
recorder_free (Recorder *self)
{
  g_dbus_connection_remove_filter (self->connection, self->filter);
  g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  g_object_unref (self->connection);
  g_ptr_array_unref (self->lines);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
recorder_clear (Recorder *self)
{
  g_mutex_lock (&self->lock);
  g_ptr_array_set_size (self->lines, 0);
  g_mutex_unlock (&self->lock);
}

char *
recorder_get_text (Recorder *self)
{
  GString *text = g_string_new (NULL);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->lines->len; i++)
    g_string_append_printf (text, "%s\n", (char *) g_ptr_array_index (self->lines, i));
  g_mutex_unlock (&self->lock);
  return g_string_free (text, FALSE);
}

/* The place of the first line that matches; -1 where there is none. */
int
recorder_find (Recorder *self, const char *pattern)
{
  int found = -1;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->lines->len && found < 0; i++)
    if (g_pattern_match_simple (pattern, g_ptr_array_index (self->lines, i)))
      found = (int) i;
  g_mutex_unlock (&self->lock);
  return found;
}

guint
recorder_count (Recorder *self, const char *pattern)
{
  guint count = 0;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->lines->len; i++)
    count += g_pattern_match_simple (pattern, g_ptr_array_index (self->lines, i)) ? 1 : 0;
  g_mutex_unlock (&self->lock);
  return count;
}
