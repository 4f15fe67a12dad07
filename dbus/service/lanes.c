/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls that wait for their turn. Users take turns, and so do the callers of one user, so that a
 * flood of calls delays the one who sends it and hardly anyone else. The calls of one caller stay
 * in order.
 *
 * A caller that does not read its answers gets no more of them: the bus keeps what is not read, and
 * what it keeps for everybody together is limited (see flow.c). If a user, or all together, leave
 * much unread, those who read are answered still; but an answer that can be of any length waits
 * until there is room for it. */
#include "lanes.h"

#include "idle.h"
#include "weight.h"

struct _IommudLanes
{
  IommudLanesFunc serve;
  gpointer user_data;
  GHashTable *lanes;      /* uid -> IommudLane (owned) */
  GQueue ring;            /* of IommudLane: those with calls that can be answered, in turn */
  GQueue held;            /* of IommudCaller: those whose next answer waits for room */
  guint64 unknown_bytes;  /* of calls whose user is not known yet */
  guint64 unread_bytes;   /* of all lanes */
  guint64 bytes_per_user; /* that may be unread; root has the usual number */
  GSource *source;        /* NULL while nothing waits */
};

IommudLanes *
iommud_lanes_new (IommudLanesFunc serve, gpointer user_data)
{
  IommudLanes *self = g_new0 (IommudLanes, 1);

  self->serve = serve;
  self->user_data = user_data;
  self->bytes_per_user = IOMMUD_LANES_BYTES_PER_USER;
  self->lanes = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->ring);
  g_queue_init (&self->held);
  return self;
}

/* Holds for what is sent from now on. */
void
iommud_lanes_set_bytes_per_user (IommudLanes *self, guint64 n_bytes)
{
  self->bytes_per_user = n_bytes;
}

