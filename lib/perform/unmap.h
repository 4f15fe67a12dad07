/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping: the kernel's side, a part at a turn. For workers. */
#pragma once

#include "handle/binding.h"
#include "memory/mapping-table.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  guint32 ioas_id;
  /* Of IommudMapping, by IOVA, each with its file; the plan owns them. The length of each is what
   * is still mapped of it; the first @done are unmapped. */
  GArray *mappings;
  IommudTrackers *trackers; /* forget what is unmapped; NULL: they keep it */

  guint done;    /* out */
  guint64 bytes; /* out: how much was unmapped */
  GError *error; /* out */
} IommudUnmapPlan;

IommudUnmapPlan *iommud_unmap_plan_new (void);
void iommud_unmap_plan_free (IommudUnmapPlan *self);

/* What the next turn unmaps lies in this range. */
IommudIovaRange iommud_unmap_plan_get_next (const IommudUnmapPlan *self);
/* One turn. */
void iommud_unmap_plan_perform (IommudUnmapPlan *self);
gboolean iommud_unmap_plan_has_ended (const IommudUnmapPlan *self);

G_END_DECLS
