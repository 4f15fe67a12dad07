/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding out which processes have devices open. For workers. */
#pragma once

#include "probe/holder-passes.h"

G_BEGIN_DECLS

typedef struct
{
  IommudHolderPasses *passes;
  GPtrArray *infos;       /* of IommudDeviceInfo */
  IommudProcessId keeper; /* keeps files of this host, and does not count; or none */

  GPtrArray *holders; /* out; of IommudFoundHolder */
  gboolean complete;  /* out: whether all processes were looked at for what has no holder */
  GArray *exiting;    /* out, if they were asked for; of IommudExitingProcess */
} IommudFindHoldersPlan;

IommudFindHoldersPlan *iommud_find_holders_plan_new (IommudHolderPasses *passes,
                                                     IommudProcessId keeper);
void iommud_find_holders_plan_free (IommudFindHoldersPlan *self);
void iommud_find_holders_plan_search (IommudFindHoldersPlan *self);
/* The same, and lists the processes that are ending. */
void iommud_find_holders_plan_search_exiting (IommudFindHoldersPlan *self);
/* Whether some process may have the device open. */
gboolean iommud_find_holders_plan_is_held (const IommudFindHoldersPlan *self, guint device);

G_END_DECLS
