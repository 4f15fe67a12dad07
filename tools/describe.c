/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of properties in words, as tables, show and monitor print them. */
#include "config.h"

#include "describe.h"

#include "cut.h"
#include "holder.h"
#include "mapping.h"
#include "names.h"
#include "numbers.h"

#include <glib/gi18n.h>

/* Names come from hardware databases and from other users: none of them may control the
 * terminal. */
static char *
describe_string (const char *text)
{
  char *printable = g_strdup (*text == '\0' ? "-" : text);

  iommuctl_cut_make_printable (printable);
  return printable;
}

static char *
describe_list (IommuctlService *service, const char *key, GVariant *list)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  GVariant *value = NULL;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "*", &value))
    g_ptr_array_add (words, iommuctl_describe_value (service, key, value));
  if (words->len == 0)
    return g_strdup ("-");
  g_ptr_array_add (words, NULL);
  return g_strjoinv (", ", (char **) words->pdata);
}

static char *
describe_array (IommuctlService *service, const char *key, GVariant *array)
{
  if (g_str_equal (key, "AllowedIovas") && g_variant_n_children (array) == 0)
    return g_strdup (_ ("all"));
  if (g_str_equal (key, "Holders"))
    return iommuctl_holder_describe_records (array);
  if (g_variant_is_of_type (array, G_VARIANT_TYPE ("aa{sv}")))
    return iommuctl_mapping_describe_records (array);
  return describe_list (service, key, array);
}

static char *
describe_range (GVariant *range)
{
  const char *first = NULL;
  const char *last = NULL;

  g_variant_get (range, "(&s&s)", &first, &last);
  return g_strdup_printf ("%s-%s", first, last);
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

static gboolean
is_time (const char *key)
{
  return g_str_equal (key, "Since");
}

/* Microseconds since 1970, in the time zone of the user. */
static char *
describe_time (guint64 time)
{
  g_autoptr (GDateTime) local = g_date_time_new_from_unix_local (time / G_USEC_PER_SEC);

  return local == NULL ? g_strdup ("-") : g_date_time_format (local, "%Y-%m-%d %H:%M:%S");
}

/* On the bus, a negative number says that a device has no group or no NUMA node. */
static char *
describe_number (const char *key, GVariant *number)
{
  if (g_variant_is_of_type (number, G_VARIANT_TYPE_INT32) && g_variant_get_int32 (number) < 0)
    return g_strdup ("-");
  if (g_variant_is_of_type (number, G_VARIANT_TYPE_UINT32) && is_hexadecimal (key))
    return g_strdup_printf ("0x%04x", g_variant_get_uint32 (number));
  if (g_variant_is_of_type (number, G_VARIANT_TYPE_UINT64) && is_size (key))
    return iommuctl_numbers_describe_exact_size (g_variant_get_uint64 (number));
  if (g_variant_is_of_type (number, G_VARIANT_TYPE_UINT64) && is_time (key))
    return describe_time (g_variant_get_uint64 (number));
  return g_variant_print (number, FALSE);
}

char *
iommuctl_describe_value (IommuctlService *service, const char *key, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? _ ("yes") : _ ("no"));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return describe_string (g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    return iommuctl_names_of_path (service, g_variant_get_string (value, NULL));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("(ss)")))
    return describe_range (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_ARRAY))
    return describe_array (service, key, value);
  return describe_number (key, value);
}
