/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records as the cells of tables and trees. */
#include "config.h"

#include "table.h"

#include "describe.h"
#include "layout.h"
#include "records.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  IommuctlLayout *layout;
  const IommuctlColumn *columns;
  IommuctlService *service;
  gsize width; /* of the values of one record */
} RecordTable;

static guint
count_columns (const IommuctlColumn *columns)
{
  guint n_columns = 0;

  while (columns[n_columns].title != NULL)
    n_columns++;
  return n_columns;
}

static void
table_init (RecordTable *self, const IommuctlColumn *columns, IommuctlService *service)
{
  self->columns = columns;
  self->service = service;
  self->layout = iommuctl_layout_new (count_columns (columns), !g_get_charset (NULL));
  for (guint i = 0; columns[i].title != NULL; i++)
    {
      iommuctl_layout_take (self->layout, g_strdup (_ (columns[i].title)));
      if (columns[i].may_be_cut)
        iommuctl_layout_mark (self->layout, i);
    }
}

static char *
describe_cell (const RecordTable *self, GVariant *record, const IommuctlColumn *column)
{
  g_autoptr (GVariant) value = NULL;

  if (column->describe != NULL)
    return column->describe (record, self->service);
  value = g_variant_lookup_value (record, column->key, NULL);
  return value == NULL ? g_strdup ("")
                       : iommuctl_describe_value (self->service, column->key, value);
}

static void
add_line (const RecordTable *self, GVariant *record)
{
  for (guint i = 0; self->columns[i].title != NULL; i++)
    iommuctl_layout_take (self->layout, describe_cell (self, record, &self->columns[i]));
}

static char *
finish (RecordTable *self, guint width)
{
  g_autoptr (IommuctlLayout) layout = g_steal_pointer (&self->layout);

  return iommuctl_layout_print (layout, width);
}

char *
iommuctl_table_of_records (GVariant *records, const IommuctlColumn *columns,
                           IommuctlService *service, guint width)
{
  RecordTable table = { 0 };
  GVariantIter iter;
  GVariant *record = NULL;

  if (g_variant_n_children (records) == 0)
    return g_strdup ("");
  table_init (&table, columns, service);
  g_variant_iter_init (&iter, records);
  while (g_variant_iter_loop (&iter, "@a{sv}", &record))
    add_line (&table, record);
  return finish (&table, width);
}

static void
add_children (const RecordTable *self, GVariant *record, guint depth)
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
          iommuctl_layout_set_depth (self->layout, depth);
          add_line (self, child);
          add_children (self, child, depth + 1);
        }
    }
}

char *
iommuctl_table_of_tree (GVariant *root, const IommuctlColumn *columns, IommuctlService *service,
                        guint width)
{
  RecordTable table = { 0 };

  table_init (&table, columns, service);
  add_children (&table, root, 0);
  return finish (&table, width);
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
add_member (const RecordTable *self, const char *title, const char *key, GVariant *value)
{
  g_autofree char *text = iommuctl_describe_value (self->service, key, value);
  g_autofree char *wrapped = wrap_words (text, self->width);
  g_auto (GStrv) lines = g_strsplit (wrapped, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      iommuctl_layout_take (self->layout, g_strdup (i == 0 ? title : ""));
      iommuctl_layout_take (self->layout, g_strdup (lines[i]));
    }
}

/* Each on a line of its own. */
static void
add_sentences (const RecordTable *self, const char *key, GVariant *sentences)
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
iommuctl_table_of_record (GVariant *record, IommuctlService *service, guint width)
{
  RecordTable table = { .service = service,
                        .layout = iommuctl_layout_new (2, !g_get_charset (NULL)),
                        .width = width - 1 - longest_key (record) };
  GVariantIter iter;
  const char *key = NULL;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, record);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (has_sentences (key, value))
      add_sentences (&table, key, value);
    else
      add_member (&table, key, key, value);
  return finish (&table, width);
}
