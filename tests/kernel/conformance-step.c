/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of conformance sequences: files into steps, steps into words. */
#include "config.h"

#include "conformance-step.h"

#include <gio/gio.h>
#include <string.h>

void
conformance_step_free (ConformanceStep *self)
{
  g_free (self->sequence);
  g_free (self->label);
  g_free (self->text);
  g_free (self->answer);
  g_free (self);
}

/* A label is a name and a number: `map-args.04`. */
static char *
find_sequence (const char *label)
{
  const char *dot = strrchr (label, '.');

  if (dot == NULL || dot == label || !g_ascii_isdigit (dot[1]))
    return NULL;
  return g_strndup (label, (gsize) (dot - label));
}

gboolean
conformance_step_parse (const char *line, ConformanceStep **step, GError **error)
{
  g_autofree char *text = g_strstrip (g_strdup (line));
  g_autoptr (ConformanceStep) self = g_new0 (ConformanceStep, 1);
  char *space = strpbrk (text, " \t");
  char *arrow = strstr (text, " -> ");

  if (*text == '\0' || *text == '#')
    return FALSE;
  if (arrow != NULL)
    {
      self->answer = g_strstrip (g_strdup (arrow + strlen (" -> ")));
      *arrow = '\0';
    }
  if (space != NULL && *space != '\0')
    {
      self->text = g_strstrip (g_strdup (space));
      *space = '\0';
    }
  self->label = g_strdup (text);
  self->sequence = find_sequence (self->label);
  if (self->sequence == NULL || self->text == NULL || *self->text == '\0')
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "'%s' is no step: expected 'name.NN verb ...'", line);
      return FALSE;
    }
  *step = g_steal_pointer (&self);
  return TRUE;
}

GPtrArray *
conformance_steps_read (const char *filename, GError **error)
{
  g_autofree char *content = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GPtrArray) steps =
      g_ptr_array_new_with_free_func ((GDestroyNotify) conformance_step_free);

  if (!g_file_get_contents (filename, &content, NULL, error))
    return NULL;

  lines = g_strsplit (content, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GError) line_error = NULL;
      ConformanceStep *step = NULL;

      if (conformance_step_parse (lines[i], &step, &line_error))
        g_ptr_array_add (steps, step);
      else if (line_error != NULL)
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&line_error), "%s:%u: ", filename,
                                      i + 1);
          return NULL;
        }
    }
  return g_steal_pointer (&steps);
}

/* An option's key is a plain word: `va=$m+8` is one, `resv=1-2,x` of a device too, a path is not.
 */
static gboolean
is_option (const char *word)
{
  gsize length = strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789_");

  return length > 0 && word[length] == '=';
}

static void
add_option (ConformanceWords *self, const char *word)
{
  char *key = g_strdup (word);
  char *equals = strchr (key, '=');

  *equals = '\0';
  g_ptr_array_add (self->option_store, key);
  g_hash_table_replace (self->options, key, equals + 1);
}

ConformanceWords *
conformance_words_new (const char *text)
{
  ConformanceWords *self = g_new0 (ConformanceWords, 1);
  g_auto (GStrv) pieces = g_strsplit_set (text, " \t", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; pieces[i] != NULL; i++)
    if (*pieces[i] != '\0')
      g_strv_builder_add (builder, pieces[i]);

  self->words = g_strv_builder_end (builder);
  self->places = g_ptr_array_new ();
  self->option_store = g_ptr_array_new_with_free_func (g_free);
  self->options = g_hash_table_new (g_str_hash, g_str_equal);
  self->used = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 1; self->words[0] != NULL && self->words[i] != NULL; i++)
    {
      if (self->words[i][0] == '>')
        self->variable = self->words[i] + 1;
      else if (is_option (self->words[i]))
        add_option (self, self->words[i]);
      else
        g_ptr_array_add (self->places, self->words[i]);
    }
  return self;
}

void
conformance_words_free (ConformanceWords *self)
{
  g_strfreev (self->words);
  g_ptr_array_unref (self->places);
  g_hash_table_unref (self->options);
  g_hash_table_unref (self->used);
  g_ptr_array_unref (self->option_store);
  g_free (self);
}

const char *
conformance_words_get_option (ConformanceWords *self, const char *key)
{
  gpointer stored = NULL, value = NULL;

  if (!g_hash_table_lookup_extended (self->options, key, &stored, &value))
    return NULL;
  g_hash_table_add (self->used, stored);
  return value;
}

const char *
conformance_words_find_unused (ConformanceWords *self)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->options);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (!g_hash_table_contains (self->used, key))
      return key;
  return NULL;
}

char *
conformance_words_join (ConformanceWords *self, guint first)
{
  guint count = g_strv_length (self->words);

  return first < count ? g_strjoinv (" ", self->words + first) : g_strdup ("");
}
