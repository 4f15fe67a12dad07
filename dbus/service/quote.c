/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A caller's text as messages repeat it: in quotes, bounded, and without control characters. */
#include "quote.h"

#define MAX_QUOTED_CHARACTERS 100

/* A caller may send megabytes or terminal escapes; neither must reach a log or another terminal. */
char *
iommud_quote (const char *text)
{
  GString *quoted = g_string_new ("'");
  int left = MAX_QUOTED_CHARACTERS;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p), left--)
    {
      gunichar c = g_utf8_get_char (p);

      if (left == 0)
        {
          g_string_append (quoted, "...");
          break;
        }
      if (g_unichar_isprint (c))
        g_string_append_unichar (quoted, c);
      else
        g_string_append_printf (quoted, "\\x%02x", c);
    }
  g_string_append_c (quoted, '\'');
  return g_string_free (quoted, FALSE);
}
