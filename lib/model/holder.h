/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model makes of the holders that a search has found, and the searches of a host. */
#pragma once

#include "base/queue.h"
#include "iommud-holder.h"
#include "probe/holder.h"
#include "probe/holder-passes.h"

G_BEGIN_DECLS

/* What is found is taken. */
IommudHolder *iommud_holder_new (IommudFoundHolder *found);

/* One search runs at a time. Calls that come while one runs share the next one, and it shares its
 * pass over all processes with what else looks for holders. */
typedef struct
{
  IommudHolderPasses *passes;
  IommudQueue *queue;
  gpointer next; /* the search that waits for its turn, which owns itself; NULL: none does */
} IommudHolderSearches;

G_END_DECLS
