/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creating a container: the kernel's side. For workers. */
#pragma once

#include "handle/page-table.h"

G_BEGIN_DECLS

typedef struct
{
  IommudKernelAccess access; /* also out: the iommufd, if it gets a context of its own */
  gboolean own_context;
  IommudAccounting accounting;
  gboolean huge_pages;
  GArray *orphans; /* in and out, if it shares a context; see iommud_page_table_free_orphans() */
  gboolean must_probe; /* there was no iommufd to ask when it was last tried */

  guint32 ioas_id;       /* out */
  IommudIovaSpace space; /* out */
  char **features;       /* out; NULL if the kernel was not asked */
  gboolean created;      /* out */
  GError *error;
} IommudCreateContainerPlan;

void iommud_create_container_plan_clear (IommudCreateContainerPlan *self);
void iommud_create_container_plan_perform (IommudCreateContainerPlan *self);

G_END_DECLS
