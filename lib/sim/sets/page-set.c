/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sparse set of pages: a tree of bitmaps, each for 4096 pages, none of them empty. */
#include "config.h"

#include "sim/sets/page-set.h"

#define WORD_BITS 64
#define WORDS 64
#define CHUNK_PAGES (WORD_BITS * WORDS)

typedef struct
{
  guint64 index; /* of the chunk: its first page / CHUNK_PAGES */
  guint count;
  guint64 words[WORDS];
} Chunk;

struct _IommudPageSet
{
  GTree *chunks; /* of Chunk by index */
  guint64 count;
};

static int
compare_indexes (gconstpointer a, gconstpointer b, gpointer user_data)
{
  guint64 x = *(const guint64 *) a;
  guint64 y = *(const guint64 *) b;

  return x < y ? -1 : x > y;
}

IommudPageSet *
iommud_page_set_new (void)
{
  IommudPageSet *self = g_new0 (IommudPageSet, 1);

  self->chunks = g_tree_new_full (compare_indexes, NULL, NULL, g_free);
  return self;
}

void
iommud_page_set_free (IommudPageSet *self)
{
  g_tree_unref (self->chunks);
  g_free (self);
}

void
iommud_page_set_clear (IommudPageSet *self)
{
  g_tree_remove_all (self->chunks);
  self->count = 0;
}

guint64
iommud_page_set_count (const IommudPageSet *self)
{
  return self->count;
}

static guint64 *
get_word (Chunk *chunk, guint64 page)
{
  return &chunk->words[page % CHUNK_PAGES / WORD_BITS];
}

/* The bits of a word for the pages from @first to @last, some of which are in that word. */
static guint64
get_range_mask (guint64 word_first, guint64 first, guint64 last)
{
  guint64 mask = G_MAXUINT64;

  if (first > word_first)
    mask &= G_MAXUINT64 << (first - word_first);
  if (last < word_first + (WORD_BITS - 1))
    mask &= G_MAXUINT64 >> (WORD_BITS - 1 - (last - word_first));
  return mask;
}

static guint
count_bits (guint64 word)
{
  return (guint) __builtin_popcountll (word);
}

static Chunk *
require_chunk (IommudPageSet *self, guint64 page)
{
  guint64 index = page / CHUNK_PAGES;
  Chunk *chunk = g_tree_lookup (self->chunks, &index);

  if (chunk != NULL)
    return chunk;
  chunk = g_new0 (Chunk, 1);
  chunk->index = index;
  g_tree_insert (self->chunks, &chunk->index, chunk);
  return chunk;
}

void
iommud_page_set_add (IommudPageSet *self, guint64 page)
{
  Chunk *chunk = require_chunk (self, page);
  guint64 *word = get_word (chunk, page);
  guint64 bit = G_GUINT64_CONSTANT (1) << (page % WORD_BITS);

  if ((*word & bit) != 0)
    return;
  *word |= bit;
  chunk->count++;
  self->count++;
}

static Chunk *
find_chunk (const IommudPageSet *self, guint64 index)
{
  GTreeNode *node = g_tree_lower_bound (self->chunks, &index);

  return node != NULL ? g_tree_node_value (node) : NULL;
}

static void
remove_from_chunk (IommudPageSet *self, Chunk *chunk, guint64 first, guint64 last)
{
  guint64 base = chunk->index * CHUNK_PAGES;
  guint64 low = MAX (first, base);
  guint64 high = MIN (last, base + (CHUNK_PAGES - 1));

  for (guint64 at = low - low % WORD_BITS; at <= high && at >= base; at += WORD_BITS)
    {
      guint64 *word = get_word (chunk, at);
      guint64 gone = *word & get_range_mask (at, low, high);

      *word &= ~gone;
      chunk->count -= count_bits (gone);
      self->count -= count_bits (gone);
    }
}

void
iommud_page_set_remove_range (IommudPageSet *self, guint64 first, guint64 last)
{
  Chunk *chunk = find_chunk (self, first / CHUNK_PAGES);

  while (chunk != NULL && chunk->index <= last / CHUNK_PAGES)
    {
      guint64 index = chunk->index;

      remove_from_chunk (self, chunk, first, last);
      if (chunk->count == 0)
        g_tree_remove (self->chunks, &index);
      chunk = find_chunk (self, index + 1);
    }
}

/* The lowest page of a chunk from @first on; FALSE if it has none. */
static gboolean
find_in_chunk (Chunk *chunk, guint64 first, guint64 *page)
{
  guint64 base = chunk->index * CHUNK_PAGES;
  guint64 offset = first > base ? first - base : 0;

  for (guint64 i = offset / WORD_BITS; i < WORDS; i++)
    {
      guint64 word = chunk->words[i];

      if (i == offset / WORD_BITS)
        word &= G_MAXUINT64 << (offset % WORD_BITS);
      if (word == 0)
        continue;
      *page = base + i * WORD_BITS + (guint64) __builtin_ctzll (word);
      return TRUE;
    }
  return FALSE;
}

/* The lowest page of the range that is in the set. */
static gboolean
find_page (const IommudPageSet *self, guint64 first, guint64 last, guint64 *page)
{
  Chunk *chunk = find_chunk (self, first / CHUNK_PAGES);

  if (chunk != NULL && !find_in_chunk (chunk, first, page))
    {
      chunk = find_chunk (self, first / CHUNK_PAGES + 1);
      if (chunk != NULL && !find_in_chunk (chunk, first, page))
        return FALSE;
    }
  return chunk != NULL && *page <= last;
}

/* The last page of the run that @page is in, or @last if the run goes on. */
static guint64
find_run_end (const IommudPageSet *self, guint64 page, guint64 last)
{
  Chunk *chunk = NULL;

  for (;;)
    {
      guint64 base = page - page % WORD_BITS;
      guint64 index = page / CHUNK_PAGES;
      guint64 missing;

      if (chunk == NULL || chunk->index != index)
        chunk = g_tree_lookup (self->chunks, &index);
      missing = chunk != NULL ? ~*get_word (chunk, page) : G_MAXUINT64;
      missing &= G_MAXUINT64 << (page % WORD_BITS);
      if (missing != 0)
        return MIN (last, base + (guint64) __builtin_ctzll (missing) - 1);
      if (last - base < WORD_BITS)
        return last;
      page = base + WORD_BITS;
    }
}

gboolean
iommud_page_set_find_run (const IommudPageSet *self, guint64 first, guint64 last,
                          guint64 *run_first, guint64 *run_last)
{
  if (!find_page (self, first, last, run_first))
    return FALSE;
  *run_last = find_run_end (self, *run_first, last);
  return TRUE;
}
