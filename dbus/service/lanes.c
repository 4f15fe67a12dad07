/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that wait for their turn. Users take turns, and so do the callers of one user, so that a
 * flood of calls delays the one who sends it and hardly anyone else. The calls of one caller stay
 * in order.
 *
 * A caller that does not read its answers gets no more of them: the bus keeps what is not read, and
 * what it keeps for everybody together is limited (see flow.c). */
#include "lanes.h"

#include "idle.h"

struct _IommudLanes
{
  IommudLanesFunc serve;
  gpointer user_data;
  GHashTable *lanes;     /* uid -> IommudLane (owned) */
  GQueue ring;           /* of IommudLane: those with calls that can be answered, in turn */
  guint64 unknown_bytes; /* of calls whose user is not known yet */
  guint64 unread_bytes;  /* of all lanes */
  GSource *source;       /* NULL while nothing waits */
  GCancellable *cancellable;
};

IommudLanes *
iommud_lanes_new (IommudLanesFunc serve, gpointer user_data)
{
  IommudLanes *self = g_new0 (IommudLanes, 1);

  self->serve = serve;
  self->user_data = user_data;
  self->lanes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->ring);
  self->cancellable = g_cancellable_new ();
  return self;
}

/* All callers have left. */
void
iommud_lanes_free (IommudLanes *self)
{
  iommud_idle_stop (&self->source);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_queue_clear (&self->ring);
  g_hash_table_unref (self->lanes);
  g_free (self);
}

static gboolean
on_turn (gpointer user_data)
{
  iommud_lanes_serve (user_data);
  return G_SOURCE_CONTINUE;
}

/* There is a source as long as some lane is in the ring. */
static void
update_source (IommudLanes *self)
{
  if (g_queue_is_empty (&self->ring))
    iommud_idle_stop (&self->source);
  else
    iommud_idle_start (&self->source, on_turn, self);
}

static gboolean
may_answer_lane (const IommudLane *lane)
{
  return lane->unread_bytes < IOMMUD_LANES_BYTES_PER_USER;
}

/* A caller that must not be answered now has been asked whether it reads, and is woken when it
 * says so. */
static gboolean
may_answer (const IommudLanes *self, const IommudCaller *caller)
{
  guint64 limit = self->unread_bytes < IOMMUD_LANES_BYTES_OF_ALL ? IOMMUD_LANES_BYTES_PER_CALLER
                                                                 : IOMMUD_LANES_BYTES_NEARLY_READ;

  return caller->unread_bytes + caller->reserved_bytes < limit;
}

static void
enter_ring (IommudLanes *self, IommudLane *lane)
{
  if (lane->in_ring || g_queue_is_empty (&lane->ready) || !may_answer_lane (lane))
    return;
  lane->in_ring = TRUE;
  g_queue_push_tail (&self->ring, lane);
  update_source (self);
}

/* The caller, or its user, may be answered again. */
void
iommud_lanes_wake (IommudLanes *self, IommudCaller *caller)
{
  IommudLane *lane = caller->lane;

  if (lane == NULL)
    return;
  if (!caller->ready && !g_queue_is_empty (&caller->waiting) && may_answer (self, caller))
    {
      caller->ready = TRUE;
      g_queue_push_tail (&lane->ready, caller);
    }
  enter_ring (self, lane);
}

static IommudLane *
ensure_lane (IommudLanes *self, guint32 uid)
{
  IommudLane *lane = g_hash_table_lookup (self->lanes, GUINT_TO_POINTER (uid));

  if (lane != NULL)
    return lane;
  lane = g_new0 (IommudLane, 1);
  lane->uid = uid;
  g_queue_init (&lane->ready);
  g_queue_init (&lane->unpinged);
  g_hash_table_insert (self->lanes, GUINT_TO_POINTER (uid), lane);
  return lane;
}

/* About how many bytes of memory a call takes while it waits. */
guint64
iommud_lanes_weigh (GDBusMessage *message)
{
  GVariant *body = g_dbus_message_get_body (message);

  return IOMMUD_LANES_CALL_BYTES + (body == NULL ? 0 : g_variant_get_size (body));
}

static guint64 *
get_waiting_bytes (IommudLanes *self, IommudCaller *caller)
{
  return caller->lane == NULL ? &self->unknown_bytes : &caller->lane->waiting_bytes;
}

static guint64
get_limit (const IommudCaller *caller)
{
  return caller->lane == NULL ? IOMMUD_LANES_WAITING_BYTES_OF_UNKNOWN_USERS
                              : IOMMUD_LANES_WAITING_BYTES_PER_USER;
}

/* Takes the message. FALSE, without taking it, if too many wait already. */
gboolean
iommud_lanes_push (IommudLanes *self, IommudCaller *caller, GDBusMessage *message)
{
  guint64 *waiting_bytes = get_waiting_bytes (self, caller);
  guint64 n_bytes = iommud_lanes_weigh (message);

  if (caller->waiting_bytes + n_bytes > IOMMUD_LANES_WAITING_BYTES_PER_CALLER
      || *waiting_bytes + n_bytes > get_limit (caller))
    return FALSE;
  *waiting_bytes += n_bytes;
  caller->waiting_bytes += n_bytes;
  g_queue_push_tail (&caller->waiting, message);
  iommud_lanes_wake (self, caller);
  return TRUE;
}

