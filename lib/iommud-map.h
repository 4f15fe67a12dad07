/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping a part of a file: the kernel's side, a piece at a turn. For workers. */
#pragma once

#include "iommud-binding.h"
#include "iommud-mapped-file.h"

G_BEGIN_DECLS

/* How much one turn maps, or unmaps: pinning it takes long enough. */
#define IOMMUD_MAP_PIECE (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  IommudKernelCall call;
  guint32 ioas_id;
  int file; /* owned; -1: none */
  guint64 offset;
  guint64 length;
  guint64 iova; /* in and out: where the kernel may choose, it is known after the first turn */
  IommudMapFlags flags;
  gboolean undo; /* in: take back what is mapped */

  IommudMappedFile *mapped;
  guint64 done;   /* out: how much is mapped, from iova on */
  gboolean stuck; /* out: the kernel would not take it back */
  GError *error;  /* out: the first one */
} IommudMapPlan;

IommudMapPlan *iommud_map_plan_new (void);
void iommud_map_plan_free (IommudMapPlan *self);

/* One turn. */
void iommud_map_plan_perform (IommudMapPlan *self);
/* Whether all is mapped, or all undone, or nothing more can be done. */
gboolean iommud_map_plan_has_ended (const IommudMapPlan *self);

/* Where the kernel's mappings end in one that begins at @iova: the length of the first. */
guint64 iommud_map_first_piece (guint64 iova, guint64 length, IommudMapFlags flags);

G_END_DECLS
