/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped in an IOAS, sorted by IOVA. */
#include "memory/mapping-table.h"

#include "base/ranges.h"

struct _IommudMappingTable
{
  GTree *mappings; /* of Entry, whose key is the IOVA */
  guint64 bytes;
};

/* The mapping comes first: users have pointers to it, the table knows the node around it. */
typedef struct
{
  IommudMapping mapping;
  GTreeNode *node;
} Entry;

static int
compare_iovas (gconstpointer a, gconstpointer b, gpointer unused)
{
  const guint64 *first = a;
  const guint64 *second = b;

  return *first < *second ? -1 : *first > *second;
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_clear_pointer (&entry->mapping.file, iommud_mapped_file_unref);
  g_free (entry);
}

IommudMappingTable *
iommud_mapping_table_new (void)
{
  IommudMappingTable *self = g_new0 (IommudMappingTable, 1);

  self->mappings = g_tree_new_full (compare_iovas, NULL, NULL, entry_free);
  return self;
}

void
iommud_mapping_table_free (IommudMappingTable *self)
{
  g_tree_unref (self->mappings);
  g_free (self);
}

guint64
iommud_mapping_table_get_count (const IommudMappingTable *self)
{
  return (guint64) g_tree_nnodes (self->mappings);
}

guint64
iommud_mapping_table_get_bytes (const IommudMappingTable *self)
{
  return self->bytes;
}

guint64
iommud_mapping_get_last (const IommudMapping *mapping)
{
  return mapping->iova + (mapping->length - 1);
}

guint64
iommud_mapping_get_end_of_piece (const IommudMapping *mapping, guint64 position)
{
  if (position < mapping->first_piece)
    return mapping->first_piece;
  return mapping->first_piece
         + ((position - mapping->first_piece) / mapping->piece + 1) * mapping->piece;
}

guint64
iommud_mapping_get_last_piece (const IommudMapping *mapping)
{
  if (mapping->length <= mapping->first_piece)
    return 0;
  return iommud_mapping_get_end_of_piece (mapping, mapping->length - 1) - mapping->piece;
}

static const IommudMapping *
get_mapping (GTreeNode *node)
{
  return node != NULL ? g_tree_node_value (node) : NULL;
}

const IommudMapping *
iommud_mapping_table_find (IommudMappingTable *self, guint64 first, guint64 last)
{
  GTreeNode *above = g_tree_upper_bound (self->mappings, &first);
  const IommudMapping *below = get_mapping (above != NULL ? g_tree_node_previous (above)
                                                          : g_tree_node_last (self->mappings));
  const IommudMapping *mapping = get_mapping (above);

  if (below != NULL && iommud_mapping_get_last (below) >= first)
    return below;
  return mapping != NULL && mapping->iova <= last ? mapping : NULL;
}

const IommudMapping *
iommud_mapping_table_next (IommudMappingTable *self, const IommudMapping *mapping)
{
  return get_mapping (g_tree_node_next (((const Entry *) mapping)->node));
}

void
iommud_mapping_table_add (IommudMappingTable *self, const IommudMapping *mapping)
{
  Entry *entry = g_new0 (Entry, 1);

  g_assert (mapping->length > 0);
  entry->mapping = *mapping;
  if (mapping->file != NULL)
    iommud_mapped_file_ref (mapping->file);
  entry->node = g_tree_insert_node (self->mappings, &entry->mapping.iova, entry);
  self->bytes += mapping->length;
}

void
iommud_mapping_table_resize (IommudMappingTable *self, guint64 iova, guint64 length)
{
  Entry *entry = g_tree_lookup (self->mappings, &iova);

  g_return_if_fail (entry != NULL);
  self->bytes += length - entry->mapping.length;
  entry->mapping.length = length;
  if (length == 0)
    g_tree_remove (self->mappings, &iova);
}

IommudMappedFile *
iommud_mapping_table_set_file (IommudMappingTable *self, guint64 iova, IommudMappedFile *file)
{
  Entry *entry = g_tree_lookup (self->mappings, &iova);
  IommudMappedFile *old;

  g_return_val_if_fail (entry != NULL, NULL);
  old = entry->mapping.file;
  entry->mapping.file = file != NULL ? iommud_mapped_file_ref (file) : NULL;
  return old;
}

GArray *
iommud_mapping_table_get_runs (IommudMappingTable *self, guint64 first, guint64 last,
                               IommudMapFlags flags)
{
  GArray *runs = iommud_ranges_new ();

  for (const IommudMapping *mapping = iommud_mapping_table_find (self, first, last);
       mapping != NULL && mapping->iova <= last;
       mapping = iommud_mapping_table_next (self, mapping))
    if ((mapping->flags & flags) == flags)
      iommud_ranges_add (runs, MAX (mapping->iova, first),
                         MIN (iommud_mapping_get_last (mapping), last));
  return runs;
}
