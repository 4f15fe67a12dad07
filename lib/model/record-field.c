/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a record in a table, by which it is made, becomes a GVariant and is read from one.
 */
#include "model/record-field.h"

#include <string.h>

#include "base/ranges.h"
#include "iommud-error.h"

static const char *
get_signature (IommudRecordFieldKind kind)
{
  static const char *const signatures[] = {
    [IOMMUD_RECORD_FIELD_BOOLEAN] = "b",    [IOMMUD_RECORD_FIELD_NUMBER32] = "u",
    [IOMMUD_RECORD_FIELD_NUMBER64] = "t",   [IOMMUD_RECORD_FIELD_STRING] = "s",
    [IOMMUD_RECORD_FIELD_STRINGS] = "as",   [IOMMUD_RECORD_FIELD_IDS] = "au",
    [IOMMUD_RECORD_FIELD_RANGES] = "a(tt)", [IOMMUD_RECORD_FIELD_RECORDS] = "aa{sv}",
  };

  return signatures[kind];
}

const IommudRecordField *
iommud_record_type_get_key (const IommudRecordType *type, guint8 part)
{
  const IommudRecordField *field = type->fields;

  while (field->name != NULL && field->key != part)
    field++;
  return field->name != NULL ? field : NULL;
}

static gpointer
get_place (const IommudRecordField *field, gconstpointer record)
{
  return (guint8 *) record + field->offset;
}

static gpointer
get_pointer (const IommudRecordField *field, gconstpointer record)
{
  return *(gpointer *) get_place (field, record);
}

gpointer
iommud_record_new (const IommudRecordType *type)
{
  gpointer self = g_malloc0 (type->size);

  for (const IommudRecordField *field = type->fields; field->name != NULL; field++)
    {
      gpointer *place = get_place (field, self);

      if (field->kind == IOMMUD_RECORD_FIELD_STRING)
        *place = g_strdup ("");
      else if (field->kind == IOMMUD_RECORD_FIELD_STRINGS)
        *place = g_ptr_array_new_with_free_func (g_free);
      else if (field->kind == IOMMUD_RECORD_FIELD_IDS)
        *place = g_array_new (FALSE, FALSE, sizeof (guint32));
      else if (field->kind == IOMMUD_RECORD_FIELD_RANGES)
        *place = iommud_ranges_new ();
      else if (field->kind == IOMMUD_RECORD_FIELD_RECORDS)
        *place = g_ptr_array_new ();
    }
  return self;
}

static void
free_records (const IommudRecordType *type, GPtrArray *records)
{
  for (guint i = 0; i < records->len; i++)
    iommud_record_free (type, g_ptr_array_index (records, i));
  g_ptr_array_unref (records);
}

void
iommud_record_free (const IommudRecordType *type, gpointer record)
{
  for (const IommudRecordField *field = type->fields; field->name != NULL; field++)
    if (field->kind == IOMMUD_RECORD_FIELD_STRING)
      g_free (get_pointer (field, record));
    else if (field->kind == IOMMUD_RECORD_FIELD_STRINGS)
      g_ptr_array_unref (get_pointer (field, record));
    else if (field->kind == IOMMUD_RECORD_FIELD_IDS || field->kind == IOMMUD_RECORD_FIELD_RANGES)
      g_array_unref (get_pointer (field, record));
    else if (field->kind == IOMMUD_RECORD_FIELD_RECORDS)
      free_records (field->of, get_pointer (field, record));
  g_free (record);
}

static GVariant *
build_records (const IommudRecordType *type, const GPtrArray *records)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < records->len; i++)
    g_variant_builder_add_value (&builder,
                                 iommud_record_to_variant (type, g_ptr_array_index (records, i)));
  return g_variant_builder_end (&builder);
}

static GVariant *
build_ids (const GArray *ids)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT32, ids->data, ids->len, sizeof (guint32));
}

static GVariant *
build_strings (const GPtrArray *strings)
{
  return g_variant_new_strv ((const char *const *) strings->pdata, strings->len);
}

