/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bitmap of dirty pages over a range of IOVAs: marking, joining across page sizes. */
#include "dirty/bits.h"

#define WORD_BITS 64

gsize
iommud_dirty_bits_get_size (guint64 n_bits)
{
  return (gsize) ((n_bits - 1) / WORD_BITS + 1) * sizeof (guint64);
}

guint64
iommud_dirty_bits_get_last (const IommudDirtyBits *self)
{
  return self->iova + (self->n_bits * self->page_size - 1);
}

/* Cuts a range to what has bits; FALSE if nothing is left. */
static gboolean
clip (const IommudDirtyBits *self, guint64 *first, guint64 *last)
{
  *first = MAX (*first, self->iova);
  *last = MIN (*last, iommud_dirty_bits_get_last (self));
  return *first <= *last;
}

static guint
get_shift (const IommudDirtyBits *self)
{
  return (guint) __builtin_ctzll (self->page_size);
}

/* Bits @first to @last of the word that @first is in. */
static guint64
get_mask (guint64 first, guint64 last)
{
  guint64 end = MIN (last, first | (WORD_BITS - 1));

  return G_MAXUINT64 << (first % WORD_BITS) & G_MAXUINT64 >> (WORD_BITS - 1 - end % WORD_BITS);
}

static void
set_bits (guint64 *words, guint64 first, guint64 last)
{
  for (guint64 bit = first; bit <= last; bit = (bit | (WORD_BITS - 1)) + 1)
    words[bit / WORD_BITS] |= get_mask (bit, last);
}

void
iommud_dirty_bits_mark (IommudDirtyBits *self, guint64 first, guint64 last)
{
  guint shift = get_shift (self);

  if (clip (self, &first, &last))
    set_bits (self->words, (first - self->iova) >> shift, (last - self->iova) >> shift);
}

/* Both have the same page size, and their bits lie at the same places in their words: whole words
 * are joined. */
static void
merge_words (IommudDirtyBits *self, const IommudDirtyBits *source, guint64 first, guint64 last)
{
  guint shift = get_shift (self);
  guint64 bit = (first - self->iova) >> shift;
  guint64 last_bit = (last - self->iova) >> shift;
  const guint64 *from = source->words + (((first - source->iova) >> shift) / WORD_BITS);

  for (; bit <= last_bit; bit = (bit | (WORD_BITS - 1)) + 1)
    self->words[bit / WORD_BITS] |= *from++ & get_mask (bit, last_bit);
}

static gboolean
in_step (const IommudDirtyBits *self, const IommudDirtyBits *other)
{
  return self->page_size == other->page_size
         && (((self->iova - other->iova) >> get_shift (self)) % WORD_BITS) == 0;
}

void
iommud_dirty_bits_merge (IommudDirtyBits *self, const IommudDirtyBits *source, guint64 first,
                         guint64 last)
{
  guint64 run_first, run_last;

  if (!clip (self, &first, &last) || !clip (source, &first, &last))
    return;
  if (in_step (self, source))
    {
      merge_words (self, source, first, last);
      return;
    }
  while (iommud_dirty_bits_find_run (source, first, last, &run_first, &run_last))
    {
      iommud_dirty_bits_mark (self, run_first, run_last);
      if (run_last == last)
        return;
      first = run_last + 1;
    }
}

/* The first bit from @bit to @last that is set once the words are inverted by @flip; @last + 1 if
 * there is none. */
static guint64
find_bit (const guint64 *words, guint64 bit, guint64 last, guint64 flip)
{
  for (; bit <= last; bit = (bit | (WORD_BITS - 1)) + 1)
    {
      guint64 word = (words[bit / WORD_BITS] ^ flip) & get_mask (bit, last);

      if (word != 0)
        return bit - bit % WORD_BITS + (guint64) __builtin_ctzll (word);
    }
  return last + 1;
}

gboolean
iommud_dirty_bits_find_run (const IommudDirtyBits *self, guint64 first, guint64 last,
                            guint64 *run_first, guint64 *run_last)
{
  guint shift = get_shift (self);
  guint64 last_bit, bit, end;

  if (!clip (self, &first, &last))
    return FALSE;
  last_bit = (last - self->iova) >> shift;
  bit = find_bit (self->words, (first - self->iova) >> shift, last_bit, 0);
  if (bit > last_bit)
    return FALSE;
  end = find_bit (self->words, bit, last_bit, G_MAXUINT64) - 1;
  *run_first = MAX (first, self->iova + (bit << shift));
  *run_last = MIN (last, self->iova + (end << shift) + (self->page_size - 1));
  return TRUE;
}
