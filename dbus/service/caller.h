/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program on the bus that calls. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IommudLane IommudLane;

/* A name on the bus that has called. A reference outlives the name. */
typedef struct
{
  grefcount references;
  char *name;
  guint32 uid;      /* G_MAXUINT32 while it is not known */
  guint32 pid;      /* as it connected; 0: the bus does not say it */
  GArray *groups;   /* of guint32: that its user is in; NULL while they are not known */
  GError *cause;    /* why the user is not known; NULL if it is */
  IommudLane *lane; /* NULL before the user is known, and once the name is gone */
  GQueue waiting;   /* of GDBusMessage, in their order */
  guint64 waiting_bytes;
  gboolean ready;            /* it is in its lane's queue */
  gboolean held;             /* its next answer waits for room */
  guint n_questions;         /* that polkit was asked for it, and has not answered */
  GCancellable *cancellable; /* of all its calls; cancelled once it has left the bus */

  /* Bytes that were sent and of which it is not known that the caller has read them; how many of
   * them were sent before the ping that is under way, if there is one; and how many more an answer
   * that is being made will have. */
  guint64 unread_bytes;
  guint64 pinged_bytes;
  guint64 reserved_bytes;
  GSource *next_ping; /* the bus did not deliver a ping, so another one will be sent; or NULL */
} IommudCaller;

IommudCaller *iommud_caller_new (const char *name);
IommudCaller *iommud_caller_ref (IommudCaller *self);
void iommud_caller_unref (IommudCaller *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudCaller, iommud_caller_unref)

G_END_DECLS
