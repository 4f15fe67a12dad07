/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping a file, or copying mappings: the kernel's side, a part at a turn. For workers. */
#pragma once

#include "handle/binding.h"
#include "memory/mapping-table.h"
#include "dirty/trackers.h"
#include "perform/unmap.h"

G_BEGIN_DECLS

/* The part of a plan that becomes one mapping. */
typedef struct
{
  IommudMapping mapping; /* its length is what is mapped of it, its file the plan's to own */
  guint64 length;        /* what is to be mapped of it */
  guint64 source;        /* of a copy: the IOVA in the source */
} IommudMapPart;

typedef struct
{
  IommudKernelAccess access;
  guint64 container; /* its serial */
  guint32 ioas_id;
  guint32 source_id;    /* the IOAS to copy from; 0: a file is mapped */
  IommudMapFlags flags; /* without FIXED the kernel chooses, and all is done in one call */
  GArray *parts;        /* of IommudMapPart, by IOVA, without gaps */
  guint64 length;       /* that of all parts */
  IommudMappedFiles *files;
  int file;                 /* owned; -1: none */
  gboolean by_file;         /* the kernel may know IOAS_MAP_FILE */
  IommudTrackers *trackers; /* the container's */

  guint part;            /* the one to go on with */
  IommudUnmapPlan *undo; /* not NULL: it is being undone */
  GError *error;         /* the first one; if it is set, what is mapped is taken back */
} IommudMapPlan;

IommudMapPlan *iommud_map_plan_new (void);
void iommud_map_plan_free (IommudMapPlan *self);
/* Adds a part behind the others. Takes references. */
void iommud_map_plan_add (IommudMapPlan *self, const IommudMapPart *part);
IommudMapPart *iommud_map_plan_get_part (const IommudMapPlan *self, guint index);

/* One turn. */
void iommud_map_plan_perform (IommudMapPlan *self);
/* Whether everything is mapped, or everything is undone, or nothing more can be done. */
gboolean iommud_map_plan_has_ended (const IommudMapPlan *self);

G_END_DECLS
