/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a whole container: first its devices are unbound, then its HWPTs are freed, then its
 * IOAS. */
#pragma once

#include "memory/mapping-table.h"
#include "handle/page-table.h"
#include "dirty/trackers.h"

G_BEGIN_DECLS

typedef struct
{
  IommudBinding binding;
  gboolean attached;
  gboolean unbound; /* out */
} IommudFreeContainerDevice;

typedef struct
{
  guint32 hwpt_id; /* 0: the kernel frees it with its last device */
  gboolean freed;  /* out */
} IommudFreeContainerHwpt;

typedef struct
{
  IommudKernelAccess access;
  guint32 ioas_id;
  gboolean forgives;      /* what the kernel keeps because of others goes with the context */
  gboolean close_context; /* the container is the last one of its context */
  GArray *devices;        /* of IommudFreeContainerDevice */
  GArray *hwpts;          /* of IommudFreeContainerHwpt, children before parents */
  GArray *mappings;       /* of IommudMapping that have files, which it owns */
  GArray *orphans;        /* in and out: see iommud_page_table_free_orphans() */

  IommudTrackers *trackers; /* the container's */

  gboolean freed; /* out: the IOAS is gone */
  IommudIovaSpace space;
  GError *error;
} IommudFreeContainerPlan;

IommudFreeContainerPlan *iommud_free_container_plan_new (void);
void iommud_free_container_plan_free (IommudFreeContainerPlan *self);
void iommud_free_container_plan_perform (IommudFreeContainerPlan *self);

G_END_DECLS
