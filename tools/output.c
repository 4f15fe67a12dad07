/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one file that writes: everything is gathered as text or JSON and sent out by a flush. */
#include "config.h"

#include "output.h"

#include "exit-status.h"
#include "mapping.h"
#include "names.h"
#include "numbers.h"
#include "records.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <json-glib/json-glib.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEFAULT_WIDTH 80
#define NARROWEST_WIDTH 40

struct _IommuctlOutput
{
  gboolean json;
  gboolean reader_has_gone;
  IommudDBusClient *client;
  GString *text;
};

typedef struct libscols_table ColumnsTable;
typedef struct libscols_line ColumnsLine;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ColumnsTable, scols_unref_table)

IommuctlOutput *
iommuctl_output_new (gboolean json)
{
  IommuctlOutput *self = g_new0 (IommuctlOutput, 1);

  self->json = json;
  self->text = g_string_new (NULL);
  return self;
}

void
iommuctl_output_free (IommuctlOutput *self)
{
  g_clear_object (&self->client);
  g_string_free (self->text, TRUE);
  g_free (self);
}

void
iommuctl_output_set_client (IommuctlOutput *self, IommudDBusClient *client)
{
  g_set_object (&self->client, client);
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

static ColumnsTable *
new_table (IommuctlOutput *self)
{
  ColumnsTable *table = scols_new_table ();

  /* Output that is no terminal is as wide as one: it is read by people too, programs take JSON. */
  scols_table_set_termforce (table, SCOLS_TERMFORCE_ALWAYS);
  scols_table_set_termwidth (table, iommuctl_output_get_width (self));
  if (!g_get_charset (NULL))
    scols_table_enable_ascii (table, 1);
  return table;
}

static void
add_table (IommuctlOutput *self, ColumnsTable *table)
{
  g_auto (GStrv) lines = NULL;
  char *text = NULL;

  if (scols_print_table_to_string (table, &text) != 0 || text == NULL)
    return;
  /* Cells are padded up to the next column, the last ones for nobody. */
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL && (lines[i][0] != '\0' || lines[i + 1] != NULL); i++)
    g_string_append_printf (self->text, "%s\n", g_strchomp (lines[i]));
  free (text);
}

static char *
describe_array (IommuctlOutput *self, const char *key, GVariant *array)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, array);
  while (g_variant_iter_loop (&iter, "*", &value))
    g_ptr_array_add (words, iommuctl_output_describe_value (self, key, value));
  if (words->len == 0)
    return g_strdup ("-");
  g_ptr_array_add (words, NULL);
  return g_strjoinv (", ", (char **) words->pdata);
}

/* Names come from hardware databases and other users: none may steer the terminal. */
static char *
describe_string (const char *text)
{
  char *printable = g_strdup (*text == '\0' ? "-" : text);

  for (char *c = printable; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = '?';
  return printable;
}

static gboolean
is_hexadecimal (const char *key)
{
  return g_str_equal (key, "VendorId") || g_str_equal (key, "ProductId");
}

static gboolean
is_size (const char *key)
{
  return g_str_equal (key, "MappedBytes");
}

char *
iommuctl_output_describe_value (IommuctlOutput *self, const char *key, GVariant *value)
{
  const char *first = NULL;
  const char *last = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? _ ("yes") : _ ("no"));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return describe_string (g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    return iommuctl_names_of_path (self->client, g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("(ss)")))
    {
      g_variant_get (value, "(&s&s)", &first, &last);
      return g_strdup_printf ("%s-%s", first, last);
    }
  if (g_str_equal (key, "AllowedIovas") && g_variant_n_children (value) == 0)
    return g_strdup (_ ("all"));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    return iommuctl_mapping_describe_records (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY))
    return describe_array (self, key, value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT32) && g_variant_get_int32 (value) < 0)
    return g_strdup ("-");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) && is_hexadecimal (key))
    return g_strdup_printf ("0x%04x", g_variant_get_uint32 (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) && is_size (key))
    return iommuctl_numbers_describe_exact_size (g_variant_get_uint64 (value));
  return g_variant_print (value, FALSE);
}

static char *
describe_cell (IommuctlOutput *self, GVariant *record, const IommuctlColumn *column)
{
  g_autoptr (GVariant) value = NULL;

  if (column->describe != NULL)
    return column->describe (record, self->client);
  value = g_variant_lookup_value (record, column->key, NULL);
  return value == NULL ? g_strdup ("") : iommuctl_output_describe_value (self, column->key, value);
}

static void
add_columns (ColumnsTable *table, const IommuctlColumn *columns, gboolean tree)
{
  for (guint i = 0; columns[i].title != NULL; i++)
    {
      int flags = columns[i].may_be_cut ? SCOLS_FL_TRUNC : 0;

      if (tree && i == 0)
        flags |= SCOLS_FL_TREE;
      scols_table_new_column (table, _ (columns[i].title), 0.0, flags);
    }
}

