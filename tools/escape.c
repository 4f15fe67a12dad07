/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of any origin as sentences may repeat it. Words of the command line can hold any byte, and
 * messages of other libraries repeat them too: so whole sentences are escaped, when they are
 * printed. */
#include "escape.h"

#include "cut.h"

static void
append_character (GString *line, gunichar character)
{
  if (iommuctl_cut_is_printable (character))
    g_string_append_unichar (line, character);
  else if (character == '\n')
    g_string_append (line, "\\n");
  else if (character == '\t')
    g_string_append (line, "\\t");
  else
    g_string_append_printf (line, character < 0x80 ? "\\x%02x" : "\\u%04x", character);
}

char *
iommuctl_escape (const char *text)
{
  GString *line = g_string_new (NULL);

  while (*text != '\0')
    {
      gunichar character = g_utf8_get_char_validated (text, -1);

      if (character == (gunichar) -1 || character == (gunichar) -2)
        {
          g_string_append_printf (line, "\\x%02x", (guint8) *text);
          text++;
          continue;
        }
      append_character (line, character);
      text = g_utf8_next_char (text);
    }
  return g_string_free (line, FALSE);
}
