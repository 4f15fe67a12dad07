/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bytes of a state file are, and their checksums. */
#include "state/frame.h"

#include <string.h>

#define FRAME_MAGIC 0x314d4f49u

/* The number is the version of the file; records have one of their own. */
const char iommud_state_magic[16] = "iommud state 1\n";

G_STATIC_ASSERT (sizeof (IommudStateHeader) == 64);
G_STATIC_ASSERT (sizeof (IommudStateFrame) == 32);

static void
sum (guint8 *digest, gsize length, gconstpointer first, gsize first_size, gconstpointer second,
     gsize second_size)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 whole[32];
  gsize size = sizeof whole;

  g_checksum_update (checksum, first, (gssize) first_size);
  g_checksum_update (checksum, second, (gssize) second_size);
  g_checksum_get_digest (checksum, whole, &size);
  memcpy (digest, whole, length);
}

static guint64
sum_slot (const IommudStateSlot *self)
{
  guint64 checksum;

  sum ((guint8 *) &checksum, sizeof checksum, iommud_state_magic, sizeof iommud_state_magic, self,
       offsetof (IommudStateSlot, checksum));
  return checksum;
}

void
iommud_state_slot_fill (IommudStateSlot *self, guint64 size, guint64 sequence)
{
  self->size = size;
  self->sequence = sequence;
  self->checksum = sum_slot (self);
}

gboolean
iommud_state_slot_is_valid (const IommudStateSlot *self)
{
  return self->checksum == sum_slot (self);
}

guint64
iommud_state_slot_get_offset (guint64 sequence)
{
  return offsetof (IommudStateHeader, slots) + sizeof (IommudStateSlot) * (sequence % 2);
}

static void
sum_frame (const IommudStateFrame *self, const guint8 *bytes, guint8 *checksum)
{
  sum (checksum, sizeof self->checksum, self, offsetof (IommudStateFrame, checksum), bytes,
       self->length);
}

void
iommud_state_frame_fill (IommudStateFrame *self, guint64 sequence, const guint8 *bytes,
                         guint32 length)
{
  self->magic = FRAME_MAGIC;
  self->length = length;
  self->sequence = sequence;
  sum_frame (self, bytes, self->checksum);
}

gboolean
iommud_state_frame_is_valid (const IommudStateFrame *self, gsize size)
{
  guint8 checksum[sizeof self->checksum];

  if (size < sizeof *self || self->magic != FRAME_MAGIC || self->length % 8 != 0
      || self->length > size - sizeof *self)
    return FALSE;
  sum_frame (self, (const guint8 *) (self + 1), checksum);
  return memcmp (checksum, self->checksum, sizeof checksum) == 0;
}
