/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an earlier life has left in the folder: the edits of its file, one after the other, leave
 * some records, which are put together to those of a host. */
#include "state/kept.h"

#include "model/record.h"
#include "state/file.h"
#include "state/names.h"
#include "state/table.h"

typedef struct
{
  IommudStateTable *table;
  GByteArray *records; /* the bytes of all of them, at the places that the table has */
  char *damage;
} Kept;

static void
note (Kept *self, const char *what)
{
  if (self->damage == NULL)
    self->damage = g_strdup (what);
}

static void
put (Kept *self, const guint8 *edits, const IommudStateEdit *edit)
{
  IommudStatePlace *place = iommud_state_table_put (self->table, &edit->key, edit->length);
  guint padded = (edit->length + 7u) & ~7u;

  place->offset[0] = self->records->len;
  if (padded > 0)
    g_byte_array_append (self->records, edits + edit->offset, padded);
}

static void
apply (const guint8 *edits, guint32 length, gpointer user_data)
{
  Kept *self = user_data;
  IommudStateEdit edit;
  gsize position = 0;

  while (iommud_state_edits_next (edits, length, &position, &edit))
    if (edit.key.kind == NULL)
      note (self, "it has records of a kind that is not known");
    else if (edit.put)
      put (self, edits, &edit);
    else
      iommud_state_table_remove (self->table, &edit.key, edit.last);
  if (position < length)
    note (self, "it has edits that make no sense");
}

static GVariant *
get_record (const Kept *self, const IommudStatePlace *place)
{
  g_autoptr (GBytes) bytes = g_bytes_new (self->records->data + place->offset[0], place->length);

  return g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
}

/* FALSE: it is not one; the others are still taken. */
static gboolean
check_record (Kept *self, const IommudRecordField *kind, GVariant *record)
{
  g_autoptr (GError) error = NULL;
  gpointer checked = iommud_record_from_variant (kind->of, record, &error);

  if (checked != NULL)
    iommud_record_free (kind->of, checked);
  else
    note (self, error->message);
  return checked != NULL;
}

typedef struct
{
  guint64 first; /* of its key */
  GVariant *record;
} Found;

static void
clear_found (gpointer data)
{
  g_variant_unref (((Found *) data)->record);
}

static int
compare_found (gconstpointer a, gconstpointer b)
{
  guint64 first = ((const Found *) a)->first;
  guint64 second = ((const Found *) b)->first;

  return first > second ? -1 : first < second;
}

static void
free_records (gpointer records)
{
  g_array_unref (records);
}

static GArray *
ensure_records (GHashTable *kinds, const IommudRecordField *kind)
{
  GArray *records = g_hash_table_lookup (kinds, kind);

  if (records != NULL)
    return records;
  records = g_array_new (FALSE, FALSE, sizeof (Found));
  g_array_set_clear_func (records, clear_found);
  g_hash_table_insert (kinds, (gpointer) kind, records);
  return records;
}

static gboolean
is_list (const IommudRecordField *field)
{
  return field->kind == IOMMUD_RECORD_FIELD_RECORDS;
}

/* Kind -> array of Found. One pass for all kinds, as there may be a million records. */
static GHashTable *
find_records (Kept *self)
{
  GHashTable *kinds = g_hash_table_new_full (NULL, NULL, NULL, free_records);
  IommudStateKey key = { 0 };
  const IommudStatePlace *place;

  while ((place = iommud_state_table_next (self->table, &key)) != NULL)
    {
      Found found = { .first = key.first };

      if (!is_list (key.kind))
        continue;
      found.record = get_record (self, place);
      if (check_record (self, key.kind, found.record))
        g_array_append_val (ensure_records (kinds, key.kind), found);
      else
        g_variant_unref (found.record);
    }
  return kinds;
}

/* What is newer comes first: should two records claim the same thing because what was written of
 * the older one's end is damaged, the adoption keeps the newer one. */
static GVariant *
build_records (GHashTable *kinds, const IommudRecordField *kind)
{
  GArray *records = ensure_records (kinds, kind);
  GVariantBuilder builder;

  g_array_sort (records, compare_found);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < records->len; i++)
    g_variant_builder_add_value (&builder, g_array_index (records, Found, i).record);
  return g_variant_builder_end (&builder);
}

/* What the host record has besides its lists. */
static GVariant *
get_host (Kept *self)
{
  const IommudStateKey key = { .kind = &iommud_state_host_kind, .name = "" };
  const IommudStatePlace *place = iommud_state_table_find (self->table, &key);
  g_autoptr (IommudHostRecord) record = NULL;

  if (place != NULL)
    return get_record (self, place);
  note (self, "it says nothing about the host itself");
  record = iommud_host_record_new ();
  record->version = IOMMUD_RECORD_VERSION;
  return g_variant_ref_sink (iommud_host_record_to_variant (record));
}

static GVariant *
build_field (const IommudRecordField *field, GHashTable *kinds, GVariant *host, gboolean damaged)
{
  if (is_list (field))
    return g_variant_ref_sink (build_records (kinds, field));
  if (g_str_equal (field->name, "damaged"))
    return g_variant_ref_sink (g_variant_new_boolean (damaged));
  return g_variant_lookup_value (host, field->name, NULL);
}

/* @damaged: something of the file is, so that the records may not be all or not the latest ones. */
static GVariant *
build (Kept *self, gboolean damaged)
{
  const IommudRecordField *field = iommud_host_record_get_record_type ()->fields;
  g_autoptr (GVariant) host = get_host (self);
  g_autoptr (GHashTable) kinds = find_records (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (; field->name != NULL; field++)
    {
      g_autoptr (GVariant) value = build_field (field, kinds, host, damaged);

      if (value != NULL)
        g_variant_builder_add (&builder, "{sv}", field->name, value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

GVariant *
iommud_state_load (int folder, char **damage, GError **error)
{
  Kept kept = { .table = iommud_state_table_new (), .records = g_byte_array_new () };
  char *damaged = NULL;
  GVariant *records = NULL;

  if (iommud_state_file_load (folder, IOMMUD_STATE_NAME, apply, &kept, &damaged, error))
    {
      records = build (&kept, damaged != NULL || kept.damage != NULL);
      *damage = damaged != NULL ? damaged : g_steal_pointer (&kept.damage);
    }
  g_free (kept.damage);
  iommud_state_table_free (kept.table);
  g_byte_array_unref (kept.records);
  return records;
}
