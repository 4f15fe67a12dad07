/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The a{sv} that ends each method call, read by a table of the options that the method knows. */
#include "options.h"

#include <iommud.h>

#include "quote.h"

#define MAX_STRING_BYTES 255

/* The D-Bus type that is sent for a type. */
static const GVariantType *
sent_type (GType type)
{
  switch (G_TYPE_FUNDAMENTAL (type))
    {
    case G_TYPE_BOOLEAN:
      return G_VARIANT_TYPE_BOOLEAN;
    case G_TYPE_UINT64:
      return G_VARIANT_TYPE_UINT64;
    case G_TYPE_OBJECT:
      return G_VARIANT_TYPE_OBJECT_PATH;
    case G_TYPE_STRING:
    case G_TYPE_ENUM:
    default:
      return G_VARIANT_TYPE_STRING;
    }
}

static void
set_unknown (const char *key, const IommudOption *known, gsize n_known, GError **error)
{
  g_autofree char *quoted = iommud_quote (key);
  g_autoptr (GString) keys = g_string_new (NULL);

  for (gsize i = 0; i < n_known; i++)
    g_string_append_printf (keys, "%s%s", i == 0 ? "" : ", ", known[i].key);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Unknown option %s; known are: %s", quoted, n_known == 0 ? "none" : keys->str);
}

static gboolean
check_type (const IommudOption *option, GVariant *variant, GError **error)
{
  g_autofree char *expected = NULL;
  g_autofree char *given = NULL;

  if (g_variant_is_of_type (variant, sent_type (option->type)))
    return TRUE;
  expected = g_variant_type_dup_string (sent_type (option->type));
  given = iommud_quote (g_variant_get_type_string (variant));
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Option '%s' has the type '%s', not %s", option->key, expected, given);
  return FALSE;
}

static gboolean
read_string (const IommudOption *option, GVariant *variant, GValue *value, GError **error)
{
  gsize length = 0;
  const char *string = g_variant_get_string (variant, &length);

  if (length > MAX_STRING_BYTES)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Option '%s' is %" G_GSIZE_FORMAT " bytes long; at most %d are allowed",
                   option->key, length, MAX_STRING_BYTES);
      return FALSE;
    }
  g_value_set_string (value, string);
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
read_enum (const IommudOption *option, GVariant *variant, GValue *value, GError **error)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (option->type);
  const char *nick = g_variant_get_string (variant, NULL);
  const GEnumValue *entry = g_enum_get_value_by_nick (class, nick);
  g_autofree char *quoted = NULL;
  g_autofree char *nicks = NULL;

  if (entry != NULL)
    {
      g_value_set_enum (value, entry->value);
      return TRUE;
    }
  quoted = iommud_quote (nick);
  nicks = list_nicks (class);
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Option '%s' cannot be %s; it is one of: %s", option->key, quoted, nicks);
  return FALSE;
}

static gboolean
read_object (const IommudOption *option, GVariant *variant, IommudObjects *objects, GValue *value,
             GError **error)
{
  GObject *object =
      iommud_objects_find (objects, g_variant_get_string (variant, NULL), option->type, error);

  if (object == NULL)
    {
      g_prefix_error (error, "Option '%s': ", option->key);
      return FALSE;
    }
  g_value_set_object (value, object);
  return TRUE;
}

static gboolean
read_value (const IommudOption *option, GVariant *variant, IommudObjects *objects, GValue *value,
            GError **error)
{
  if (!check_type (option, variant, error))
    return FALSE;
  g_value_init (value, option->type);
  switch (G_TYPE_FUNDAMENTAL (option->type))
    {
    case G_TYPE_STRING:
      return read_string (option, variant, value, error);
    case G_TYPE_ENUM:
      return read_enum (option, variant, value, error);
    case G_TYPE_OBJECT:
      return read_object (option, variant, objects, value, error);
    case G_TYPE_UINT64:
      g_value_set_uint64 (value, g_variant_get_uint64 (variant));
      return TRUE;
    case G_TYPE_BOOLEAN:
    default:
      g_value_set_boolean (value, g_variant_get_boolean (variant));
      return TRUE;
    }
}

static void
store (const IommudOption *option, const GValue *value)
{
  switch (G_TYPE_FUNDAMENTAL (option->type))
    {
    case G_TYPE_STRING:
      *(char **) option->value = g_value_dup_string (value);
      break;
    case G_TYPE_ENUM:
      *(int *) option->value = g_value_get_enum (value);
      break;
    case G_TYPE_OBJECT:
      *(gpointer *) option->value = g_value_dup_object (value);
      break;
    case G_TYPE_UINT64:
      *(guint64 *) option->value = g_value_get_uint64 (value);
      break;
    case G_TYPE_BOOLEAN:
    default:
      *(gboolean *) option->value = g_value_get_boolean (value);
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

/* Whether the option is known and was not given before. Each known option has a bit in @given. */
static gboolean
check_key (const char *key, const IommudOption *known, gsize n_known, guint64 *given,
           GError **error)
{
  const IommudOption *option = find_option (key, known, n_known);
  guint64 bit = option == NULL ? 0 : G_GUINT64_CONSTANT (1) << (option - known);

  if (option == NULL)
    {
      set_unknown (key, known, n_known, error);
      return FALSE;
    }
  if (*given & bit)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "Option '%s' is given twice",
                   option->key);
      return FALSE;
    }
  *given |= bit;
  return TRUE;
}

/* @target: whose properties the options are; NULL if each has a place of its own. */
static gboolean
parse (GVariant *options, const IommudOption *known, gsize n_known, GObject *target,
       IommudObjects *objects, GError **error)
{
  GVariantIter iter;
  const char *key = NULL;
  GVariant *boxed = NULL;
  guint64 given = 0;

  g_return_val_if_fail (n_known <= 64, FALSE);

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &boxed))
    {
      g_autoptr (GVariant) variant = boxed;
      g_auto (GValue) value = G_VALUE_INIT;

      if (!check_key (key, known, n_known, &given, error)
          || !read_value (find_option (key, known, n_known), variant, objects, &value, error))
        return FALSE;
      if (target != NULL)
        g_object_set_property (target, key, &value);
      else
        store (find_option (key, known, n_known), &value);
    }
  return TRUE;
}

gboolean
iommud_options_parse (GVariant *options, const IommudOption *known, gsize n_known,
                      IommudObjects *objects, GError **error)
{
  return parse (options, known, n_known, NULL, objects, error);
}

/* Sets the properties of the target that are given. Only those that are listed can be set: an
 * options object of the model may have others, which are not for callers. */
gboolean
iommud_options_set (GVariant *options, const char *const *known, GObject *target,
                    IommudObjects *objects, GError **error)
{
  g_autofree IommudOption *entries = g_new0 (IommudOption, g_strv_length ((char **) known));
  gsize n_known = 0;

  for (; known[n_known] != NULL; n_known++)
    {
      GParamSpec *pspec =
          g_object_class_find_property (G_OBJECT_GET_CLASS (target), known[n_known]);

      g_return_val_if_fail (pspec != NULL, FALSE);
      entries[n_known] = (IommudOption){ .key = known[n_known], .type = pspec->value_type };
    }
  return parse (options, entries, n_known, target, objects, error);
}
