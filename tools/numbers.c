/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes and addresses: from what people type, and back. */
#include "config.h"

#include "numbers.h"

#include "exit-status.h"

#include <glib/gi18n.h>
#include <string.h>

#define BITS_OF_UNIT 10 /* from one unit to the next */

static const char unit_letters[] = "KMGT";

/* How many bits the unit at the end of a word shifts by; the word ends before it. */
static guint
take_unit (char *word)
{
  gsize length = strlen (word);
  const char *unit = length == 0 ? NULL : strchr (unit_letters, word[length - 1]);

  if (unit == NULL)
    return 0;
  word[length - 1] = '\0';
  return (unit - unit_letters + 1) * BITS_OF_UNIT;
}

static gboolean
is_hexadecimal (const char *word)
{
  return g_str_has_prefix (word, "0x") || g_str_has_prefix (word, "0X");
}

gboolean
iommuctl_numbers_parse (const char *what, const char *word, guint64 *number, GError **error)
{
  g_autofree char *digits = g_strdup (word);
  gboolean hexadecimal = is_hexadecimal (word);
  guint shift = hexadecimal ? 0 : take_unit (digits);
  g_autoptr (GError) local_error = NULL;

  if (g_ascii_string_to_unsigned (hexadecimal ? digits + strlen ("0x") : digits,
                                  hexadecimal ? 16 : 10, 0, G_MAXUINT64 >> shift, number,
                                  &local_error))
    {
      *number <<= shift;
      return TRUE;
    }
  if (g_error_matches (local_error, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                 _ ("%s: '%s' is more than 64 bits can hold"), what, word);
  else
    g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
                 _ ("%s: '%s' is not a number of bytes, such as 4096, 0x1000, 4K, 2M, 1G or 1T"),
                 what, word);
  return FALSE;
}

char *
iommuctl_numbers_describe_size (guint64 bytes)
{
  static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  guint unit = 0;
  double value = bytes;

  /* 1023.5 of a unit would be rounded up to a number of four digits. */
  while (unit + 1 < G_N_ELEMENTS (units) && value >= (unit == 0 ? 1024 : 1023.5))
    {
      value /= 1024;
      unit++;
    }
  if (value >= 99.95 || value == (guint64) value)
    return g_strdup_printf ("%.0f %s", value, units[unit]);
  return g_strdup_printf ("%.1f %s", value, units[unit]);
}

char *
iommuctl_numbers_describe_exact_size (guint64 bytes)
{
  g_autofree char *rounded = iommuctl_numbers_describe_size (bytes);

  if (bytes < 1024)
    return g_steal_pointer (&rounded);
  return g_strdup_printf ("%s (%" G_GUINT64_FORMAT ")", rounded, bytes);
}

char *
iommuctl_numbers_describe_address (guint64 address)
{
  return g_strdup_printf ("0x%" G_GINT64_MODIFIER "x", address);
}

char *
iommuctl_numbers_describe_share (guint64 part, guint64 whole)
{
  double share = whole == 0 ? 0 : 100.0 * part / whole;

  if (part > 0 && share < 0.1)
    return g_strdup ("<0.1 %");
  if (part < whole && share > 99.9)
    return g_strdup (">99.9 %");
  return share == (guint) share ? g_strdup_printf ("%.0f %%", share)
                                : g_strdup_printf ("%.1f %%", share);
}
