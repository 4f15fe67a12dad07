/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is mapped in an IOAS, sorted by IOVA. */
#include "memory/mapping-table.h"

#include "base/ranges.h"

struct _IommudMappingTable
{
  GTree *mappings; /* of Entry, whose key is the IOVA */
  guint64 bytes;
  guint64 n_files;
  /* The mapped parts, as arrays of IommudIovaRange: all, and those for writing. Trackers ask for
   * them after each change, so they are kept as soon as somebody has asked; NULL until then. */
  GArray *runs;
  GArray *writable_runs;
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
  g_clear_pointer (&self->runs, g_array_unref);
  g_clear_pointer (&self->writable_runs, g_array_unref);
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

gboolean
iommud_mapping_table_has_files (const IommudMappingTable *self)
{
  return self->n_files > 0;
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

static void
add_run (IommudMappingTable *self, IommudMapFlags flags, guint64 first, guint64 last)
{
  if (self->runs == NULL)
    return;
  iommud_ranges_add (self->runs, first, last);
  if ((flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0)
    iommud_ranges_add (self->writable_runs, first, last);
}

static void
remove_run (IommudMappingTable *self, IommudMapFlags flags, guint64 first, guint64 last)
{
  if (self->runs == NULL)
    return;
  iommud_ranges_remove (self->runs, first, last);
  if ((flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0)
    iommud_ranges_remove (self->writable_runs, first, last);
}

void
iommud_mapping_table_add (IommudMappingTable *self, const IommudMapping *mapping)
{
  Entry *entry = g_new0 (Entry, 1);

  g_assert (mapping->length > 0);
  entry->mapping = *mapping;
  if (mapping->file != NULL)
    iommud_mapped_file_ref (mapping->file);
  self->n_files += mapping->file != NULL;
  entry->node = g_tree_insert_node (self->mappings, &entry->mapping.iova, entry);
  self->bytes += mapping->length;
  add_run (self, mapping->flags, mapping->iova, iommud_mapping_get_last (mapping));
}

void
iommud_mapping_table_resize (IommudMappingTable *self, guint64 iova, guint64 length)
{
  Entry *entry = g_tree_lookup (self->mappings, &iova);
  guint64 before;

  g_return_if_fail (entry != NULL);
  before = entry->mapping.length;
  self->bytes += length - before;
  entry->mapping.length = length;
  if (length > before)
    add_run (self, entry->mapping.flags, iova + before, iova + (length - 1));
  else if (length < before)
    remove_run (self, entry->mapping.flags, iova + length, iova + (before - 1));
  if (length > 0)
    return;
  self->n_files -= entry->mapping.file != NULL;
  g_tree_remove (self->mappings, &iova);
}

void
iommud_mapping_table_drop_last (IommudMappingTable *self, guint n)
{
  GTreeNode *last;

  for (; n > 0 && (last = g_tree_node_last (self->mappings)) != NULL; n--)
    iommud_mapping_table_resize (self, get_mapping (last)->iova, 0);
}

IommudMappedFile *
iommud_mapping_table_set_file (IommudMappingTable *self, guint64 iova, IommudMappedFile *file)
{
  Entry *entry = g_tree_lookup (self->mappings, &iova);
  IommudMappedFile *old;

  g_return_val_if_fail (entry != NULL, NULL);
  old = entry->mapping.file;
  self->n_files -= old != NULL;
  self->n_files += file != NULL;
  entry->mapping.file = file != NULL ? iommud_mapped_file_ref (file) : NULL;
  return old;
}

static void
make_runs (IommudMappingTable *self)
{
  if (self->runs != NULL)
    return;
  self->runs = iommud_ranges_new ();
  self->writable_runs = iommud_ranges_new ();
  for (GTreeNode *node = g_tree_node_first (self->mappings); node != NULL;
       node = g_tree_node_next (node))
    {
      const IommudMapping *mapping = get_mapping (node);

      add_run (self, mapping->flags, mapping->iova, iommud_mapping_get_last (mapping));
    }
}

GArray *
iommud_mapping_table_get_runs (IommudMappingTable *self, guint64 first, guint64 last,
                               gboolean writable)
{
  GArray *found = iommud_ranges_new ();
  const GArray *runs;

  make_runs (self);
  runs = writable ? self->writable_runs : self->runs;
  for (guint i = iommud_ranges_find (runs, first); i < runs->len; i++)
    {
      IommudIovaRange run = g_array_index (runs, IommudIovaRange, i);

      if (run.first > last)
        break;
      run.first = MAX (run.first, first);
      run.last = MIN (run.last, last);
      g_array_append_val (found, run);
    }
  return found;
}