static GVariant *
build_field (const IommudRecordField *field, gconstpointer record)
{
  guint32 number32;
  guint64 number64;

  switch (field->kind)
    {
    case IOMMUD_RECORD_FIELD_BOOLEAN:
      return g_variant_new_boolean (*(const gboolean *) get_place (field, record));
    case IOMMUD_RECORD_FIELD_NUMBER32:
      memcpy (&number32, get_place (field, record), sizeof number32);
      return g_variant_new_uint32 (number32);
    case IOMMUD_RECORD_FIELD_NUMBER64:
      memcpy (&number64, get_place (field, record), sizeof number64);
      return g_variant_new_uint64 (number64);
    case IOMMUD_RECORD_FIELD_STRING:
      return g_variant_new_string (get_pointer (field, record));
    case IOMMUD_RECORD_FIELD_STRINGS:
      return build_strings (get_pointer (field, record));
    case IOMMUD_RECORD_FIELD_IDS:
      return build_ids (get_pointer (field, record));
    case IOMMUD_RECORD_FIELD_RANGES:
      return iommud_ranges_to_variant (get_pointer (field, record));
    case IOMMUD_RECORD_FIELD_RECORDS:
    default:
      return build_records (field->of, get_pointer (field, record));
    }
}

GVariant *
iommud_record_to_variant (const IommudRecordType *type, gconstpointer record)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (const IommudRecordField *field = type->fields; field->name != NULL; field++)
    g_variant_builder_add (&builder, "{sv}", field->name, build_field (field, record));
  return g_variant_builder_end (&builder);
}

/* Where a field is read from, for errors. */
typedef struct
{
  const IommudRecordType *type;
  const IommudRecordField *field;
  GVariant *value;
  gpointer record;
} Reader;

static gboolean
set_invalid (const Reader *self, GError **error, const char *what)
{
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "The record of a %s is damaged: its %s %s", self->type->name, self->field->name,
               what);
  return FALSE;
}

static gboolean
read_number (const Reader *self, GError **error)
{
  gboolean is_long = self->field->kind == IOMMUD_RECORD_FIELD_NUMBER64;
  guint64 number64 =
      is_long ? g_variant_get_uint64 (self->value) : g_variant_get_uint32 (self->value);
  guint32 number32 = (guint32) number64;

  if (number64 < self->field->min || number64 > self->field->max)
    return set_invalid (self, error, "is out of bounds");
  if (is_long)
    memcpy (get_place (self->field, self->record), &number64, sizeof number64);
  else
    memcpy (get_place (self->field, self->record), &number32, sizeof number32);
  return TRUE;
}

static gboolean
has_control_character (const char *string)
{
  while (*string != '\0' && !g_ascii_iscntrl (*string))
    string++;
  return *string != '\0';
}

static gboolean
check_string (const Reader *self, const char *string, GError **error)
{
  if (has_control_character (string)
      || (self->field->is_valid != NULL && !self->field->is_valid (string)))
    return set_invalid (self, error, "is not one");
  return TRUE;
}

static gboolean
read_string (const Reader *self, GError **error)
{
  gsize length;
  const char *string = g_variant_get_string (self->value, &length);
  char **place = get_place (self->field, self->record);

  if (length < self->field->min || length > self->field->max)
    return set_invalid (self, error, "has a length that is out of bounds");
  if (!check_string (self, string, error))
    return FALSE;
  g_free (*place);
  *place = g_strdup (string);
  return TRUE;
}

static gboolean
read_strings (const Reader *self, GError **error)
{
  GPtrArray *strings = get_pointer (self->field, self->record);

  for (gsize i = 0; i < g_variant_n_children (self->value); i++)
    {
      g_autofree char *string = NULL;

      g_variant_get_child (self->value, i, "s", &string);
      if (!check_string (self, string, error))
        return FALSE;
      g_ptr_array_add (strings, g_steal_pointer (&string));
    }
  return TRUE;
}