static ColumnsLine *
add_line (IommuctlOutput *self, ColumnsTable *table, ColumnsLine *parent, GVariant *record,
          const IommuctlColumn *columns)
{
  ColumnsLine *line = scols_table_new_line (table, parent);

  for (guint i = 0; columns[i].title != NULL; i++)
    {
      g_autofree char *text = describe_cell (self, record, &columns[i]);

      scols_line_set_data (line, i, text);
    }
  return line;
}

void
iommuctl_output_table (IommuctlOutput *self, GVariant *records, const IommuctlColumn *columns)
{
  g_autoptr (ColumnsTable) table = NULL;
  GVariantIter iter;
  GVariant *record = NULL;

  if (self->json)
    {
      add_json (self, records, TRUE);
      return;
    }
  table = new_table (self);
  add_columns (table, columns, FALSE);
  g_variant_iter_init (&iter, records);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    add_line (self, table, NULL, record, columns);
  add_table (self, table);
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

static void
add_children (IommuctlOutput *self, ColumnsTable *table, ColumnsLine *parent, GVariant *record,
              const IommuctlColumn *columns)
{
  GVariantIter iter;
  GVariantIter children;
  GVariant *value = NULL;
  GVariant *child = NULL;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", NULL, &value))
    {
      if (!iommuctl_records_has_objects (value))
        continue;
      g_variant_iter_init (&children, value);
      while (g_variant_iter_loop (&children, "@a{sv}", &child))
        {
          ColumnsLine *line = add_line (self, table, parent, child, columns);

          add_children (self, table, line, child, columns);
        }
    }
}

void
iommuctl_output_tree (IommuctlOutput *self, GVariant *root, const IommuctlColumn *columns)
{
  g_autoptr (ColumnsTable) table = NULL;

  if (self->json)
    {
      add_json (self, root, TRUE);
      return;
    }
  table = new_table (self);
  add_columns (table, columns, TRUE);
  add_children (self, table, NULL, root, columns);
  add_table (self, table);
}

/* Breaks lines between words, and in words that are longer than a line. */
static char *
wrap_words (const char *text, gsize width)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  GString *wrapped = g_string_new (NULL);
  gsize used = 0;

  for (guint i = 0; words[i] != NULL; i++)
    {
      const char *rest = words[i];
      gsize length = g_utf8_strlen (rest, -1);
      gboolean fits = used + 1 + length <= width;

      if (i > 0)
        g_string_append_c (wrapped, fits ? ' ' : '\n');
      used = i > 0 && fits ? used + 1 : 0;
      for (; length > width; length -= width)
        {
          const char *end = g_utf8_offset_to_pointer (rest, width);

          g_string_append_len (wrapped, rest, end - rest);
          g_string_append_c (wrapped, '\n');
          rest = end;
        }
      g_string_append (wrapped, rest);
      used += length;
    }
  return g_string_free (wrapped, FALSE);
}

static gsize
longest_key (GVariant *record)
{
  GVariantIter iter;
  const char *key = NULL;
  gsize longest = 0;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, NULL))
    longest = MAX (longest, strlen (key));
  return longest;
}

static void
add_member (IommuctlOutput *self, ColumnsTable *table, gsize width, const char *title,
            const char *key, GVariant *value)
{
  g_autofree char *text = iommuctl_output_describe_value (self, key, value);
  g_autofree char *wrapped = wrap_words (text, width);
  g_auto (GStrv) lines = g_strsplit (wrapped, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      ColumnsLine *line = scols_table_new_line (table, NULL);

      scols_line_set_data (line, 0, i == 0 ? title : "");
      scols_line_set_data (line, 1, lines[i]);
    }
}

/* Each on a line of its own. */
static void
add_sentences (IommuctlOutput *self, ColumnsTable *table, gsize width, const char *key,
               GVariant *sentences)
{
  GVariantIter iter;
  GVariant *sentence = NULL;
  const char *title = key;

  g_variant_iter_init (&iter, sentences);
  while (g_variant_iter_loop (&iter, "*", &sentence))
    {
      add_member (self, table, width, title, key, sentence);
      title = "";
    }
}

void
iommuctl_output_record (IommuctlOutput *self, GVariant *record)
{
  g_autoptr (ColumnsTable) table = NULL;
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;
  gsize width = 0;

  if (self->json)
    {
      add_json (self, record, TRUE);
      return;
    }
  table = new_table (self);
  scols_table_enable_noheadings (table, 1);
  scols_table_new_column (table, "key", 0.0, 0);
  scols_table_new_column (table, "value", 0.0, SCOLS_FL_TRUNC);
  width = iommuctl_output_get_width (self) - 1 - longest_key (record);
  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (g_str_equal (key, "MigrationBlockers") && g_variant_n_children (value) > 1)
      add_sentences (self, table, width, key, value);
    else
      add_member (self, table, width, key, key, value);
  add_table (self, table);
}

void
iommuctl_output_result (IommuctlOutput *self, GVariant *record, const char *format, ...)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (record);
  va_list arguments;

  if (self->json)
    {
      add_json (self, owned, TRUE);
      return;
    }
  va_start (arguments, format);
  g_string_append_vprintf (self->text, format, arguments);
  va_end (arguments);
  g_string_append_c (self->text, '\n');
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