/* Less, if the number is negative. */
static void
lane_add_unread (IommudLanes *self, IommudLane *lane, guint64 n_bytes)
{
  lane->unread_bytes += n_bytes;
  self->unread_bytes += n_bytes;
}

/* So many bytes were sent to the caller, or, with the negative number, were read by it. */
void
iommud_lanes_add_unread (IommudLanes *self, IommudCaller *caller, gint64 n_bytes)
{
  caller->unread_bytes += (guint64) n_bytes;
  if (caller->lane != NULL)
    lane_add_unread (self, caller->lane, (guint64) n_bytes);
}

/* The caller's user is known now, so its calls can have their turns. */
void
iommud_lanes_join (IommudLanes *self, IommudCaller *caller)
{
  IommudLane *lane = ensure_lane (self, caller->uid);

  self->unknown_bytes -= caller->waiting_bytes;
  lane->waiting_bytes += caller->waiting_bytes;
  lane_add_unread (self, lane, caller->unread_bytes);
  lane->n_callers++;
  caller->lane = lane;
  iommud_lanes_wake (self, caller);
}

static void
leave_ring (IommudLanes *self, IommudLane *lane)
{
  if (lane->in_ring)
    g_queue_remove (&self->ring, lane);
  lane->in_ring = FALSE;
}

static void
drop_if_unused (IommudLanes *self, IommudLane *lane)
{
  if (lane->n_callers == 0 && lane->n_pings == 0)
    g_hash_table_remove (self->lanes, GUINT_TO_POINTER (lane->uid));
}

/* The caller is gone. What was sent to it is not kept by the bus any more. */
void
iommud_lanes_leave (IommudLanes *self, IommudCaller *caller)
{
  IommudLane *lane = caller->lane;

  *get_waiting_bytes (self, caller) -= caller->waiting_bytes;
  caller->waiting_bytes = 0;
  g_queue_clear_full (&caller->waiting, g_object_unref);
  iommud_idle_stop (&caller->next_ping);
  if (lane == NULL)
    return;
  caller->lane = NULL;
  lane_add_unread (self, lane, -(caller->unread_bytes + caller->reserved_bytes));
  g_queue_remove (&lane->unpinged, caller);
  if (caller->ready)
    g_queue_remove (&lane->ready, caller);
  caller->ready = FALSE;
  if (g_queue_is_empty (&lane->ready))
    leave_ring (self, lane);
  lane->n_callers--;
  enter_ring (self, lane);
  update_source (self);
  drop_if_unused (self, lane);
}

/* An answer of about so many bytes is being made, or, with the negative number, is not any more. */
void
iommud_lanes_reserve (IommudLanes *self, IommudCaller *caller, gint64 n_bytes)
{
  if (n_bytes == 0 || caller->lane == NULL)
    return;
  caller->reserved_bytes += (guint64) n_bytes;
  lane_add_unread (self, caller->lane, (guint64) n_bytes);
  iommud_lanes_wake (self, caller);
}

/* Ends when the lanes do. */
GCancellable *
iommud_lanes_get_cancellable (IommudLanes *self)
{
  return self->cancellable;
}

/* A ping to a caller of the lane was answered, or never will be. */
void
iommud_lanes_end_ping (IommudLanes *self, IommudLane *lane)
{
  lane->n_pings--;
  drop_if_unused (self, lane);
}

static GDBusMessage *
pop_call (IommudLane *lane, IommudCaller *caller)
{
  GDBusMessage *message = g_queue_pop_head (&caller->waiting);
  guint64 n_bytes = iommud_lanes_weigh (message);

  lane->waiting_bytes -= n_bytes;
  caller->waiting_bytes -= n_bytes;
  return message;
}

/* The next call of the lane, owned, and its caller; NULL if there is none that can be answered. */
static GDBusMessage *
pop_from (const IommudLanes *self, IommudLane *lane, IommudCaller **caller)
{
  while (may_answer_lane (lane) && !g_queue_is_empty (&lane->ready))
    {
      *caller = g_queue_pop_head (&lane->ready);
      (*caller)->ready = FALSE;
      if (may_answer (self, *caller))
        return pop_call (lane, *caller);
    }
  return NULL;
}

static void
serve_one (IommudLanes *self)
{
  IommudLane *lane = g_queue_pop_head (&self->ring);
  IommudCaller *caller = NULL;
  GDBusMessage *message = NULL;
  g_autoptr (IommudCaller) kept = NULL;

  lane->in_ring = FALSE;
  message = pop_from (self, lane, &caller);
  if (message == NULL)
    return;
  kept = iommud_caller_ref (caller);
  self->serve (caller, message, self->user_data);
  iommud_lanes_wake (self, caller);
}

/* Serves calls in turn, but not for long. */
void
iommud_lanes_serve (IommudLanes *self)
{
  gint64 end = g_get_monotonic_time () + IOMMUD_IDLE_SLICE_US;

  while (!g_queue_is_empty (&self->ring))
    {
      serve_one (self);
      if (g_get_monotonic_time () >= end)
        break;
    }
  update_source (self);
}
