/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which records are kept, and where in a file each of them is: a tree of families, which are the
 * records of a kind that have the first part of the key in common. A family can go as a whole. */
#include "state/table.h"

#include <string.h>

#include "model/record.h"

/* What is roughly the cost of a record in the file besides its bytes. */
#define OVERHEAD 64
#define TRIMMED_AT_ONCE 1024

typedef struct
{
  const IommudRecordField *kind;
  guint64 first;
  GTree *entries; /* RecordEntry -> itself */
  guint64 size;
} RecordFamily;

typedef struct
{
  guint64 second;
  char *name;
  IommudStatePlace place;
} RecordEntry;

struct _IommudStateTable
{
  GTree *families;    /* RecordFamily -> itself */
  GHashTable *counts; /* kind -> how many records it has */
  GQueue removed;     /* of GTree of entries */
  guint64 size;
};

static int
compare_numbers (guint64 a, guint64 b)
{
  return a < b ? -1 : a > b;
}

static int
compare_families (gconstpointer a, gconstpointer b, gpointer unused)
{
  const RecordFamily *first = a;
  const RecordFamily *second = b;
  int order = strcmp (first->kind->name, second->kind->name);

  return order != 0 ? order : compare_numbers (first->first, second->first);
}

static int
compare_entries (gconstpointer a, gconstpointer b, gpointer unused)
{
  const RecordEntry *first = a;
  const RecordEntry *second = b;
  int order = compare_numbers (first->second, second->second);

  return order != 0 ? order : strcmp (first->name, second->name);
}

static void
entry_free (gpointer data)
{
  RecordEntry *self = data;

  g_free (self->name);
  g_free (self);
}

static void
family_free (gpointer data)
{
  RecordFamily *self = data;

  g_clear_pointer (&self->entries, g_tree_unref);
  g_free (self);
}

IommudStateTable *
iommud_state_table_new (void)
{
  IommudStateTable *self = g_new0 (IommudStateTable, 1);

  self->families = g_tree_new_full (compare_families, NULL, NULL, family_free);
  self->counts = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->removed);
  return self;
}

void
iommud_state_table_free (IommudStateTable *self)
{
  g_tree_unref (self->families);
  g_hash_table_unref (self->counts);
  g_queue_clear_full (&self->removed, (GDestroyNotify) g_tree_unref);
  g_free (self);
}

static RecordFamily *
find_family (IommudStateTable *self, const IommudStateKey *key)
{
  const RecordFamily wanted = { .kind = key->kind, .first = key->first };

  return g_tree_lookup (self->families, &wanted);
}

static RecordEntry *
find_entry (const RecordFamily *family, const IommudStateKey *key)
{
  const RecordEntry wanted = { .second = key->second, .name = (char *) key->name };

  return g_tree_lookup (family->entries, &wanted);
}

IommudStatePlace *
iommud_state_table_find (IommudStateTable *self, const IommudStateKey *key)
{
  const RecordFamily *family = find_family (self, key);
  RecordEntry *entry = family != NULL ? find_entry (family, key) : NULL;

  return entry != NULL ? &entry->place : NULL;
}

static void
add_count (IommudStateTable *self, const IommudRecordField *kind, gssize n)
{
  gsize count = GPOINTER_TO_SIZE (g_hash_table_lookup (self->counts, kind));

  g_hash_table_insert (self->counts, (gpointer) kind, GSIZE_TO_POINTER (count + (gsize) n));
}

static void
add_size (IommudStateTable *self, RecordFamily *family, guint64 size)
{
  family->size += size;
  self->size += size;
}

static RecordFamily *
add_family (IommudStateTable *self, const IommudStateKey *key)
{
  RecordFamily *family = g_new0 (RecordFamily, 1);

  family->kind = key->kind;
  family->first = key->first;
  family->entries = g_tree_new_full (compare_entries, NULL, NULL, entry_free);
  g_tree_insert (self->families, family, family);
  return family;
}

static RecordEntry *
add_entry (IommudStateTable *self, RecordFamily *family, const IommudStateKey *key)
{
  RecordEntry *entry = g_new0 (RecordEntry, 1);

  entry->second = key->second;
  entry->name = g_strdup (key->name);
  g_tree_insert (family->entries, entry, entry);
  add_size (self, family, OVERHEAD);
  add_count (self, family->kind, 1);
  return entry;
}

