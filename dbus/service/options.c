/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The a{sv} that ends each method call, read by a table of what the method knows. */
#include "options.h"

#include <iommud.h>

#include "words.h"

#define MAX_STRING_BYTES 255

static const GVariantType *
type_of_kind (IommudOptionKind kind)
{
  switch (kind)
    {
    case IOMMUD_OPTION_BOOLEAN:
      return G_VARIANT_TYPE_BOOLEAN;
    case IOMMUD_OPTION_UINT64:
      return G_VARIANT_TYPE_UINT64;
    case IOMMUD_OPTION_OBJECT:
      return G_VARIANT_TYPE_OBJECT_PATH;
    case IOMMUD_OPTION_STRING:
    case IOMMUD_OPTION_ENUM:
    default:
      return G_VARIANT_TYPE_STRING;
    }
}

static void
set_unknown (const char *key, const IommudOption *known, gsize n_known, GError **error)
{
  g_autofree char *quoted = iommud_words_quote (key);
  g_autoptr (GString) keys = g_string_new (NULL);

  for (gsize i = 0; i < n_known; i++)
    g_string_append_printf (keys, "%s%s", i == 0 ? "" : ", ", known[i].key);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Unknown option %s; known are: %s", quoted, n_known == 0 ? "none" : keys->str);
}

static gboolean
check_type (const IommudOption *option, GVariant *value, GError **error)
{
  g_autofree char *expected = NULL;
  g_autofree char *given = NULL;

  if (g_variant_is_of_type (value, type_of_kind (option->kind)))
    return TRUE;
  expected = g_variant_type_dup_string (type_of_kind (option->kind));
  given = iommud_words_quote (g_variant_get_type_string (value));
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Option '%s' has the type '%s', not %s", option->key, expected, given);
  return FALSE;
}

static gboolean
parse_string (const IommudOption *option, GVariant *value, GError **error)
{
  gsize length = 0;
  const char *string = g_variant_get_string (value, &length);

  if (length > MAX_STRING_BYTES)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Option '%s' is %" G_GSIZE_FORMAT " bytes long; at most %d are allowed",
                   option->key, length, MAX_STRING_BYTES);
      return FALSE;
    }
  *(char **) option->value = g_strdup (string);
  return TRUE;
}

static char *
list_nicks (GEnumClass *class)
{
  GString *nicks = g_string_new (NULL);

  for (guint i = 0; i < class->n_values; i++)
    g_string_append_printf (nicks, "%s%s", i == 0 ? "" : ", ", class->values[i].value_nick);
  return g_string_free (nicks, FALSE);
}

static gboolean
parse_enum (const IommudOption *option, GVariant *value, GError **error)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (option->type);
  const char *nick = g_variant_get_string (value, NULL);
  const GEnumValue *entry = g_enum_get_value_by_nick (class, nick);
  g_autofree char *quoted = NULL;
  g_autofree char *nicks = NULL;

  if (entry != NULL)
    {
      *(int *) option->value = entry->value;
      return TRUE;
    }
  quoted = iommud_words_quote (nick);
  nicks = list_nicks (class);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Option '%s' cannot be %s; it is one of: %s", option->key, quoted, nicks);
  return FALSE;
}

static gboolean
parse_object (const IommudOption *option, GVariant *value, IommudPaths *paths, GError **error)
{
  GObject *object =
      iommud_paths_find (paths, g_variant_get_string (value, NULL), option->type, error);

  if (object == NULL)
    {
      g_prefix_error (error, "Option '%s': ", option->key);
      return FALSE;
    }
  *(GObject **) option->value = g_object_ref (object);
  return TRUE;
}

static gboolean
parse_option (const IommudOption *option, GVariant *value, IommudPaths *paths, GError **error)
{
  if (!check_type (option, value, error))
    return FALSE;
  switch (option->kind)
    {
    case IOMMUD_OPTION_STRING:
      return parse_string (option, value, error);
    case IOMMUD_OPTION_ENUM:
      return parse_enum (option, value, error);
    case IOMMUD_OPTION_OBJECT:
      return parse_object (option, value, paths, error);
    case IOMMUD_OPTION_UINT64:
      *(guint64 *) option->value = g_variant_get_uint64 (value);
      return TRUE;
    case IOMMUD_OPTION_BOOLEAN:
    default:
      *(gboolean *) option->value = g_variant_get_boolean (value);
      return TRUE;
    }
}

static const IommudOption *
find_option (const char *key, const IommudOption *known, gsize n_known)
{
  for (gsize i = 0; i < n_known; i++)
    if (g_str_equal (known[i].key, key))
      return &known[i];
  return NULL;
}

/* At most 64 known options: one bit each says which have been given. */
gboolean
iommud_options_parse (GVariant *options, const IommudOption *known, gsize n_known,
                      IommudPaths *paths, GError **error)
{
  GVariantIter iter;
  const char *key = NULL;
  GVariant *boxed = NULL;
  guint64 given = 0;

  g_return_val_if_fail (n_known <= 64, FALSE);

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &boxed))
    {
      g_autoptr (GVariant) value = boxed;
      const IommudOption *option = find_option (key, known, n_known);
      guint64 bit = option == NULL ? 0 : G_GUINT64_CONSTANT (1) << (option - known);

      if (option == NULL)
        {
          set_unknown (key, known, n_known, error);
          return FALSE;
        }
      if (given & bit)
        {
          g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                       "Option '%s' is given twice", option->key);
          return FALSE;
        }
      given |= bit;
      if (!parse_option (option, value, paths, error))
        return FALSE;
    }
  return TRUE;
}
