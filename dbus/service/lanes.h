/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that wait for their turn. */
#pragma once

#include "caller.h"

G_BEGIN_DECLS

/* How many bytes the calls that wait may take (see weight.h). The bus of a system allows 128 calls
 * for each connection. */
#define IOMMUD_LANES_WAITING_BYTES_PER_CALLER (G_GUINT64_CONSTANT (8) << 20)
#define IOMMUD_LANES_WAITING_BYTES_PER_USER (G_GUINT64_CONSTANT (16) << 20)
#define IOMMUD_LANES_WAITING_BYTES_OF_UNKNOWN_USERS (G_GUINT64_CONSTANT (16) << 20)

/* How many bytes may have been sent of which it is not known that they were read, before more calls
 * are answered. One answer may be larger than what is left. */
#define IOMMUD_LANES_BYTES_PER_CALLER (G_GUINT64_CONSTANT (1) << 20)

/* The bus of a system keeps 127 MiB of ours, for all its 2048 connections. If more than so many
 * bytes of one user, or of all, may be unread, a caller gets an answer only if it has read nearly
 * everything. */
#define IOMMUD_LANES_BYTES_PER_USER (G_GUINT64_CONSTANT (8) << 20)
#define IOMMUD_LANES_BYTES_OF_ALL (G_GUINT64_CONSTANT (64) << 20)
#define IOMMUD_LANES_BYTES_NEARLY_READ (G_GUINT64_CONSTANT (16) << 10)

/* An answer that may be as long as a message can be, 32 MiB, waits while so many bytes of its user
 * may be unread, or those of all. So one that is never read does not hold back the next one of that
 * user, and it takes more than one user to hold back those of others. */
#define IOMMUD_LANES_BYTES_BEFORE_A_LONG_ANSWER (G_GUINT64_CONSTANT (32) << 20)

/* Those of all, for a user who has read nearly everything: with such an answer they still stay
 * below what the bus keeps. */
#define IOMMUD_LANES_BYTES_BEFORE_A_FIRST_LONG_ANSWER (G_GUINT64_CONSTANT (88) << 20)

/* Calls of one user take turns with those of others, and callers of one user with each other. */
struct _IommudLane
{
  guint32 uid;
  guint n_callers;
  guint64 waiting_bytes; /* of the calls of all its callers */
  guint64 unread_bytes;  /* of all its callers, and those of answers that are being made */
  GQueue ready;          /* of IommudCaller: those that have calls and may get answers */
  gboolean in_ring;      /* it has such callers */
};

typedef struct _IommudLanes IommudLanes;

/* @message: owned by the function. */
typedef void (*IommudLanesFunc) (IommudCaller *caller, GDBusMessage *message, gpointer user_data);

IommudLanes *iommud_lanes_new (IommudLanesFunc serve, gpointer user_data);
void iommud_lanes_free (IommudLanes *self);
void iommud_lanes_set_bytes_per_user (IommudLanes *self, guint64 n_bytes);
gboolean iommud_lanes_push (IommudLanes *self, IommudCaller *caller, GDBusMessage *message);
void iommud_lanes_join (IommudLanes *self, IommudCaller *caller);
void iommud_lanes_leave (IommudLanes *self, IommudCaller *caller);
gboolean iommud_lanes_is_idle (const IommudLanes *self);
void iommud_lanes_serve (IommudLanes *self);
void iommud_lanes_wake (IommudLanes *self, IommudCaller *caller);
void iommud_lanes_add_unread (IommudLanes *self, IommudCaller *caller, gint64 n_bytes);
void iommud_lanes_reserve (IommudLanes *self, IommudCaller *caller, gint64 n_bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudLanes, iommud_lanes_free)

G_END_DECLS
