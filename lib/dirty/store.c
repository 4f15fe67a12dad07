/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saved bits: dirty pages that were taken from a tracker and not delivered, for the next read. */
#include "dirty/store.h"

#include "base/ranges.h"

#define CHUNK_SHIFT 30
#define CHUNK_SIZE (G_GUINT64_CONSTANT (1) << CHUNK_SHIFT)
#define CHUNK_BITS (CHUNK_SIZE / IOMMUD_DIRTY_PAGE_SIZE)

typedef struct
{
  guint64 index;
  IommudDirtyBits bits;
  guint64 words[CHUNK_BITS / 64];
} Chunk;

struct _IommudDirtyStore
{
  GTree *chunks; /* of Chunk by index; some may be empty */
  GArray *whole; /* of IommudIovaRange */
};

static int
compare_indexes (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint64 x = *(const guint64 *) a;
  guint64 y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

IommudDirtyStore *
iommud_dirty_store_new (void)
{
  IommudDirtyStore *self = g_new0 (IommudDirtyStore, 1);

  self->chunks = g_tree_new_full (compare_indexes, NULL, NULL, g_free);
  self->whole = iommud_ranges_new ();
  return self;
}

void
iommud_dirty_store_free (IommudDirtyStore *self)
{
  g_tree_unref (self->chunks);
  g_array_unref (self->whole);
  g_free (self);
}

void
iommud_dirty_store_clear (IommudDirtyStore *self)
{
  g_tree_remove_all (self->chunks);
  g_array_set_size (self->whole, 0);
}

static Chunk *
get_chunk (IommudDirtyStore *self, guint64 index)
{
  Chunk *chunk = g_tree_lookup (self->chunks, &index);

  if (chunk != NULL)
    return chunk;
  chunk = g_new0 (Chunk, 1);
  chunk->index = index;
  chunk->bits.iova = index << CHUNK_SHIFT;
  chunk->bits.page_size = IOMMUD_DIRTY_PAGE_SIZE;
  chunk->bits.n_bits = CHUNK_BITS;
  chunk->bits.words = chunk->words;
  g_tree_insert (self->chunks, &chunk->index, chunk);
  return chunk;
}

void
iommud_dirty_store_mark (IommudDirtyStore *self, guint64 first, guint64 last)
{
  iommud_ranges_add (self->whole, first, last);
}

static void
mark_pages (IommudDirtyStore *self, guint64 first, guint64 last)
{
  for (guint64 index = first >> CHUNK_SHIFT; index <= last >> CHUNK_SHIFT; index++)
    iommud_dirty_bits_mark (&get_chunk (self, index)->bits, first, last);
}

void
iommud_dirty_store_add (IommudDirtyStore *self, const IommudDirtyBits *bits, guint64 first,
                        guint64 last)
{
  guint64 run_first, run_last;

  while (iommud_dirty_bits_find_run (bits, first, last, &run_first, &run_last))
    {
      mark_pages (self, run_first, run_last);
      if (run_last == last)
        return;
      first = run_last + 1;
    }
}

/* The first chunk whose index is at least @index and at most that of @last; or NULL. */
static Chunk *
find_chunk (const IommudDirtyStore *self, guint64 index, guint64 last)
{
  GTreeNode *node = g_tree_lower_bound (self->chunks, &index);
  Chunk *chunk = node != NULL ? g_tree_node_value (node) : NULL;

  return chunk != NULL && chunk->index <= last >> CHUNK_SHIFT ? chunk : NULL;
}

void
iommud_dirty_store_report (const IommudDirtyStore *self, IommudDirtyBits *bits, guint64 first,
                           guint64 last)
{
  for (Chunk *chunk = find_chunk (self, first >> CHUNK_SHIFT, last); chunk != NULL;
       chunk = find_chunk (self, chunk->index + 1, last))
    iommud_dirty_bits_merge (bits, &chunk->bits, first, last);
  for (guint i = iommud_ranges_find (self->whole, first); i < self->whole->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->whole, IommudIovaRange, i);

      if (range->first > last)
        break;
      iommud_dirty_bits_mark (bits, MAX (range->first, first), MIN (range->last, last));
    }
}

static void
remove_from_chunk (IommudDirtyStore *self, Chunk *chunk, guint64 first, guint64 last)
{
  guint64 chunk_last = iommud_dirty_bits_get_last (&chunk->bits);
  guint64 kept_first = chunk->bits.iova, kept_last = chunk_last;
  g_autofree Chunk *old = NULL;

  if (first <= kept_first && last >= kept_last)
    {
      g_tree_remove (self->chunks, &chunk->index);
      return;
    }
  old = g_memdup2 (chunk, sizeof *chunk);
  old->bits.words = old->words;
  memset (chunk->words, 0, sizeof chunk->words);
  if (first > kept_first)
    iommud_dirty_bits_merge (&chunk->bits, &old->bits, kept_first, first - 1);
  if (last < kept_last)
    iommud_dirty_bits_merge (&chunk->bits, &old->bits, last + 1, kept_last);
}

void
iommud_dirty_store_remove (IommudDirtyStore *self, guint64 first, guint64 last)
{
  guint64 index = first >> CHUNK_SHIFT;
  Chunk *chunk;

  iommud_ranges_remove (self->whole, first, last);
  while ((chunk = find_chunk (self, index, last)) != NULL)
    {
      index = chunk->index + 1;
      remove_from_chunk (self, chunk, first, last);
    }
}

void
iommud_dirty_store_mark_runs (IommudDirtyStore *self, const GArray *runs)
{
  for (guint i = 0; i < runs->len; i++)
    {
      const IommudIovaRange *run = &g_array_index (runs, IommudIovaRange, i);

      iommud_dirty_store_mark (self, run->first, run->last);
    }
}

typedef struct
{
  GArray *runs;
  guint left;
} RunBuilder;

static void
add_exactly (RunBuilder *self, const Chunk *chunk)
{
  guint64 last = iommud_dirty_bits_get_last (&chunk->bits);
  guint64 first = chunk->bits.iova;
  IommudIovaRange run;

  while (self->left > 0
         && iommud_dirty_bits_find_run (&chunk->bits, first, last, &run.first, &run.last))
    {
      iommud_ranges_add (self->runs, run.first, run.last);
      self->left--;
      if (run.last == last)
        return;
      first = run.last + 1;
    }
  if (self->left == 0
      && iommud_dirty_bits_find_run (&chunk->bits, first, last, &run.first, &run.last))
    iommud_ranges_add (self->runs, run.first, last);
}

static gboolean
add_chunk (gpointer index, gpointer chunk, gpointer builder)
{
  add_exactly (builder, chunk);
  return FALSE;
}

GArray *
iommud_dirty_store_get_runs (const IommudDirtyStore *self)
{
  RunBuilder builder = { .runs = iommud_ranges_new (), .left = IOMMUD_DIRTY_STORE_MAX_RUNS };

  g_tree_foreach (self->chunks, add_chunk, &builder);
  for (guint i = 0; i < self->whole->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->whole, IommudIovaRange, i);

      iommud_ranges_add (builder.runs, range->first, range->last);
    }
  iommud_ranges_join (builder.runs, IOMMUD_DIRTY_STORE_MAX_RUNS);
  return builder.runs;
}
