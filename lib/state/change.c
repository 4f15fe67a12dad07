/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is changed together in what is kept: from a fact to edits. */
#include "state/change.h"

#include <string.h>

#include "model/record.h"

static guint
hash_key (gconstpointer data)
{
  const IommudStateKey *key = data;

  return g_int64_hash (&key->first) ^ (g_int64_hash (&key->second) * 31) ^ g_str_hash (key->name);
}

static gboolean
keys_are_equal (gconstpointer a, gconstpointer b)
{
  const IommudStateKey *first = a;
  const IommudStateKey *second = b;

  return first->kind == second->kind && first->first == second->first
         && first->second == second->second && g_str_equal (first->name, second->name);
}

static IommudStateKey *
copy_key (const IommudStateKey *key)
{
  IommudStateKey *copy = g_memdup2 (key, sizeof *key);

  copy->name = g_strdup (key->name);
  return copy;
}

static void
free_key (gpointer data)
{
  IommudStateKey *key = data;

  g_free ((char *) key->name);
  g_free (key);
}

void
iommud_state_change_init (IommudStateChange *self, IommudStateStore *store)
{
  self->store = store;
  self->edits = g_byte_array_new ();
  self->told = g_hash_table_new_full (hash_key, keys_are_equal, free_key, NULL);
  self->counts = g_hash_table_new (NULL, NULL);
}

void
iommud_state_change_clear (IommudStateChange *self)
{
  g_byte_array_unref (self->edits);
  g_hash_table_unref (self->told);
  g_hash_table_unref (self->counts);
}

static void
count (IommudStateChange *self, const IommudRecordField *kind, gssize n)
{
  gssize before = (gssize) GPOINTER_TO_SIZE (g_hash_table_lookup (self->counts, kind));

  g_hash_table_insert (self->counts, (gpointer) kind, GSIZE_TO_POINTER ((gsize) (before + n)));
}

static guint64
get_number (GVariant *record, const IommudRecordField *field)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (record, field->name, NULL);

  return field->kind == IOMMUD_RECORD_FIELD_NUMBER64 ? g_variant_get_uint64 (value)
                                                     : g_variant_get_uint32 (value);
}

/* The name lives as long as the record. */
static void
get_key (const IommudRecordField *kind, GVariant *record, IommudStateKey *key)
{
  const IommudRecordField *first = iommud_record_type_get_key (kind->of, 1);
  const IommudRecordField *second = iommud_record_type_get_key (kind->of, 2);

  key->kind = kind;
  key->first = get_number (record, first);
  key->second = 0;
  key->name = "";
  if (second != NULL && second->kind == IOMMUD_RECORD_FIELD_STRING)
    g_variant_lookup (record, second->name, "&s", &key->name);
  else if (second != NULL)
    key->second = get_number (record, second);
}

void
iommud_state_change_put (IommudStateChange *self, const IommudStateKey *key, GVariant *record)
{
  gconstpointer bytes = g_variant_get_data (record);
  guint32 length = (guint32) g_variant_get_size (record);
  IommudStateKey found = *key;

  if (self->store == NULL || !iommud_state_store_from (self->store, &found)
      || !keys_are_equal (&found, key))
    count (self, key->kind, 1);
  else if (iommud_state_store_has (self->store, key, bytes, length))
    return;
  iommud_state_edits_put (self->edits, key, bytes, length);
}

void
iommud_state_change_remove (IommudStateChange *self, const IommudStateKey *key)
{
  count (self, key->kind, -1);
  iommud_state_edits_remove (self->edits, key, key->second);
}

/* The records that are told of: their number. */
static guint
note_told (IommudStateChange *self, const IommudRecordField *kind, GVariant *records, guint64 first)
{
  guint n_told = 0;

  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);
      IommudStateKey key;

      get_key (kind, record, &key);
      g_hash_table_add (self->told, copy_key (&key));
      n_told += key.first == first ? 1 : 0;
    }
  return n_told;
}

static gboolean
is_in_scope (const IommudStateKey *key, const IommudStateKey *scope, guint64 last)
{
  return key->kind == scope->kind && key->first == scope->first && key->second <= last
         && (*scope->name == '\0' || g_str_equal (key->name, scope->name));
}

/* What is kept in the scope and was not told of is gone. */
static void
remove_untold (IommudStateChange *self, const IommudStateKey *scope, guint64 last)
{
  IommudStateKey key = *scope;
  gboolean more = iommud_state_store_from (self->store, &key);

  for (; more && is_in_scope (&key, scope, last);
       more = iommud_state_store_next (self->store, &key))
    if (!g_hash_table_contains (self->told, &key))
      iommud_state_change_remove (self, &key);
}