/* All callers have left. */
void
iommud_lanes_free (IommudLanes *self)
{
  iommud_idle_stop (&self->source);
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

/* The list of all objects, and the description of a folder of them: its length depends on how many
 * there are, while any other answer is short. */
static gboolean
has_answer_of_any_length (GDBusMessage *message)
{
  const char *interface = g_dbus_message_get_interface (message);

  return g_strcmp0 (interface, "org.freedesktop.DBus.ObjectManager") == 0
         || g_strcmp0 (interface, "org.freedesktop.DBus.Introspectable") == 0;
}

static gboolean
waits_for_room (IommudCaller *caller)
{
  return !g_queue_is_empty (&caller->waiting)
         && has_answer_of_any_length (g_queue_peek_head (&caller->waiting));
}

/* Whatever its length, all users together leave less unread then than the bus keeps. */
static gboolean
has_room (const IommudLanes *self, const IommudLane *lane)
{
  guint64 limit = lane->unread_bytes < IOMMUD_LANES_BYTES_NEARLY_READ
                      ? IOMMUD_LANES_BYTES_BEFORE_A_FIRST_LONG_ANSWER
                      : IOMMUD_LANES_BYTES_OF_ALL;

  return self->unread_bytes < limit && lane->unread_bytes < IOMMUD_LANES_BYTES_BEFORE_A_LONG_ANSWER;
}

static guint64
get_bytes_per_user (const IommudLanes *self, const IommudLane *lane)
{
  return lane->uid == 0 ? IOMMUD_LANES_BYTES_PER_USER : self->bytes_per_user;
}

static guint64
get_unread_limit (const IommudLanes *self, const IommudLane *lane)
{
  if (self->unread_bytes < IOMMUD_LANES_BYTES_OF_ALL
      && lane->unread_bytes < get_bytes_per_user (self, lane))
    return IOMMUD_LANES_BYTES_PER_CALLER;
  return IOMMUD_LANES_BYTES_NEARLY_READ;
}

/* A caller that has too much unread has been asked whether it reads, and is woken when it says
 * so. */
static gboolean
may_answer (const IommudLanes *self, IommudCaller *caller)
{
  return caller->unread_bytes + caller->reserved_bytes < get_unread_limit (self, caller->lane)
         && (has_room (self, caller->lane) || !waits_for_room (caller));
}

static void
enter_ring (IommudLanes *self, IommudLane *lane)
{
  if (lane->in_ring || g_queue_is_empty (&lane->ready))
    return;
  lane->in_ring = TRUE;
  g_queue_push_tail (&self->ring, lane);
  update_source (self);
}

static void
hold (IommudLanes *self, IommudCaller *caller)
{
  if (caller->held || !waits_for_room (caller))
    return; /* a pong wakes it */
  caller->held = TRUE;
  g_queue_push_tail (&self->held, caller);
}

/* Perhaps the caller can be answered now. */
void
iommud_lanes_wake (IommudLanes *self, IommudCaller *caller)
{
  IommudLane *lane = caller->lane;

  if (lane == NULL)
    return;
  if (!caller->ready && !g_queue_is_empty (&caller->waiting))
    {
      caller->ready = may_answer (self, caller);
      if (caller->ready)
        g_queue_push_tail (&lane->ready, caller);
      else
        hold (self, caller);
    }
  enter_ring (self, lane);
}

/* Something was read. */
static void
wake_held (IommudLanes *self)
{
  for (guint n = g_queue_get_length (&self->held); n > 0; n--)
    {
      IommudCaller *caller = g_queue_pop_head (&self->held);

      caller->held = FALSE;
      iommud_lanes_wake (self, caller);
    }
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
  g_hash_table_insert (self->lanes, GUINT_TO_POINTER (uid), lane);
  return lane;
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
  guint64 n_bytes = iommud_weight_of_call (message);

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
lane_add_unread (IommudLanes *self, IommudLane *lane, gint64 n_bytes)
{
  lane->unread_bytes += (guint64) n_bytes;
  self->unread_bytes += (guint64) n_bytes;
  if (n_bytes < 0)
    wake_held (self);
}

/* So many bytes were sent to the caller, or, with the negative number, were read by it. */
void
iommud_lanes_add_unread (IommudLanes *self, IommudCaller *caller, gint64 n_bytes)
{
  caller->unread_bytes += (guint64) n_bytes;
  if (caller->lane != NULL)
    lane_add_unread (self, caller->lane, n_bytes);
}

/* The caller's user is known now, so its calls can have their turns. */
void
iommud_lanes_join (IommudLanes *self, IommudCaller *caller)
{
  IommudLane *lane = ensure_lane (self, caller->uid);

  self->unknown_bytes -= caller->waiting_bytes;
  lane->waiting_bytes += caller->waiting_bytes;
  lane_add_unread (self, lane, (gint64) caller->unread_bytes);
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

/* The caller is gone. What was sent to it is not kept by the bus any more. */
void
iommud_lanes_leave (IommudLanes *self, IommudCaller *caller)
{
  IommudLane *lane = caller->lane;

  *get_waiting_bytes (self, caller) -= caller->waiting_bytes;
  caller->waiting_bytes = 0;
  g_queue_clear_full (&caller->waiting, g_object_unref);
  if (lane == NULL)
    return;
  caller->lane = NULL;
  if (caller->held)
    g_queue_remove (&self->held, caller);
  if (caller->ready)
    g_queue_remove (&lane->ready, caller);
  caller->held = FALSE;
  caller->ready = FALSE;
  lane_add_unread (self, lane, -(gint64) (caller->unread_bytes + caller->reserved_bytes));
  if (g_queue_is_empty (&lane->ready))
    leave_ring (self, lane);
  else
    enter_ring (self, lane);
  if (--lane->n_callers == 0)
    g_hash_table_remove (self->lanes, GUINT_TO_POINTER (lane->uid));
  update_source (self);
}

/* An answer of about so many bytes is being made, or, with the negative number, is not any more. */
void
iommud_lanes_reserve (IommudLanes *self, IommudCaller *caller, gint64 n_bytes)
{
  if (n_bytes == 0 || caller->lane == NULL)
    return;
  caller->reserved_bytes += (guint64) n_bytes;
  lane_add_unread (self, caller->lane, n_bytes);
  iommud_lanes_wake (self, caller);
}

static GDBusMessage *
pop_call (IommudLane *lane, IommudCaller *caller)
{
  GDBusMessage *message = g_queue_pop_head (&caller->waiting);
  guint64 n_bytes = iommud_weight_of_call (message);

  lane->waiting_bytes -= n_bytes;
  caller->waiting_bytes -= n_bytes;
  return message;
}

/* The next call of the lane, owned, and its caller; NULL if there is none that can be answered. */
static GDBusMessage *
pop_from (IommudLanes *self, IommudLane *lane, IommudCaller **caller)
{
  while (!g_queue_is_empty (&lane->ready))
    {
      *caller = g_queue_pop_head (&lane->ready);
      (*caller)->ready = FALSE;
      if (may_answer (self, *caller))
        return pop_call (lane, *caller);
      hold (self, *caller);
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

/* No call waits that could be answered. */
gboolean
iommud_lanes_is_idle (const IommudLanes *self)
{
  return self->source == NULL;
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
