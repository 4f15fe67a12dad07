/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the model and the operations change in a lease. */
#pragma once

#include "base/queue.h"
#include "iommud-host.h"
#include "iommud-lease.h"
#include "model/open-files.h"
#include "model/record.h"

G_BEGIN_DECLS

struct _IommudLeaseOptions
{
  GObject parent_instance;

  char *name;
  guint owner;
  guint pid;
  char *command;
  char *unit;
  IommudAccounting accounting;
  guint64 locked_memory;
};

/* A copy of @options, because the caller may change them during the call; the defaults if it is
 * NULL. */
IommudLeaseOptions *iommud_lease_options_copy (IommudLeaseOptions *options);

/* @queue and @guard, the service's end of the pipe, are taken. @guard is -1 if it was closed. */
IommudLease *iommud_lease_new (IommudHost *host, IommudQueue *queue,
                               const IommudLeaseRecord *record, int guard);
/* All but what was handed out. */
void iommud_lease_fill_record (IommudLease *self, IommudLeaseRecord *record);
IommudHost *iommud_lease_get_host (IommudLease *self);
/* When the host ends, or lists the lease no more. */
void iommud_lease_forget_host (IommudLease *self);
/* The operations on the files that the lease hands out run one after the other. */
IommudQueue *iommud_lease_get_queue (IommudLease *self);
/* -1 once it was closed. */
int iommud_lease_get_guard (IommudLease *self);
/* Keeps it for a next life, from now on. */
void iommud_lease_keep_guard (IommudLease *self, IommudOpenFiles *files);
void iommud_lease_close_guard (IommudLease *self);
/* The guard lives on; the lease has none any more. */
int iommud_lease_steal_guard (IommudLease *self);

/* Fails once the lease has ended. */
gboolean iommud_lease_check_active (IommudLease *self, const char *what, GError **error);
void iommud_lease_set_lingering (IommudLease *self);
/* Which processes keep it from going, an a(uss); NULL: none is known. Takes a floating reference.
 */
void iommud_lease_set_holders (IommudLease *self, GVariant *holders);
/* A container is about to be made under it, which it waits for; or that has been decided. */
void iommud_lease_begin_container (IommudLease *self);
void iommud_lease_end_container (IommudLease *self);
/* It is over once it has ended and nothing is left of it. */
gboolean iommud_lease_is_over (IommudLease *self);

/* To be called by device and container, which know their lease. */
void iommud_lease_add_device (IommudLease *self, IommudDevice *device);
void iommud_lease_remove_device (IommudLease *self, IommudDevice *device);
void iommud_lease_add_container (IommudLease *self, IommudContainer *container);
void iommud_lease_remove_container (IommudLease *self, IommudContainer *container);

void iommud_lease_emit_release_requested (IommudLease *self, const char *reason);
void iommud_lease_emit_device_wanted (IommudLease *self, IommudDevice *device);

G_END_DECLS
