/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocating a HWPT by hand: the kernel's side. For workers. */
#pragma once

#include "handle/page-table.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access;
  IommudBinding binding; /* in and out: bound on success, as before on failure */
  guint32 ioas_id;
  IommudHwptFlags flags;
  GArray *orphans; /* in and out: see iommud_page_table_free_orphans() */

  guint32 hwpt_id;       /* out */
  IommudIovaSpace space; /* out: the container's ranges after it; NULL if they have not changed */
  GError *error;
} IommudAllocHwptPlan;

IommudAllocHwptPlan *iommud_alloc_hwpt_plan_new (void);
void iommud_alloc_hwpt_plan_free (IommudAllocHwptPlan *self);
void iommud_alloc_hwpt_plan_perform (IommudAllocHwptPlan *self);

G_END_DECLS
