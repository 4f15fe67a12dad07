/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables and trees, drawn by libsmartcols; the only file that uses it. */
#include "config.h"

#include "table.h"

#include "describe.h"
#include "records.h"

#include <glib/gi18n.h>
#include <libsmartcols.h>
#include <string.h>

typedef struct libscols_table ScolsTable;
typedef struct libscols_line ScolsLine;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ScolsTable, scols_unref_table)

typedef struct
{
  ScolsTable *table;
  const IommuctlColumn *columns;
  IommudDBusClient *client;
  gsize width; /* of the values of one record */
} Layout;

static ScolsTable *
new_table (guint width)
{
  ScolsTable *table = scols_new_table ();

  /* Output that is not a terminal has the same width as one: people read it too, and programs use
   * JSON. */
  scols_table_set_termforce (table, SCOLS_TERMFORCE_ALWAYS);
  scols_table_set_termwidth (table, width);
  if (!g_get_charset (NULL))
    scols_table_enable_ascii (table, 1);
  return table;
}

/* The library pads cells up to the next column, the last ones too. */
static char *
print_table (ScolsTable *table)
{
  GString *trimmed = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  char *text = NULL;

  if (scols_print_table_to_string (table, &text) != 0 || text == NULL)
    return g_string_free (trimmed, FALSE);
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL && (lines[i][0] != '\0' || lines[i + 1] != NULL); i++)
    g_string_append_printf (trimmed, "%s\n", g_strchomp (lines[i]));
  free (text);
  return g_string_free (trimmed, FALSE);
}

static void
add_columns (ScolsTable *table, const IommuctlColumn *columns, gboolean tree)
{
  for (guint i = 0; columns[i].title != NULL; i++)
    {
      int flags = columns[i].may_be_cut ? SCOLS_FL_TRUNC : 0;

      if (tree && i == 0)
        flags |= SCOLS_FL_TREE;
      scols_table_new_column (table, _ (columns[i].title), 0.0, flags);
    }
}

static char *
describe_cell (const Layout *self, GVariant *record, const IommuctlColumn *column)
{
  g_autoptr (GVariant) value = NULL;

  if (column->describe != NULL)
    return column->describe (record, self->client);
  value = g_variant_lookup_value (record, column->key, NULL);
  return value == NULL ? g_strdup ("") : iommuctl_describe_value (self->client, column->key, value);
}

static ScolsLine *
add_line (const Layout *self, ScolsLine *parent, GVariant *record)
{
  ScolsLine *line = scols_table_new_line (self->table, parent);

  for (guint i = 0; self->columns[i].title != NULL; i++)
    {
      g_autofree char *text = describe_cell (self, record, &self->columns[i]);

      scols_line_set_data (line, i, text);
    }
  return line;
}

char *
iommuctl_table_of_records (GVariant *records, const IommuctlColumn *columns,
                           IommudDBusClient *client, guint width)
{
  g_autoptr (ScolsTable) table = new_table (width);
  const Layout layout = { .table = table, .columns = columns, .client = client };
  GVariantIter iter;
  GVariant *record = NULL;

  add_columns (table, columns, FALSE);
  g_variant_iter_init (&iter, records);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    add_line (&layout, NULL, record);
  return print_table (table);
}

static void
add_children (const Layout *self, ScolsLine *parent, GVariant *record)
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
        add_children (self, add_line (self, parent, child), child);
    }
}

char *
iommuctl_table_of_tree (GVariant *root, const IommuctlColumn *columns, IommudDBusClient *client,
                        guint width)
{
  g_autoptr (ScolsTable) table = new_table (width);
  const Layout layout = { .table = table, .columns = columns, .client = client };

  add_columns (table, columns, TRUE);
  add_children (&layout, NULL, root);
  return print_table (table);
}

/* Adds a word that may be longer than a line; returns how much of the last line is used then. */
static gsize
append_word (GString *text, const char *word, gsize used, gsize width)
{
  gsize length = g_utf8_strlen (word, -1);

  for (; length > width; length -= width)
    {
      const char *end = g_utf8_offset_to_pointer (word, width);

      g_string_append_len (text, word, end - word);
      g_string_append_c (text, '\n');
      word = end;
    }
  g_string_append (text, word);
  return used + length;
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
      gboolean fits = used + 1 + g_utf8_strlen (words[i], -1) <= width;

      if (i > 0)
        g_string_append_c (wrapped, fits ? ' ' : '\n');
      used = append_word (wrapped, words[i], i > 0 && fits ? used + 1 : 0, width);
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
add_member (const Layout *self, const char *title, const char *key, GVariant *value)
{
  g_autofree char *text = iommuctl_describe_value (self->client, key, value);
  g_autofree char *wrapped = wrap_words (text, self->width);
  g_auto (GStrv) lines = g_strsplit (wrapped, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      ScolsLine *line = scols_table_new_line (self->table, NULL);

      scols_line_set_data (line, 0, i == 0 ? title : "");
      scols_line_set_data (line, 1, lines[i]);
    }
}

/* Each on a line of its own. */
static void
add_sentences (const Layout *self, const char *key, GVariant *sentences)
{
  GVariantIter iter;
  GVariant *sentence = NULL;
  const char *title = key;

  g_variant_iter_init (&iter, sentences);
  while (g_variant_iter_loop (&iter, "*", &sentence))
    {
      add_member (self, title, key, sentence);
      title = "";
    }
}

static gboolean
has_sentences (const char *key, GVariant *value)
{
  return g_str_equal (key, "DirtyTrackingBlockers") && g_variant_n_children (value) > 1;
}

char *
iommuctl_table_of_record (GVariant *record, IommudDBusClient *client, guint width)
{
  g_autoptr (ScolsTable) table = new_table (width);
  const Layout layout = { .table = table,
                          .client = client,
                          .width = width - 1 - longest_key (record) };
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  scols_table_enable_noheadings (table, 1);
  scols_table_new_column (table, "key", 0.0, 0);
  scols_table_new_column (table, "value", 0.0, SCOLS_FL_TRUNC);
  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (has_sentences (key, value))
      add_sentences (&layout, key, value);
    else
      add_member (&layout, key, key, value);
  return print_table (table);
}
