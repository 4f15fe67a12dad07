/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All objects with all properties, for those who ask (GetManagedObjects).
 *
 * A host can have tens of thousands of devices, and the main loop must not wait for any of this:
 * the objects' entries are made in short steps, and a long answer is put together and sent on
 * another thread. Signals are sent meanwhile, for changes that the answer does not have, so the
 * caller is told of those once more after it, also in short steps. */
#include "listing.h"

#include "call.h"
#include "entries.h"
#include "idle.h"
#include "object-signals.h"
#include "reply.h"

/* An answer up to this size is sent at once. */
#define SHORT_BYTES (G_GUINT64_CONSTANT (64) << 10)

/* About what each object needs of an answer, if more have come since the last one. */
#define USUAL_OBJECT_BYTES 700

struct _IommudListing
{
  GDBusConnection *connection;
  IommudObjects *objects;
  IommudLongAnswers *long_answers;
  GQueue waiting;  /* of IommudCall */
  GSource *source; /* NULL if there is nothing to do, or an answer is being sent */
  gboolean sending;
  IommudCall *answered; /* its caller is told of changes; or NULL */
  GPtrArray *noted;     /* of IommudNotedObject: the changes; or NULL */
  guint n_told;         /* of them */
  gsize sent_bytes;     /* to the caller */
  gsize usual_bytes;    /* about what an answer takes: as much as one can, until one was made */
  GCancellable *cancellable;
};

typedef struct
{
  IommudListing *listing;
  IommudCall *call;
} Answer;

static void update_source (IommudListing *self);

IommudListing *
iommud_listing_new (GDBusConnection *connection, IommudObjects *objects,
                    IommudLongAnswers *long_answers)
{
  IommudListing *self = g_new0 (IommudListing, 1);

  self->connection = g_object_ref (connection);
  self->objects = objects;
  self->long_answers = long_answers;
  self->usual_bytes = IOMMUD_REPLY_MAX_BYTES;
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->waiting);
  return self;
}

/* Calls that still wait are not answered: the service leaves the bus. */
void
iommud_listing_free (IommudListing *self)
{
  iommud_idle_stop (&self->source);
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_clear_pointer (&self->answered, iommud_call_drop);
  g_clear_pointer (&self->noted, g_ptr_array_unref);
  while (!g_queue_is_empty (&self->waiting))
    iommud_call_drop (g_queue_pop_head (&self->waiting));
  g_object_unref (self->connection);
  g_free (self);
}

/* The answer, of so many bytes, was sent. */
static void
begin_telling (IommudListing *self, IommudCall *call, gsize n_bytes)
{
  self->answered = call;
  self->n_told = 0;
  self->sent_bytes = n_bytes;
}

static void
refuse (IommudListing *self, IommudCall *call, GError *error)
{
  g_clear_pointer (&self->noted, g_ptr_array_unref);
  iommud_call_refuse (call, error);
}

static void
on_sent (gsize n_bytes, GError *error, gpointer user_data)
{
  g_autofree Answer *answer = user_data;
  IommudListing *self = answer->listing;
  IommudCall *call = answer->call;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      iommud_call_drop (call);
      return; /* the listing is gone */
    }
  self->sending = FALSE;
  self->noted = iommud_objects_take_noted (self->objects);
  if (error == NULL)
    begin_telling (self, call, n_bytes);
  else
    refuse (self, call, error);
  update_source (self);
}

static void
send_long (IommudListing *self, IommudCall *call, GVariant *body)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->listing = self;
  answer->call = call;
  iommud_objects_note_changes (self->objects);
  self->sending = TRUE;
  iommud_long_answers_send (self->long_answers, iommud_call_get_message (call), body,
                            self->cancellable, on_sent, answer);
}

static void
send (IommudListing *self, IommudCall *call)
{
  g_autoptr (GVariant) body = g_variant_ref_sink (
      g_variant_new ("(@a{oa{sa{sv}}})", iommud_entries_get_all (self->objects)));

  self->usual_bytes = g_variant_get_size (body);
  if (self->usual_bytes <= SHORT_BYTES)
    iommud_call_return_read (call, body);
  else
    send_long (self, call, body);
}

/* A caller that has left is passed over. */
static void
send_next (IommudListing *self)
{
  IommudCall *call = g_queue_pop_head (&self->waiting);

  if (iommud_call_has_caller (call))
    send (self, call);
  else
    iommud_call_drop (call);
}

/* FALSE if nothing is left to be told, or nobody to tell it to. */
static gboolean
tell_one (IommudListing *self)
{
  const char *caller = g_dbus_message_get_sender (iommud_call_get_message (self->answered));

  if (self->n_told == self->noted->len || !iommud_call_has_caller (self->answered))
    return FALSE;
  self->sent_bytes += iommud_object_signal_noted (
      self->objects, g_ptr_array_index (self->noted, self->n_told++), self->connection, caller);
  return TRUE;
}

static void
end_telling (IommudListing *self)
{
  iommud_call_return_sent (g_steal_pointer (&self->answered), self->sent_bytes);
  g_clear_pointer (&self->noted, g_ptr_array_unref);
}

/* One step of what is under way. FALSE if it has come to its end. */
static gboolean
do_step (IommudListing *self)
{
  return self->answered != NULL ? tell_one (self) : iommud_entries_refresh_one (self->objects);
}

static gboolean
on_turn (gpointer user_data)
{
  IommudListing *self = user_data;
  gint64 end = g_get_monotonic_time () + IOMMUD_IDLE_SLICE_US;

  while (do_step (self))
    if (g_get_monotonic_time () >= end)
      return G_SOURCE_CONTINUE;
  if (self->answered != NULL)
    end_telling (self);
  else
    send_next (self);
  update_source (self);
  return G_SOURCE_CONTINUE;
}

static void
update_source (IommudListing *self)
{
  if (self->sending || (self->answered == NULL && g_queue_is_empty (&self->waiting)))
    iommud_idle_stop (&self->source);
  else
    iommud_idle_start (&self->source, on_turn, self);
}

/* Answers the call, perhaps later. */
void
iommud_listing_answer (IommudListing *self, IommudCall *call)
{
  gsize n_bytes = (gsize) iommud_objects_count (self->objects) * USUAL_OBJECT_BYTES;

  iommud_call_reserve_answer (call, MAX (n_bytes, self->usual_bytes));
  g_queue_push_tail (&self->waiting, call);
  update_source (self);
}
