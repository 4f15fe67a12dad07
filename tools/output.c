/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one file that writes output: everything is gathered as text or JSON, and a flush sends it
 * out. */
#include "config.h"

#include "output.h"

#include "escape.h"
#include "exit-status.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
#define NARROWEST_WIDTH 40

struct _IommuctlOutput
{
  gboolean json;
  gboolean reader_has_gone;
  IommuctlService *service;
  GString *text;
};

/* A file that is opened later does not get the number of a standard stream that is closed: what is
 * printed would go into that file. In its place stands one that cannot be used that way, and that a
 * program which is run does not get. */
static void
keep_places (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl (fd, F_GETFD) == -1 && errno == EBADF)
      (void) open ("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

IommuctlOutput *
iommuctl_output_new (gboolean json)
{
  IommuctlOutput *self = g_new0 (IommuctlOutput, 1);

  keep_places ();
  self->json = json;
  self->text = g_string_new (NULL);
  return self;
}

void
iommuctl_output_free (IommuctlOutput *self)
{
  g_string_free (self->text, TRUE);
  g_free (self);
}

void
iommuctl_output_set_service (IommuctlOutput *self, IommuctlService *service)
{
  self->service = service;
}

static void
add_json (IommuctlOutput *self, GVariant *value, gboolean pretty)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) node = json_gvariant_serialize (value);
  g_autofree char *text = NULL;

  json_generator_set_pretty (generator, pretty);
  json_generator_set_root (generator, node);
  text = json_generator_to_data (generator, NULL);
  g_string_append (self->text, text);
  g_string_append_c (self->text, '\n');
}

gboolean
iommuctl_output_is_json (IommuctlOutput *self)
{
  return self->json;
}

guint
iommuctl_output_get_width (IommuctlOutput *self)
{
  const char *columns = g_getenv ("COLUMNS");
  struct winsize size = { 0 };
  guint64 width = DEFAULT_WIDTH;

  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    width = size.ws_col;
  else if (columns != NULL)
    g_ascii_string_to_unsigned (columns, 10, NARROWEST_WIDTH, G_MAXUINT16, &width, NULL);
  return MAX (width, NARROWEST_WIDTH);
}

void
iommuctl_output_table (IommuctlOutput *self, GVariant *records, const IommuctlColumn *columns)
{
  g_autofree char *text = NULL;

  if (self->json)
    {
      add_json (self, records, TRUE);
      return;
    }
  text =
      iommuctl_table_of_records (records, columns, self->service, iommuctl_output_get_width (self));
  g_string_append (self->text, text);
}

void
iommuctl_output_table_of (IommuctlOutput *self, GVariant *record, const char *key,
                          const IommuctlColumn *columns)
{
  g_autoptr (GVariant) records = g_variant_lookup_value (record, key, G_VARIANT_TYPE ("aa{sv}"));

  if (self->json)
    add_json (self, record, TRUE);
  else if (records != NULL)
    iommuctl_output_table (self, records, columns);
}

void
iommuctl_output_text (IommuctlOutput *self, const char *text)
{
  if (self->json || *text == '\0')
    return;
  g_string_append (self->text, text);
  if (!g_str_has_suffix (text, "\n"))
    g_string_append_c (self->text, '\n');
}

void
iommuctl_output_tree (IommuctlOutput *self, GVariant *root, const IommuctlColumn *columns)
{
  g_autofree char *text = NULL;

  if (self->json)
    {
      add_json (self, root, TRUE);
      return;
    }
  text = iommuctl_table_of_tree (root, columns, self->service, iommuctl_output_get_width (self));
  g_string_append (self->text, text);
}

void
iommuctl_output_record (IommuctlOutput *self, GVariant *record)
{
  g_autofree char *text = NULL;

  if (self->json)
    {
      add_json (self, record, TRUE);
      return;
    }
  text = iommuctl_table_of_record (record, self->service, iommuctl_output_get_width (self));
  g_string_append (self->text, text);
}

void
iommuctl_output_result (IommuctlOutput *self, GVariant *record, const char *format, ...)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (record);
  g_autofree char *sentence = NULL;
  g_autofree char *escaped = NULL;
  va_list arguments;

  if (self->json)
    {
      add_json (self, owned, TRUE);
      return;
    }
  va_start (arguments, format);
  sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  escaped = iommuctl_escape (sentence);
  g_string_append_printf (self->text, "%s\n", escaped);
}

void
iommuctl_output_event (IommuctlOutput *self, GVariant *record, const char *line)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (record);

  if (self->json)
    add_json (self, owned, FALSE);
  else
    g_string_append_printf (self->text, "%s\n", line);
}

void
iommuctl_output_names (IommuctlOutput *self, const char *const *names)
{
  g_autoptr (GVariant) array = g_variant_ref_sink (g_variant_new_strv (names, -1));

  if (self->json)
    {
      add_json (self, array, TRUE);
      return;
    }
  for (guint i = 0; names[i] != NULL; i++)
    g_string_append_printf (self->text, "%s\n", names[i]);
}

void
iommuctl_output_error (IommuctlOutput *self, const GError *error)
{
  g_autofree char *message = iommuctl_error_message (error);
  g_autofree char *name = iommuctl_error_name (error);
  g_autoptr (GVariant) record = NULL;

  if (!self->json)
    {
      fprintf (stderr, "iommuctl: %s\n", message);
      return;
    }
  record = g_variant_ref_sink (
      g_variant_new_parsed ("{'Error': <{'Name': <%s>, 'Message': <%s>, 'ExitStatus': <%i>}>}",
                            name, message, (int) iommuctl_exit_status_of_error (error)));
  g_string_truncate (self->text, 0);
  add_json (self, record, TRUE);
}

gboolean
iommuctl_output_flush (IommuctlOutput *self, GError **error)
{
  gboolean written = fwrite (self->text->str, 1, self->text->len, stdout) == self->text->len
                     && fflush (stdout) == 0;
  int errnum = errno;

  g_string_truncate (self->text, 0);
  if (written)
    return TRUE;
  self->reader_has_gone = TRUE;
  if (errnum == EPIPE)
    return TRUE;
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_FAILED, _ ("Cannot write the output: %s"),
               g_strerror (errnum));
  return FALSE;
}

gboolean
iommuctl_output_reader_has_gone (IommuctlOutput *self)
{
  return self->reader_has_gone;
}
