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
  guint published; /* so many of the plan's mappings are out of the model */
} IommudUnmapping;

/* Puts what lies from @first to @last into the plan. The files go with it, so that the last one to
 * use a file lets it go on the worker. */
void iommud_unmapping_take (IommudUnmapping *self, guint64 first, guint64 last);
/* For publish: what was unmapped leaves the model. After the last turn, the files of what is still
 * mapped come back. */
void iommud_unmapping_publish (IommudUnmapping *self);

G_END_DECLS