IommudStatePlace *
iommud_state_table_put (IommudStateTable *self, const IommudStateKey *key, guint32 length)
{
  RecordFamily *family = find_family (self, key);
  RecordEntry *entry;

  if (family == NULL)
    family = add_family (self, key);
  entry = find_entry (family, key);
  if (entry == NULL)
    entry = add_entry (self, family, key);
  add_size (self, family, (guint64) length - entry->place.length);
  entry->place.length = length;
  return &entry->place;
}

/* The memory of a family with a million records goes in parts. */
static void
remove_family (IommudStateTable *self, RecordFamily *family)
{
  self->size -= family->size;
  add_count (self, family->kind, -(gssize) g_tree_nnodes (family->entries));
  g_queue_push_tail (&self->removed, g_steal_pointer (&family->entries));
  g_tree_remove (self->families, family);
}

static void
remove_entry (IommudStateTable *self, RecordFamily *family, RecordEntry *entry)
{
  guint64 size = OVERHEAD + (guint64) entry->place.length;

  family->size -= size;
  self->size -= size;
  add_count (self, family->kind, -1);
  g_tree_remove (family->entries, entry);
  if (g_tree_nnodes (family->entries) == 0)
    g_tree_remove (self->families, family);
}

static RecordEntry *
find_from (const RecordFamily *family, guint64 second)
{
  const RecordEntry wanted = { .second = second, .name = (char *) "" };
  GTreeNode *node = g_tree_lower_bound (family->entries, &wanted);

  return node != NULL ? g_tree_node_value (node) : NULL;
}

static void
remove_range (IommudStateTable *self, RecordFamily *family, guint64 first, guint64 last)
{
  gboolean more = TRUE;

  while (more)
    {
      RecordEntry *entry = find_from (family, first);

      if (entry == NULL || entry->second > last)
        return;
      more = g_tree_nnodes (family->entries) > 1;
      remove_entry (self, family, entry);
    }
}

void
iommud_state_table_remove (IommudStateTable *self, const IommudStateKey *key, guint64 last)
{
  RecordFamily *family = find_family (self, key);
  RecordEntry *entry;

  if (family == NULL)
    return;
  if (key->second == 0 && last == G_MAXUINT64)
    remove_family (self, family);
  else if (*key->name == '\0')
    remove_range (self, family, key->second, last);
  else if ((entry = find_entry (family, key)) != NULL)
    remove_entry (self, family, entry);
}

static IommudStatePlace *
take_entry (const RecordFamily *family, GTreeNode *node, IommudStateKey *key)
{
  RecordEntry *entry = g_tree_node_value (node);

  key->kind = family->kind;
  key->first = family->first;
  key->second = entry->second;
  key->name = entry->name;
  return &entry->place;
}

static GTreeNode *
find_next_family (IommudStateTable *self, const IommudStateKey *key)
{
  const RecordFamily family = { .kind = key->kind, .first = key->first };

  return key->kind != NULL ? g_tree_upper_bound (self->families, &family)
                           : g_tree_node_first (self->families);
}

IommudStatePlace *
iommud_state_table_next (IommudStateTable *self, IommudStateKey *key)
{
  const RecordEntry entry = { .second = key->second, .name = (char *) key->name };
  const RecordFamily *family = key->kind != NULL ? find_family (self, key) : NULL;
  GTreeNode *node = family != NULL ? g_tree_upper_bound (family->entries, &entry) : NULL;

  if (node == NULL)
    {
      GTreeNode *next = find_next_family (self, key);

      if (next == NULL)
        return NULL;
      family = g_tree_node_value (next);
      node = g_tree_node_first (family->entries);
    }
  return take_entry (family, node, key);
}

IommudStatePlace *
iommud_state_table_from (IommudStateTable *self, IommudStateKey *key)
{
  const RecordEntry entry = { .second = key->second, .name = (char *) key->name };
  const RecordFamily *family = find_family (self, key);
  GTreeNode *node = family != NULL ? g_tree_lower_bound (family->entries, &entry) : NULL;

  return node != NULL ? take_entry (family, node, key) : NULL;
}

guint64
iommud_state_table_count (IommudStateTable *self, const IommudRecordField *kind)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (self->counts, kind));
}

guint64
iommud_state_table_get_size (IommudStateTable *self)
{
  return self->size;
}

void
iommud_state_table_trim (IommudStateTable *self)
{
  GTree *entries = g_queue_peek_head (&self->removed);
  GTreeNode *node;

  if (entries == NULL)
    return;
  for (guint i = 0; i < TRIMMED_AT_ONCE && (node = g_tree_node_first (entries)) != NULL; i++)
    g_tree_remove (entries, g_tree_node_key (node));
  if (g_tree_nnodes (entries) == 0)
    g_tree_unref (g_queue_pop_head (&self->removed));
}
