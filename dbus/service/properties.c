/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Properties of the model as D-Bus properties, bound by name: IovaRanges on the bus is iova-ranges
 * in the model, and the type of the model's property says how its value is written. */
#include "properties.h"

/* What a list on the bus shows at most. There are thousands of containers, and all that they show
 * must fit into one message. */
#define MAX_PATHS 256
#define MAX_ELEMENTS 64

char *
iommud_properties_name_from_member (const char *member)
{
  GString *name = g_string_new (NULL);

  for (const char *p = member; *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p) && p != member)
        g_string_append_c (name, '-');
      g_string_append_c (name, g_ascii_tolower (*p));
    }
  return g_string_free (name, FALSE);
}

static GVariant *
nick_of_enum (const GValue *value)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (G_VALUE_TYPE (value));
  const GEnumValue *entry = g_enum_get_value (class, g_value_get_enum (value));

  return entry == NULL ? NULL : g_variant_new_string (entry->value_nick);
}

static GVariant *
nicks_of_flags (const GValue *value)
{
  g_autoptr (GFlagsClass) class = g_type_class_ref (G_VALUE_TYPE (value));
  guint flags = g_value_get_flags (value);
  GVariantBuilder nicks;

  g_variant_builder_init (&nicks, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < class->n_values; i++)
    if (class->values[i].value != 0 && (flags & class->values[i].value) == class->values[i].value)
      g_variant_builder_add (&nicks, "s", class->values[i].value_nick);
  return g_variant_builder_end (&nicks);
}

static GVariant *
paths_of_list (GListModel *list, IommudObjects *objects)
{
  guint n_items = list == NULL ? 0 : MIN (g_list_model_get_n_items (list), MAX_PATHS);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_OBJECT_PATH_ARRAY);
  for (guint i = 0; i < n_items; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (list, i);

      g_variant_builder_add (&builder, "o", iommud_objects_get_path (objects, item));
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
strings (const char *const *value)
{
  gssize n = 0;

  while (value != NULL && value[n] != NULL && n < MAX_ELEMENTS)
    n++;
  return g_variant_new_strv (value, n);
}

/* Mappings are as many as the model lists. */
static GVariant *
first_ranges (GVariant *ranges)
{
  GVariantBuilder first;

  if (!g_variant_is_of_type (ranges, G_VARIANT_TYPE ("a(tt)"))
      || g_variant_n_children (ranges) <= MAX_ELEMENTS)
    return g_variant_ref (ranges);
  g_variant_builder_init (&first, G_VARIANT_TYPE ("a(tt)"));
  for (gsize i = 0; i < MAX_ELEMENTS; i++)
    {
      g_autoptr (GVariant) range = g_variant_get_child_value (ranges, i);

      g_variant_builder_add_value (&first, range);
    }
  return g_variant_ref_sink (g_variant_builder_end (&first));
}

static GVariant *
variant_to_variant (const GValue *value)
{
  GVariant *variant = g_value_get_variant (value);

  return variant == NULL ? NULL : first_ranges (variant);
}

static GVariant *
object_to_variant (const GValue *value, IommudObjects *objects)
{
  if (g_type_is_a (G_VALUE_TYPE (value), G_TYPE_LIST_MODEL))
    return paths_of_list (g_value_get_object (value), objects);
  return g_variant_new_object_path (iommud_objects_get_path (objects, g_value_get_object (value)));
}

static GVariant *
value_to_variant (const GValue *value, IommudObjects *objects)
{
  const char *string = NULL;

  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    return strings (g_value_get_boxed (value));

  switch (G_TYPE_FUNDAMENTAL (G_VALUE_TYPE (value)))
    {
    case G_TYPE_STRING:
      string = g_value_get_string (value);
      return g_variant_new_string (string == NULL ? "" : string);
    case G_TYPE_BOOLEAN:
      return g_variant_new_boolean (g_value_get_boolean (value));
    case G_TYPE_UINT:
      return g_variant_new_uint32 (g_value_get_uint (value));
    case G_TYPE_INT:
      return g_variant_new_int32 (g_value_get_int (value));
    case G_TYPE_UINT64:
      return g_variant_new_uint64 (g_value_get_uint64 (value));
    case G_TYPE_ENUM:
      return nick_of_enum (value);
    case G_TYPE_FLAGS:
      return nicks_of_flags (value);
    case G_TYPE_VARIANT:
      return variant_to_variant (value);
    case G_TYPE_OBJECT:
    case G_TYPE_INTERFACE:
      return object_to_variant (value, objects);
    default:
      return NULL;
    }
}

/* The value on the bus for a property that has none in the model. */
static GVariant *
empty_value (const GVariantType *type)
{
  if (g_variant_type_is_array (type))
    return g_variant_new_array (g_variant_type_element (type), NULL, 0);
  return NULL;
}

/* Never floating. If the model lacks the property, or its type does not fit, that is a mistake in
 * this program: it is logged, and NULL is returned. */
GVariant *
iommud_properties_read (GObject *model, const char *name, const GVariantType *type,
                        IommudObjects *objects)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (model), name);
  g_auto (GValue) value = G_VALUE_INIT;
  g_autoptr (GVariant) variant = NULL;

  if (pspec == NULL)
    {
      g_critical ("%s has no property %s", G_OBJECT_TYPE_NAME (model), name);
      return NULL;
    }
  g_object_get_property (model, name, &value);
  variant = value_to_variant (&value, objects);
  if (variant == NULL)
    variant = empty_value (type);
  if (variant != NULL)
    g_variant_take_ref (variant);
  if (variant == NULL || !g_variant_is_of_type (variant, type))
    {
      g_critical ("%s.%s cannot be written as %.*s", G_OBJECT_TYPE_NAME (model), name,
                  (int) g_variant_type_get_string_length (type), g_variant_type_peek_string (type));
      return NULL;
    }
  return g_steal_pointer (&variant);
}

static gsize
count_elements (const GValue *value)
{
  GVariant *variant = NULL;
  const char *const *list = NULL;

  if (G_VALUE_HOLDS (value, G_TYPE_LIST_MODEL))
    return g_list_model_get_n_items (g_value_get_object (value));
  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    {
      list = g_value_get_boxed (value);
      return list == NULL ? 0 : g_strv_length ((char **) list);
    }
  variant = g_value_get_variant (value);
  return variant == NULL ? 0 : g_variant_n_children (variant);
}

/* How many elements the property has in the model: a list, or an array. If the model has counted
 * them, which it says in a property such as n-blockers for blockers, the list is not made. Not
 * floating. */
GVariant *
iommud_properties_count (GObject *model, const char *name)
{
  g_autofree char *count = g_strconcat ("n-", name, NULL);
  g_auto (GValue) value = G_VALUE_INIT;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (model), count) != NULL)
    {
      g_object_get_property (model, count, &value);
      return g_variant_ref_sink (g_variant_new_uint64 (g_value_get_uint (&value)));
    }
  g_object_get_property (model, name, &value);
  return g_variant_ref_sink (g_variant_new_uint64 (count_elements (&value)));
}
