/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The errors that the interface files list for each method, compared with those that tests receive:
 * one that is not listed ends the test. Those that are received are written down in the build
 * folder, so that test-documented-errors can tell which are listed but never received. */
#include "documented-errors.h"

#include <errno.h>
#include <stdio.h>

#define INTERFACE_PREFIX "org.iommud1."
#define ERROR_PREFIX "org.iommud1.Error."
/* What GDBus and the bus say about calls that reach no method. */
#define BUS_PREFIX "org.freedesktop.DBus.Error."

typedef struct
{
  GHashTable *listed;
  char *interface;
  char *comment; /* the last one */
} Parser;

static void
add_errors (Parser *self, const char *method)
{
  const char *list = self->comment == NULL ? NULL : strstr (self->comment, "Errors:");
  g_autoptr (GRegex) regex = g_regex_new (ERROR_PREFIX "\\w+", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (list == NULL)
    return;
  for (g_regex_match (regex, list, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *error = g_match_info_fetch (match, 0);

      g_hash_table_add (self->listed, g_strdup_printf ("%s.%s %s", self->interface, method, error));
    }
}

static void
on_element (GMarkupParseContext *context, const char *element, const char **names,
            const char **values, gpointer user_data, GError **error)
{
  Parser *self = user_data;
  const char *name = NULL;

  for (gsize i = 0; names[i] != NULL; i++)
    if (g_str_equal (names[i], "name"))
      name = values[i];
  if (g_str_equal (element, "interface"))
    {
      g_free (self->interface);
      self->interface = g_strdup (name);
    }
  if (g_str_equal (element, "method"))
    add_errors (self, name);
  if (!g_str_equal (element, "annotation") && !g_str_equal (element, "arg"))
    g_clear_pointer (&self->comment, g_free);
}

static void
on_passthrough (GMarkupParseContext *context, const char *text, gsize length, gpointer user_data,
                GError **error)
{
  Parser *self = user_data;

  g_free (self->comment);
  self->comment = g_strndup (text, length);
}

static void
read_file (GHashTable *listed, const char *path)
{
  const GMarkupParser callbacks = { on_element, NULL, NULL, on_passthrough, NULL };
  Parser parser = { listed, NULL, NULL };
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&callbacks, 0, &parser, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_markup_parse_context_parse (context, text, -1, &error);
  g_assert_no_error (error);
  g_free (parser.interface);
  g_free (parser.comment);
}

/* What all interface files list, such as "org.iommud1.Memory.MapFile org.iommud1.Error.NoSpace". */
GHashTable *
documented_errors_read (void)
{
  GHashTable *listed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "dbus", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *name = NULL;

  g_assert_no_error (error);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_has_suffix (name, ".xml"))
        read_file (listed, path);
    }
  g_assert_cmpuint (g_hash_table_size (listed), >, 0);
  return listed;
}

char *
documented_errors_get_folder (void)
{
  return g_test_build_filename (G_TEST_BUILT, "tests", "service", NULL);
}

/* Where this program writes down which errors it was given, begun anew at the first call. */
static FILE *
get_record (void)
{
  static gsize record = 0;

  if (g_once_init_enter (&record))
    {
      g_autofree char *program = g_path_get_basename (g_get_prgname ());
      g_autofree char *folder = documented_errors_get_folder ();
      g_autofree char *path =
          g_strdup_printf ("%s/%s" DOCUMENTED_ERRORS_SUFFIX, folder,
                           g_str_has_prefix (program, "lt-") ? program + strlen ("lt-") : program);
      FILE *file = fopen (path, "we");

      if (file == NULL)
        g_error ("%s: %s", path, g_strerror (errno));
      g_once_init_leave (&record, (gsize) file);
    }
  return (FILE *) record;
}

typedef struct
{
  GHashTable *listed;
  GHashTable *calls; /* serial -> name of the method; those that are not answered yet */
  FILE *record;
} Watch;

static void
watch_free (gpointer data)
{
  Watch *self = data;

  g_hash_table_unref (self->listed);
  g_hash_table_unref (self->calls);
  g_free (self);
}

static void
on_call (Watch *self, GDBusMessage *message)
{
  const char *interface = g_dbus_message_get_interface (message);

  if (interface != NULL && g_str_has_prefix (interface, INTERFACE_PREFIX))
    g_hash_table_insert (self->calls, GUINT_TO_POINTER (g_dbus_message_get_serial (message)),
                         g_strdup_printf ("%s.%s", interface, g_dbus_message_get_member (message)));
}

static void
on_error (Watch *self, const char *method, const char *error)
{
  g_autofree char *line = g_strdup_printf ("%s %s", method, error);

  if (g_str_has_prefix (error, BUS_PREFIX))
    return;
  if (!g_hash_table_contains (self->listed, line))
    g_error ("%s gives %s, and its interface file does not list that", method, error);
  fprintf (self->record, "%s\n", line);
  fflush (self->record);
}

/* Runs in the connection's thread. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean incoming,
            gpointer user_data)
{
  Watch *self = user_data;
  GDBusMessageType type = g_dbus_message_get_message_type (message);
  gpointer serial = GUINT_TO_POINTER (g_dbus_message_get_reply_serial (message));
  const char *method = NULL;

  if (!incoming && type == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    on_call (self, message);
  if (!incoming)
    return message;
  method = g_hash_table_lookup (self->calls, serial);
  if (method != NULL && type == G_DBUS_MESSAGE_TYPE_ERROR)
    on_error (self, method, g_dbus_message_get_error_name (message));
  g_hash_table_remove (self->calls, serial);
  return message;
}

/* Each error that the service gives to this caller must be listed. */
void
documented_errors_watch (GDBusConnection *connection)
{
  Watch *self = g_new0 (Watch, 1);

  self->listed = documented_errors_read ();
  self->calls = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->record = get_record ();
  g_dbus_connection_add_filter (connection, on_message, self, watch_free);
}