/* There may be very many, which are not counted: only kinds whose records have just a first part
 * are, of which one is in the scope. */
static void
remove_all (IommudStateChange *self, const IommudStateKey *scope, guint64 last)
{
  IommudStateKey key = *scope;

  if (!iommud_state_store_from (self->store, &key) || !is_in_scope (&key, scope, last))
    return;
  count (self, scope->kind, -1);
  iommud_state_edits_remove (self->edits, scope, last);
}

static void
apply_scope (IommudStateChange *self, GVariant *fact, GVariant *scope)
{
  g_autoptr (GVariant) records = NULL;
  const char *name = "";
  IommudStateKey key = { .name = "" };
  guint64 last = 0;

  g_variant_lookup (scope, "kind", "&s", &name);
  g_variant_lookup (scope, "key", "t", &key.first);
  g_variant_lookup (scope, "first", "t", &key.second);
  g_variant_lookup (scope, "last", "t", &last);
  g_variant_lookup (scope, "name", "&s", &key.name);
  key.kind = iommud_state_find_kind (name);
  g_return_if_fail (key.kind != NULL && key.kind != &iommud_state_host_kind);
  records = g_variant_lookup_value (fact, name, NULL);
  if (note_told (self, key.kind, records, key.first) == 0 && *key.name == '\0')
    remove_all (self, &key, last);
  else
    remove_untold (self, &key, last);
}

static void
apply_scopes (IommudStateChange *self, GVariant *fact)
{
  g_autoptr (GVariant) scopes = g_variant_lookup_value (fact, "scopes", NULL);

  for (gsize i = 0; i < g_variant_n_children (scopes); i++)
    {
      g_autoptr (GVariant) scope = g_variant_get_child_value (scopes, i);

      apply_scope (self, fact, scope);
    }
}

static void
put_records (IommudStateChange *self, const IommudRecordField *kind, GVariant *records)
{
  for (gsize i = 0; i < g_variant_n_children (records); i++)
    {
      g_autoptr (GVariant) record = g_variant_get_child_value (records, i);
      IommudStateKey key;

      get_key (kind, record, &key);
      iommud_state_change_put (self, &key, record);
    }
}

/* A field "n_contexts" is how many contexts there are. Of a fact it says nothing. */
static GVariant *
build_number (IommudStateChange *self, const IommudRecordField *field, GVariant *value)
{
  const IommudRecordField *kind = NULL;
  guint64 kept;
  gsize more;

  if (g_str_has_prefix (field->name, "n_"))
    kind = iommud_state_find_kind (field->name + strlen ("n_"));
  if (kind == NULL)
    return g_variant_ref (value);
  kept = self->store != NULL ? iommud_state_store_count (self->store, kind) : 0;
  more = GPOINTER_TO_SIZE (g_hash_table_lookup (self->counts, kind));
  return g_variant_ref_sink (g_variant_new_uint32 ((guint32) (kept + more)));
}

/* What the host record has besides its lists, once these are known. */
static void
put_host (IommudStateChange *self, GVariant *records)
{
  const IommudRecordField *field = iommud_host_record_get_record_type ()->fields;
  const IommudStateKey key = { .kind = &iommud_state_host_kind, .name = "" };
  g_autoptr (GVariant) host = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (; field->name != NULL; field++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (records, field->name, NULL);
      g_autoptr (GVariant) number = NULL;

      if (field->kind == IOMMUD_RECORD_FIELD_RECORDS)
        continue;
      number = build_number (self, field, value);
      g_variant_builder_add (&builder, "{sv}", field->name, number);
    }
  host = g_variant_ref_sink (g_variant_builder_end (&builder));
  iommud_state_change_put (self, &key, host);
}

/* Of a host or of a fact. */
void
iommud_state_change_apply (IommudStateChange *self, GVariant *records)
{
  const IommudRecordField *field = iommud_host_record_get_record_type ()->fields;

  apply_scopes (self, records);
  for (; field->name != NULL; field++)
    {
      const IommudRecordField *kind = iommud_state_find_kind (field->name);
      g_autoptr (GVariant) list = NULL;

      if (kind == NULL)
        continue;
      list = g_variant_lookup_value (records, kind->name, NULL);
      put_records (self, kind, list);
    }
  put_host (self, records);
}
