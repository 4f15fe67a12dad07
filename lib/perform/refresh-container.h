/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding out what the kernel still has of a container: questions that change nothing. For workers.
 */
#pragma once

#include "dirty/trackers.h"
#include "handle/page-table.h"
#include "memory/mapping-table.h"

G_BEGIN_DECLS

typedef struct
{
  guint32 hwpt_id;
  gboolean gone; /* out */
} IommudRefreshedHwpt;

typedef struct
{
  guint64 iova;
  guint64 length;
  guint64 first_piece; /* as in IommudMapping */
  guint64 piece;
  guint64 present; /* out: so many bytes of it from its beginning on */
} IommudRefreshedMapping;

typedef struct
{
  IommudKernelAccess access;
  guint32 ioas_id;
  GArray *hwpts;    /* of IommudRefreshedHwpt */
  GArray *mappings; /* of IommudRefreshedMapping */
  IommudTrackers *trackers;

  IommudAccounting accounting; /* out */
  IommudIovaSpace space;       /* out */
  GError *error;
} IommudRefreshContainerPlan;

IommudRefreshContainerPlan *iommud_refresh_container_plan_new (void);
void iommud_refresh_container_plan_free (IommudRefreshContainerPlan *self);
void iommud_refresh_container_plan_perform (IommudRefreshContainerPlan *self);

G_END_DECLS
