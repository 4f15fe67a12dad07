/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a whole container: its devices leave, then its HWPTs go, then its IOAS. */
#pragma once

#include "iommud-mapping-table.h"
#include "iommud-page-table.h"
#include "iommud-tracking.h"

G_BEGIN_DECLS

typedef struct
{
  IommudBinding binding;
  gboolean attached;
  gboolean released; /* out */
} IommudReleaseDevice;

typedef struct
{
  guint32 hwpt_id; /* 0: the kernel frees it with its last device */
  gboolean freed;  /* out */
} IommudReleaseHwpt;

typedef struct
{
  IommudKernelCall call;
  guint32 ioas_id;
  gboolean close_context; /* the container is the last one of its context */
  GArray *devices;        /* of IommudReleaseDevice */
  GArray *hwpts;          /* of IommudReleaseHwpt, children before parents */
  GArray *mappings;       /* of IommudMapping that have files, which it owns */
  GArray *orphans;        /* in and out: see iommud_page_table_free_orphans() */

  IommudTracking *tracking; /* the container's */

  gboolean freed; /* out: the IOAS is gone */
  IommudIovaSpace space;
  GError *error;
} IommudReleasePlan;

IommudReleasePlan *iommud_release_plan_new (void);
void iommud_release_plan_free (IommudReleasePlan *self);
void iommud_release_plan_perform (IommudReleasePlan *self);

G_END_DECLS
