/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells UTF-8 from all that libxml2 would convert: its converters cost time, differ between systems
 * and print messages of their own. */
#include "config.h"

#include "xml/encoding.h"

#include <string.h>

/* No declaration needs more. A longer one is not searched, and the parser does not obey it. */
#define MAX_DECLARATION 1024

static guint
count_lines (const char *text, const char *end)
{
  guint count = 1;

  for (; text < end; text++)
    count += *text == '\n';
  return count;
}

static char *
find_declared_encoding (const char *xml, gsize length)
{
  g_autoptr (GRegex) pattern =
      g_regex_new ("^(?:\\xEF\\xBB\\xBF)?<\\?xml(?=\\s)[^>]*?\\sencoding\\s*=\\s*[\"']([^\"'>]*)",
                   G_REGEX_RAW, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  if (!g_regex_match_full (pattern, xml, (gssize) MIN (length, MAX_DECLARATION), 0, 0, &match,
                           NULL))
    return NULL;
  return g_match_info_fetch (match, 1);
}

char *
iommud_xml_describe_wrong_encoding (const char *xml, gsize length, guint *line)
{
  g_autofree char *declared = NULL;
  const char *end;

  *line = 1;
  if (!g_utf8_validate_len (xml, length, &end))
    {
      *line = count_lines (xml, end);
      return g_strdup (*end == '\0' ? "there is a zero byte: only XML in UTF-8 is read"
                                    : "this is not UTF-8: only XML in UTF-8 is read");
    }
  declared = find_declared_encoding (xml, length);
  if (declared == NULL || g_ascii_strcasecmp (declared, "UTF-8") == 0)
    return NULL;
  return g_strdup_printf ("the declared encoding is %s: only XML in UTF-8 is read", declared);
}
