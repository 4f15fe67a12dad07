/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts on a terminal: how wide they are, and how they are made shorter. */
#include "config.h"

#include "cut.h"

#include <string.h>

#define REPLACEMENT '?'
#define UUID_LENGTH 36
#define UUID_HEAD 8
#define UUID_TAIL 12 /* the last group */

static gboolean
is_plain (const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isprint (*text))
      return FALSE;
  return TRUE;
}

/* GLib calls the two separators printable, but they can break a line. */
gboolean
iommuctl_cut_is_printable (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return g_unichar_isprint (character) && type != G_UNICODE_LINE_SEPARATOR
         && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* Each character in question takes as many bytes as before: one or more question marks. */
void
iommuctl_cut_make_printable (char *text)
{
  if (is_plain (text))
    return;
  for (char *c = text, *next = NULL; *c != '\0'; c = next)
    {
      next = g_utf8_next_char (c);
      if (!iommuctl_cut_is_printable (g_utf8_get_char (c)))
        memset (c, REPLACEMENT, next - c);
    }
}

static guint
width_of (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

guint
iommuctl_cut_get_width (const char *text)
{
  guint width = 0;

  if (is_plain (text))
    return strlen (text);
  for (; *text != '\0'; text = g_utf8_next_char (text))
    width += width_of (g_utf8_get_char (text));
  return width;
}

static const char *
mark (gboolean ascii)
{
  return ascii ? IOMMUCTL_CUT_MARK_ASCII : IOMMUCTL_CUT_MARK;
}

guint
iommuctl_cut_append (GString *line, const char *text, guint width, guint max, gboolean ascii)
{
  guint used = 0;

  if (width <= max)
    {
      g_string_append (line, text);
      return width;
    }
  for (; used + width_of (g_utf8_get_char (text)) < max; text = g_utf8_next_char (text))
    {
      used += width_of (g_utf8_get_char (text));
      g_string_append_unichar (line, g_utf8_get_char (text));
    }
  g_string_append (line, mark (ascii));
  return used + 1;
}

static const char *
find_uuid (const char *text)
{
  gsize length = strlen (text);

  if (length < UUID_LENGTH || !g_uuid_string_is_valid (text + length - UUID_LENGTH))
    return NULL;
  return text + length - UUID_LENGTH;
}

/* The head, the mark and so much of the end. */
static char *
shorten (const char *uuid, guint tail, gboolean ascii)
{
  return g_strdup_printf ("%.*s%s%s", UUID_HEAD, uuid, mark (ascii), uuid + UUID_LENGTH - tail);
}

static gboolean
are_different (GPtrArray *texts, guint tail, gboolean ascii)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < texts->len; i++)
    {
      const char *uuid = find_uuid (g_ptr_array_index (texts, i));

      if (uuid != NULL && !g_hash_table_add (seen, shorten (uuid, tail, ascii)))
        return FALSE;
    }
  return g_hash_table_size (seen) > 0;
}

gboolean
iommuctl_cut_shorten_uuids (GPtrArray *texts, gboolean ascii)
{
  guint tail = 0;

  while (tail <= UUID_TAIL && !are_different (texts, tail, ascii))
    tail += 4;
  if (tail > UUID_TAIL)
    return FALSE;
  for (guint i = 0; i < texts->len; i++)
    {
      char *text = g_ptr_array_index (texts, i);
      const char *uuid = find_uuid (text);

      if (uuid != NULL)
        {
          g_autofree char *short_form = shorten (uuid, tail, ascii);

          strcpy (text + (uuid - text), short_form);
        }
    }
  return TRUE;
}
