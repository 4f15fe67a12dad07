/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bringing the kernel to where the model is, after an operation was interrupted. For workers. */
#pragma once

#include "dirty/trackers.h"
#include "handle/page-table.h"

G_BEGIN_DECLS

typedef struct
{
  IommudBinding binding;
  guint32 pt_id; /* the HWPT or IOAS that it is attached to; 0: none */
  gboolean lost; /* out: the kernel would not attach it there: it is attached to nothing */
} IommudTidyUpDevice;

typedef struct
{
  IommudKernelAccess access;
  guint32 ioas_id;
  GArray *devices;     /* of IommudTidyUpDevice: those that may be attached to something else */
  GArray *not_tracked; /* of guint32: ids of HWPTs that are to record nothing, nor are @devices */
  gboolean stop_trackers;
  GArray *unmapped; /* of IommudIovaRange: nothing is to be mapped there */
  GArray *allowed;  /* of IommudIovaRange: what the kernel may choose from; NULL: as it is */
  GArray *unused;   /* of guint32: ids of HWPTs that are to be freed; out: those that were not */
  GArray *orphans;
  IommudIovaSpace space; /* out */
} IommudTidyUpPlan;

IommudTidyUpPlan *iommud_tidy_up_plan_new (void);
void iommud_tidy_up_plan_free (IommudTidyUpPlan *self);
void iommud_tidy_up_plan_perform (IommudTidyUpPlan *self);

G_END_DECLS