static gboolean
read_ids (const Reader *self, GError **error)
{
  GArray *ids = get_pointer (self->field, self->record);

  for (gsize i = 0; i < g_variant_n_children (self->value); i++)
    {
      guint32 id;

      g_variant_get_child (self->value, i, "u", &id);
      if (id == 0)
        return set_invalid (self, error, "have an id that is 0");
      g_array_append_val (ids, id);
    }
  return TRUE;
}

static gboolean
read_ranges (const Reader *self, GError **error)
{
  GArray *ranges = get_pointer (self->field, self->record);

  for (gsize i = 0; i < g_variant_n_children (self->value); i++)
    {
      IommudIovaRange range;

      g_variant_get_child (self->value, i, "(tt)", &range.first, &range.last);
      if (range.first > range.last
          || (i > 0 && range.first <= g_array_index (ranges, IommudIovaRange, i - 1).last))
        return set_invalid (self, error, "are not sorted and apart");
      g_array_append_val (ranges, range);
    }
  return TRUE;
}

static gboolean
read_records (const Reader *self, GError **error)
{
  GPtrArray *records = get_pointer (self->field, self->record);

  for (gsize i = 0; i < g_variant_n_children (self->value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (self->value, i);
      gpointer record = iommud_record_from_variant (self->field->of, child, error);

      if (record == NULL)
        return FALSE;
      g_ptr_array_add (records, record);
    }
  return TRUE;
}

static gboolean
read_boolean (const Reader *self, GError **error)
{
  *(gboolean *) get_place (self->field, self->record) = g_variant_get_boolean (self->value);
  return TRUE;
}

static gboolean
check_length (const Reader *self, GError **error)
{
  gsize length = g_variant_n_children (self->value);

  if (length < self->field->min || length > self->field->max)
    return set_invalid (self, error, "have a number that is out of bounds");
  return TRUE;
}

static gboolean
read_field (const Reader *self, GError **error)
{
  static gboolean (*const readers[]) (const Reader *self, GError **error) = {
    [IOMMUD_RECORD_FIELD_BOOLEAN] = read_boolean, [IOMMUD_RECORD_FIELD_NUMBER32] = read_number,
    [IOMMUD_RECORD_FIELD_NUMBER64] = read_number, [IOMMUD_RECORD_FIELD_STRING] = read_string,
    [IOMMUD_RECORD_FIELD_STRINGS] = read_strings, [IOMMUD_RECORD_FIELD_IDS] = read_ids,
    [IOMMUD_RECORD_FIELD_RANGES] = read_ranges,   [IOMMUD_RECORD_FIELD_RECORDS] = read_records,
  };

  if (self->value == NULL)
    return set_invalid (self, error, "is missing");
  if (!g_variant_is_of_type (self->value, G_VARIANT_TYPE (get_signature (self->field->kind))))
    return set_invalid (self, error, "is of another type");
  return (!g_variant_is_container (self->value) || check_length (self, error))
         && readers[self->field->kind](self, error);
}

static gboolean
read_fields (const IommudRecordType *type, gpointer record, GVariant *variant, GError **error)
{
  gsize count = 0;

  for (const IommudRecordField *field = type->fields; field->name != NULL; field++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (variant, field->name, NULL);
      const Reader reader = { .type = type, .field = field, .value = value, .record = record };

      if (!read_field (&reader, error))
        return FALSE;
      count++;
    }
  if (g_variant_n_children (variant) == count)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "The record of a %s is damaged: it has fields that no such record has, or one twice",
               type->name);
  return FALSE;
}

gpointer
iommud_record_from_variant (const IommudRecordType *type, GVariant *variant, GError **error)
{
  g_autoptr (GVariant) normal = g_variant_get_normal_form (variant);
  gpointer record;

  if (!g_variant_is_of_type (normal, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "The record of a %s is damaged: it is of another type", type->name);
      return NULL;
    }
  record = iommud_record_new (type);
  if (read_fields (type, record, normal, error))
    return record;
  iommud_record_free (type, record);
  return NULL;
}
