/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the bytes of a state file are, and their checksums. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How far the file goes, and the last frame in it. There are two, which are written in turn. */
typedef struct
{
  guint64 size;
  guint64 sequence;
  guint64 checksum;
} IommudStateSlot;

typedef struct
{
  char magic[16];
  IommudStateSlot slots[2];
} IommudStateHeader;

/* Behind it come the bytes, a multiple of 8. */
typedef struct
{
  guint32 magic;
  guint32 length;
  guint64 sequence; /* from 1 */
  guint8 checksum[16];
} IommudStateFrame;

extern const char iommud_state_magic[16];

void iommud_state_slot_fill (IommudStateSlot *self, guint64 size, guint64 sequence);
gboolean iommud_state_slot_is_valid (const IommudStateSlot *self);
/* Where in the file the slot for that frame is. */
guint64 iommud_state_slot_get_offset (guint64 sequence);

void iommud_state_frame_fill (IommudStateFrame *self, guint64 sequence, const guint8 *bytes,
                              guint32 length);
/* @self: where a frame may be; @size: the bytes from there on. */
gboolean iommud_state_frame_is_valid (const IommudStateFrame *self, gsize size);

G_END_DECLS
