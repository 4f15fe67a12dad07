/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations that unmap share: how mappings leave the model for an unmap plan. */
#pragma once

#include "model/container.h"
#include "perform/unmap.h"

G_BEGIN_DECLS

typedef struct
{
  IommudMemory *memory;
  IommudUnmapPlan *plan;
  guint published; /* how many of the plan's mappings have left the model */
} IommudUnmapping;

/* Puts what lies from @first to @last into the plan, with its files, so that the last reference to
 * a file is dropped on the worker. */
void iommud_unmapping_take (IommudUnmapping *self, guint64 first, guint64 last);
/* For publish: what was unmapped leaves the model. After the last turn, the model gets back the
 * files of what is still mapped. */
void iommud_unmapping_publish (IommudUnmapping *self);

G_END_DECLS
