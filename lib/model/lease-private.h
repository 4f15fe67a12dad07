/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a lease is made of, for the files that implement it. */
#pragma once

#include "model/lease.h"

G_BEGIN_DECLS

struct _IommudLease
{
  GObject parent_instance;

  IommudHost *host; /* not owned; NULL once it is gone, or once the lease is over */
  IommudQueue *queue;
  guint64 serial;
  char *name;
  guint owner;
  guint pid;
  char *command;
  char *unit;
  guint64 since;
  guint64 locked_memory;
  IommudLeaseState state;
  int guard;
  IommudOpenFiles *files; /* in which the guard is kept; or NULL */
  GListStore *devices;
  GListStore *containers;
  GVariant *holders; /* or NULL */
  guint n_promised;  /* containers that are being made under it */
};

G_END_DECLS
