/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Searches for holders that share passes over the open files of all processes. */
#pragma once

#include "probe/exiting.h"
#include "probe/probe.h"

G_BEGIN_DECLS

typedef struct
{
  gatomicrefcount references;
  IommudProbe *probe;
  GMutex mutex;       /* for the rest */
  GCond ended;        /* a pass */
  GPtrArray *waiting; /* the searches that the next pass answers */
  gboolean running;   /* a pass */
} IommudHolderPasses;

IommudHolderPasses *iommud_holder_passes_new (IommudProbe *probe);
IommudHolderPasses *iommud_holder_passes_ref (IommudHolderPasses *self);
void iommud_holder_passes_unref (IommudHolderPasses *self);

/* As iommud_probe_find_holders(), for workers: one pass is made at a time, and it answers all
 * searches that came before it began. What they ask about may have happened since, so none is
 * answered by a pass that was under way when it came. @exiting: NULL, or what gets the processes
 * that were ending at the end of the pass, an owned array of IommudExitingProcess; if not all could
 * be looked at for that, the search is not complete. */
GPtrArray *iommud_holder_passes_search (IommudHolderPasses *self, GPtrArray *infos,
                                        GArray **exiting, gboolean *complete);

G_END_DECLS
