/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bits go into the caller's bitmap in batches of bytes that are near each other. */
#include "config.h"

#include "sim/process/bitmap.h"

#include "sim/process/user-memory.h"

#include <string.h>

/* Bits on their way into the caller's bitmap. */
#define BYTES_AT_ONCE 16384
/* A shorter gap between two segments is filled with zeros. */
#define SHORT_GAP 32

typedef struct
{
  IommudSimulatedBitmap *bitmap;
  IommudSimulatedSegment segments[IOMMUD_SIMULATED_SEGMENTS_AT_ONCE];
  guint n_segments;
  gsize n_bytes;
  guint8 bytes[BYTES_AT_ONCE];
} Batch;

static gboolean
can_store (const IommudSimulatedBitmap *bitmap, guint64 address)
{
  return !bitmap->only_present
         || address / IOMMUD_SIMULATED_PAGE_SIZE == bitmap->address / IOMMUD_SIMULATED_PAGE_SIZE
         || iommud_simulated_is_present (address);
}

/* Segments do not cross a page. */
static void
drop_lost (Batch *self)
{
  guint n_kept = 0;
  gsize n_bytes = 0;
  gsize offset = 0;

  for (guint i = 0; i < self->n_segments; i++)
    {
      gsize length = self->segments[i].length;

      if (can_store (self->bitmap, self->segments[i].address))
        {
          memmove (&self->bytes[n_bytes], &self->bytes[offset], length);
          self->segments[n_kept++] = self->segments[i];
          n_bytes += length;
        }
      else
        self->bitmap->lost = TRUE;
      offset += length;
    }
  self->n_segments = n_kept;
}

static void
batch_flush (Batch *self)
{
  drop_lost (self);
  if (self->n_segments > 0)
    iommud_simulated_set_user_bits (self->segments, self->n_segments, self->bytes);
  self->n_segments = 0;
  self->n_bytes = 0;
}

/* By how many bytes the last segment must grow to end with the byte at @address; 0: it cannot. */
static gsize
get_growth (const Batch *self, guint64 address)
{
  const IommudSimulatedSegment *last;
  guint64 end;

  if (self->n_segments == 0)
    return 0;
  last = &self->segments[self->n_segments - 1];
  end = last->address + last->length;
  if (address < end || address - end >= SHORT_GAP || self->n_bytes + SHORT_GAP > BYTES_AT_ONCE
      || address / IOMMUD_SIMULATED_PAGE_SIZE != last->address / IOMMUD_SIMULATED_PAGE_SIZE)
    return 0;
  return (gsize) (address - end + 1);
}

static gboolean
ends_with (const Batch *self, guint64 address)
{
  const IommudSimulatedSegment *last;

  if (self->n_segments == 0)
    return FALSE;
  last = &self->segments[self->n_segments - 1];
  return last->address + last->length - 1 == address;
}

/* Sets bits of one byte. Calls come in the order of addresses. */
static void
batch_set (Batch *self, guint64 address, guint8 bits)
{
  gsize growth = get_growth (self, address);

  if (ends_with (self, address))
    {
      self->bytes[self->n_bytes - 1] |= bits;
      return;
    }
  if (growth == 0)
    {
      if (self->n_segments == G_N_ELEMENTS (self->segments) || self->n_bytes == BYTES_AT_ONCE)
        batch_flush (self);
      self->segments[self->n_segments++] = (IommudSimulatedSegment){ address, 0 };
      growth = 1;
    }
  self->segments[self->n_segments - 1].length += growth;
  memset (&self->bytes[self->n_bytes], 0, growth);
  self->n_bytes += growth;
  self->bytes[self->n_bytes - 1] = bits;
}

static void
set_bits (const IommudSimulatedBitmap *bitmap, Batch *batch, guint64 first, guint64 last)
{
  guint64 bit = (first - bitmap->iova) >> bitmap->page_shift;
  guint64 last_bit = (last - bitmap->iova) >> bitmap->page_shift;

  while (bit <= last_bit)
    {
      guint64 end = MIN (last_bit, bit | 7);

      batch_set (batch, bitmap->address + bit / 8,
                 (guint8) (0xff << (bit % 8) & 0xff >> (7 - end % 8)));
      bit = end + 1;
    }
}

void
iommud_simulated_bitmap_report (IommudSimulatedBitmap *self, IommudPageSet *pages,
                                guint64 page_size, guint64 first, guint64 last, gboolean keep)
{
  guint64 from = first / page_size;
  guint64 to = last / page_size;
  guint64 run_first;
  guint64 run_last;
  g_autofree Batch *batch = NULL;

  if (iommud_page_set_count (pages) == 0)
    return;
  batch = g_new (Batch, 1);
  batch->bitmap = self;
  batch->n_segments = 0;
  batch->n_bytes = 0;
  while (iommud_page_set_find_run (pages, from, to, &run_first, &run_last))
    {
      guint64 low = MAX (first, run_first * page_size);
      guint64 high = MIN (last, run_last * page_size + (page_size - 1));

      set_bits (self, batch, low, high);
      if (run_last == to)
        break;
      from = run_last + 1;
    }
  batch_flush (batch);
  if (!keep)
    iommud_page_set_remove_range (pages, first / page_size, to);
}
