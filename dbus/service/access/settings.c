/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sections of a configuration file, their keys and values: the format of GKeyFile, without
 * escapes and translations. GKeyFile itself does not say on which line something stands. */
#include "access/settings.h"

#include <string.h>

#include "quote.h"

static void
free_setting (gpointer data)
{
  IommudSetting *self = data;

  g_free (self->key);
  g_free (self->value);
  g_free (self);
}

static void
free_section (gpointer data)
{
  IommudSection *self = data;

  g_ptr_array_unref (self->settings);
  g_free (self->name);
  g_free (self);
}

/* What is being read. */
typedef struct
{
  const char *file;
  guint line;
  GPtrArray *sections;
  IommudSection *section; /* NULL before the first one */
  IommudProblems *problems;
} SettingsReader;

/* Takes the text of the line. */
static void
report (SettingsReader *reader, const char *what, const char *text)
{
  g_autofree char *quoted = iommud_quote (text);

  iommud_problems_add (reader->problems, reader->file, reader->line, "%s: %s", what, quoted);
  if (reader->section != NULL)
    reader->section->is_broken = TRUE;
}

/* What stands behind a title that is not one belongs to no section before it. */
static void
begin_section (SettingsReader *reader, const char *text)
{
  gsize length = strlen (text);
  IommudSection *section = g_new0 (IommudSection, 1);

  section->line = reader->line;
  section->name = g_strndup (text + 1, length - MIN (length, 2));
  section->settings = g_ptr_array_new_with_free_func (free_setting);
  g_ptr_array_add (reader->sections, section);
  reader->section = section;
  if (text[length - 1] != ']' || length < 3 || strpbrk (section->name, "[]") != NULL)
    report (reader, "This is no title of a section, such as [name]", text);
}

static gboolean
has_key (const IommudSection *section, const char *key)
{
  for (guint i = 0; i < section->settings->len; i++)
    {
      const IommudSetting *setting = g_ptr_array_index (section->settings, i);

      if (g_str_equal (setting->key, key))
        return TRUE;
    }
  return FALSE;
}

static void
add_setting (SettingsReader *reader, const char *text)
{
  const char *sign = strchr (text, '=');
  g_autofree char *key = NULL;
  IommudSetting *setting = NULL;

  if (sign == NULL || sign == text)
    {
      report (reader, "This is neither a section, nor key=value, nor a comment", text);
      return;
    }
  key = g_strchomp (g_strndup (text, (gsize) (sign - text)));
  if (reader->section == NULL)
    report (reader, "This key stands before the first section", key);
  else if (has_key (reader->section, key))
    report (reader, "This key stands twice in its section", key);
  else
    {
      setting = g_new0 (IommudSetting, 1);
      setting->line = reader->line;
      setting->key = g_steal_pointer (&key);
      setting->value = g_strchug (g_strdup (sign + 1));
      g_ptr_array_add (reader->section->settings, setting);
    }
}

/* @is_last: nothing ends it, so there may once have been more of it: of another user's number, for
 * instance. */
static void
read_line (SettingsReader *reader, char *line, gboolean is_last)
{
  const char *text = g_strstrip (line);

  reader->line++;
  if (*text == '\0' || *text == '#')
    return;
  if (*text == '[')
    begin_section (reader, text);
  else
    add_setting (reader, text);
  if (is_last)
    report (reader, "The last line does not end, so the file may not be whole", text);
}

/* Of IommudSection, in their order. What is wrong is added to the problems. */
GPtrArray *
iommud_settings_parse (const char *file, const char *text, gsize length, IommudProblems *problems)
{
  SettingsReader reader = { file, 0, g_ptr_array_new_with_free_func (free_section), NULL,
                            problems };
  g_auto (GStrv) lines = NULL;

  if (!g_utf8_validate (text, (gssize) length, NULL))
    {
      iommud_problems_add (problems, file, 0, "This is no text in UTF-8");
      return reader.sections;
    }
  lines = g_strsplit (text, "\n", 0);
  for (gsize i = 0; lines[i] != NULL; i++)
    read_line (&reader, lines[i], lines[i + 1] == NULL);
  return reader.sections;
}

/* The parts of a list, which ';' separates and may also end. Owned. */
char **
iommud_setting_split (const IommudSetting *self)
{
  g_auto (GStrv) parts = g_strsplit (self->value, ";", 0);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0' || parts[i + 1] != NULL)
      g_strv_builder_add (builder, parts[i]);
  return g_strv_builder_end (builder);
}

gboolean
iommud_setting_parse_number (const char *text, guint64 largest, guint64 *number)
{
  return g_ascii_string_to_unsigned (text, 10, 0, largest, number, NULL);
}

/* How many bits a unit shifts by; -1: there is no such unit. */
static int
get_shift (char unit)
{
  const char *units = "KMGT";
  const char *found = unit == '\0' ? NULL : strchr (units, unit);

  return found == NULL ? -1 : (int) (found - units + 1) * 10;
}

/* A number of bytes, such as 4096, 512K, 64M, 16G or 2T. */
gboolean
iommud_setting_parse_size (const char *text, guint64 *n_bytes)
{
  gsize length = strlen (text);
  int shift = length == 0 ? -1 : get_shift (text[length - 1]);
  g_autofree char *digits = g_strndup (text, length - (shift < 0 ? 0 : 1));
  guint64 number = 0;

  if (shift < 0)
    shift = 0;
  if (!iommud_setting_parse_number (digits, G_MAXUINT64 >> shift, &number))
    return FALSE;
  *n_bytes = number << shift;
  return TRUE;
}
