/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a container is made of, for the files that implement it. */
#pragma once

#include "model/container.h"

G_BEGIN_DECLS

struct _IommudContainer
{
  GObject parent_instance;

  IommudHost *host; /* not owned; NULL once it is gone, or once the container was freed */
  IommudContext *context;
  guint64 serial;
  guint64 last_hwpt_serial;
  char *name;
  guint owner;
  guint32 ioas_id;
  IommudAccounting accounting;
  GListStore *devices;
  GListStore *hwpts;
  GHashTable *hwpts_by_id;   /* kernel id -> IommudHwpt, not owned */
  GHashTable *changed_hwpts; /* a set of IommudHwpt: since the journal was told of them */
  GArray *orphans;
  guint n_refusals;
  IommudMemory *memory;
  IommudDirtyTracking *dirty_tracking;
  gboolean freed;
  IommudLease *lease; /* not owned: a lease outlives what it has; or NULL */
};

G_END_DECLS
