/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One method call, from its arrival to its answer. The answer is the last thing that an operation
 * sends: all signals for what it has changed are sent before. */
#include "call.h"

#include "access/costs.h"
#include "files.h"
#include "flow.h"
#include "iommud-dbus-error.h"
#include "iommud-dbus-names.h"
#include "method-errors.h"
#include "reply.h"
#include "stale.h"

struct _IommudCall
{
  IommudServiceState *state;
  GDBusMessage *message;
  IommudCaller *caller;
  GUnixFDList *files; /* of the message, until one is taken; NULL if there are none */
  IommudNeeds *needs; /* that its method has; NULL if nothing was asked */
  gboolean admitted;
  gboolean is_charged;
  IommudLimits costs; /* that are reserved for it */
  guint64 bitmap_bytes;
  gsize reserved_bytes; /* of the answer */
};

IommudCall *
iommud_call_new (IommudServiceState *state, IommudCaller *caller, GDBusMessage *message)
{
  IommudCall *self = g_new0 (IommudCall, 1);

  self->state = iommud_service_state_ref (state);
  self->message = g_object_ref (message);
  self->caller = iommud_caller_ref (caller);
  self->files = iommud_files_steal (message);
  return self;
}

static void
give_back (IommudCall *self)
{
  IommudBudget *budget = self->state->budget;

  if (self->is_charged)
    iommud_quotas_release (self->state->quotas, self->caller->uid, &self->costs);
  if (!self->admitted)
    return;
  iommud_budget_give_back_bitmap (budget, self->caller->name, self->bitmap_bytes);
  iommud_budget_give_back_call (budget, self->caller->name);
}

static void
call_free (IommudCall *self)
{
  give_back (self);
  iommud_lanes_reserve (self->state->lanes, self->caller, -(gint64) self->reserved_bytes);
  g_clear_pointer (&self->needs, iommud_needs_free);
  g_clear_object (&self->files);
  g_clear_object (&self->message);
  g_clear_pointer (&self->caller, iommud_caller_unref);
  g_clear_pointer (&self->state, iommud_service_state_unref);
  g_free (self);
}

/* Borrowed. */
GDBusMessage *
iommud_call_get_message (IommudCall *self)
{
  return self->message;
}

GVariant *
iommud_call_get_arguments (IommudCall *self)
{
  return g_dbus_message_get_body (self->message);
}

/* Which object a path in the arguments stands for. */
IommudObjects *
iommud_call_get_objects (IommudCall *self)
{
  return self->state->objects;
}

/* The caller's user; G_MAXUINT32 if the bus does not say it. */
guint32
iommud_call_get_uid (IommudCall *self)
{
  return self->caller->uid;
}

/* The process that made the caller's connection; 0 if the bus does not say it. */
guint32
iommud_call_get_pid (IommudCall *self)
{
  return self->caller->pid;
}

IommudHost *
iommud_call_get_host (IommudCall *self)
{
  return self->state->host;
}

static IommudRequest
get_request (IommudCall *self)
{
  return (IommudRequest){
    .caller = self->caller,
    .needs = self->needs,
    .interface = g_dbus_message_get_interface (self->message),
    .method = g_dbus_message_get_member (self->message),
    .is_interactive = (g_dbus_message_get_flags (self->message)
                       & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION)
                      != 0,
  };
}

/* Asks whether the caller has what the call needs. Takes the needs. The answer may come before this
 * returns; the call must not end before it. */
void
iommud_call_authorize (IommudCall *self, IommudNeeds *needs, IommudAuthorizerFunc answer,
                       gpointer user_data)
{
  IommudRequest request;

  self->needs = needs;
  request = get_request (self);
  iommud_authorizer_check (self->state->authorizer, &request, answer, user_data);
}

static gboolean
reserve (IommudCall *self, const IommudLimits *costs, GError **error)
{
  if (!iommud_quotas_reserve (self->state->quotas, self->caller->uid, costs, error))
    return FALSE;
  self->is_charged = TRUE;
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    self->costs.values[i] += costs->values[i];
  return TRUE;
}

/* Whether the caller's user may have one more call under way. Not for users who are trusted. */
gboolean
iommud_call_charge_call (IommudCall *self, GError **error)
{
  const IommudLimits costs = { .values = { [IOMMUD_LIMIT_CALLS] = 1 } };

  return reserve (self, &costs, error);
}

/* Whether the caller's user may have what the call makes. The same. */
gboolean
iommud_call_charge (IommudCall *self, GError **error)
{
  IommudRequest request = get_request (self);
  IommudLimits costs;

  iommud_costs_find (&costs, &request, iommud_call_get_arguments (self));
  return iommud_authorizer_check_locked_memory (self->state->authorizer, &request,
                                                costs.values[IOMMUD_LIMIT_LOCKED_MEMORY], error)
         && reserve (self, &costs, error);
}

/* Whether each object that an argument names is still the one that it was when the call came. */
gboolean
iommud_call_check_objects (IommudCall *self, GError **error)
{
  return self->needs == NULL
         || iommud_needs_check_objects (self->needs, self->state->objects, error);
}

/* Whether the caller is still there, and what let it call has not been withdrawn meanwhile. No file
 * is handed out without this. */
gboolean
iommud_call_recheck (IommudCall *self, GError **error)
{
  IommudRequest request = get_request (self);

  if (!iommud_call_has_caller (self))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The caller has left the bus");
      return FALSE;
    }
  return iommud_call_check_objects (self, error)
         && (self->needs == NULL
             || iommud_authorizer_recheck (self->state->authorizer, &request, error));
}

IommudServiceState *
iommud_call_get_state (IommudCall *self)
{
  return self->state;
}

/* Cancelled when the caller leaves the bus. */
GCancellable *
iommud_call_get_cancellable (IommudCall *self)
{
  return self->caller->cancellable;
}

/* Whether the caller may have one more call under way. */
gboolean
iommud_call_admit (IommudCall *self, GError **error)
{
  self->admitted = iommud_budget_take_call (self->state->budget, self->caller->name, error);
  return self->admitted;
}

/* To be asked before something is done that only makes sense if its files can be sent. */
gboolean
iommud_call_can_send_files (IommudCall *self, GError **error)
{
  if (g_dbus_connection_get_capabilities (self->state->connection)
      & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "The service's connection to the bus carries no file descriptors");
  return FALSE;
}

/* Whether one more bitmap, of a range in pages, can be made for the caller. The call keeps its
 * share of the memory until it ends. */
gboolean
iommud_call_reserve_bitmap (IommudCall *self, guint64 length, guint64 page_size, GError **error)
{
  guint64 n_bytes = iommud_budget_get_bitmap_bytes (length, page_size);

  g_return_val_if_fail (self->admitted && self->bitmap_bytes == 0, FALSE);

  if (!iommud_call_can_send_files (self, error))
    return FALSE;
  if (!iommud_budget_take_bitmap (self->state->budget, self->caller->name, n_bytes, error))
    return FALSE;
  self->bitmap_bytes = n_bytes;
  return TRUE;
}

/* The file that an argument of type h stands for, to be closed by the handler. The message's other
 * files are closed here. -1 with error set. */
int
iommud_call_take_file (IommudCall *self, guint argument, GError **error)
{
  g_autoptr (GUnixFDList) files = g_steal_pointer (&self->files);
  gint32 handle = 0;

  g_variant_get_child (iommud_call_get_arguments (self), argument, "h", &handle);
  return iommud_files_take (files, handle, error);
}

static void
log_answer (IommudCall *self, const char *answer)
{
  const char *named = g_dbus_message_get_path (self->message);
  const char *path = named == NULL ? IOMMUD_DBUS_NO_PATH : named;
  const char *interface = g_dbus_message_get_interface (self->message);
  const char *method = g_dbus_message_get_member (self->message);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, "IOMMUD_OBJECT", path, "IOMMUD_METHOD", method,
                    "IOMMUD_CALLER", self->caller->name, "MESSAGE", "%.255s.%.255s of %.255s: %s",
                    interface == NULL ? "" : interface, method, path, answer);
}

/* FALSE once the caller has left the bus. */
gboolean
iommud_call_has_caller (IommudCall *self)
{
  return self->caller->lane != NULL;
}

/* The answer will be long. Until it was sent, it counts as sent and not read. */
void
iommud_call_reserve_answer (IommudCall *self, gsize n_bytes)
{
  self->reserved_bytes += n_bytes;
  iommud_lanes_reserve (self->state->lanes, self->caller, (gint64) n_bytes);
}

/* Ends a call without an answer. */
void
iommud_call_drop (IommudCall *self)
{
  call_free (self);
}

/* Ends a call whose answer was sent already. */
void
iommud_call_return_sent (IommudCall *self, gsize n_bytes)
{
  iommud_flow_add (self->state->flow, self->caller, n_bytes);
  call_free (self);
}

/* The serial of the answer; 0: it was not sent. */
static guint32
answer (IommudCall *self, GVariant *value, GUnixFDList *files)
{
  gsize n_bytes = 0;
  guint32 serial = 0;

  if (value != NULL)
    g_variant_ref_sink (value);
  log_answer (self, "done");
  iommud_changes_flush (self->state->changes);
  if (iommud_call_has_caller (self))
    n_bytes = iommud_reply (self->state->connection, self->message, value, files, &serial);
  g_clear_pointer (&value, g_variant_unref);
  iommud_call_return_sent (self, n_bytes);
  return serial;
}

typedef struct
{
  IommudCall *call;
  GVariant *value; /* or NULL */
} LateAnswer;

static void
answer_late (gpointer user_data)
{
  g_autofree LateAnswer *late = user_data;
  g_autoptr (GVariant) value = late->value;

  answer (late->call, value, NULL);
}

/* An answer says that something was done, so by then the next life of the service must be able to
 * know it: what an operation has opened or closed is with the service manager before. @func goes on
 * with the answer, perhaps before this returns. */
void
iommud_call_when_kept (IommudCall *self, void (*func) (gpointer user_data), gpointer user_data)
{
  iommud_changes_flush (self->state->changes);
  iommud_fd_store_when_settled (self->state->fd_store, func, user_data);
}

/* Ends a call that returns the value, a tuple. Takes a floating reference. */
void
iommud_call_return_value (IommudCall *self, GVariant *value)
{
  LateAnswer *late = g_new0 (LateAnswer, 1);

  late->call = self;
  late->value = value != NULL ? g_variant_ref_sink (value) : NULL;
  iommud_call_when_kept (self, answer_late, late);
}

/* Ends a call that returns nothing. */
void
iommud_call_return (IommudCall *self)
{
  iommud_call_return_value (self, NULL);
}

/* Ends a call that returns an object's path: "/" for NULL. */
void
iommud_call_return_object (IommudCall *self, gpointer object)
{
  const char *path = iommud_objects_get_path (self->state->objects, object);

  if (object != NULL && g_str_equal (path, "/"))
    iommud_call_fail (self, g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                                         "It was done, but the object is gone already"));
  else
    iommud_call_return_value (self, g_variant_new ("(o)", path));
}

/* Ends a call that only reads, and returns the value, likewise. It does not wait: what is told
 * meanwhile would overtake an answer that is older. */
void
iommud_call_return_read (IommudCall *self, GVariant *value)
{
  answer (self, value, NULL);
}

static void
fail (IommudCall *self, const GError *error)
{
  log_answer (self, error->message);
  iommud_changes_flush (self->state->changes);
  iommud_call_return_sent (self,
                           iommud_reply_error (self->state->connection, self->message, error));
}

/* Ends a call that was cancelled, which no one waits for. What was undone may have been told. */
static void
drop_cancelled (IommudCall *self, GError *error)
{
  g_autoptr (GError) owned = error;

  log_answer (self, owned->message);
  iommud_changes_flush (self->state->changes);
  call_free (self);
}

/* Ends a call that failed in one of our methods. Takes the error. */
void
iommud_call_fail (IommudCall *self, GError *error)
{
  g_autoptr (GError) owned = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      drop_cancelled (self, error);
      return;
    }
  owned = iommud_method_errors_translate (error);
  iommud_method_errors_limit (g_dbus_message_get_interface (self->message),
                              g_dbus_message_get_member (self->message), owned);
  iommud_stale_note_failure (
      iommud_objects_get_model (self->state->objects, g_dbus_message_get_path (self->message)),
      owned);
  fail (self, owned);
}

/* Ends a call that returns the value, a tuple in which the handle 0 stands for the file. Closes the
 * file. Returns the serial of the answer; 0: the caller has left, or may not have the file any
 * more, or wants no answer, or none can be sent. */
guint32
iommud_call_return_file (IommudCall *self, GVariant *value, int file)
{
  return iommud_call_return_files (self, value, &file, 1);
}

/* The same for several files, for which the handles from 0 on stand. */
guint32
iommud_call_return_files (IommudCall *self, GVariant *value, const int *files, guint n_files)
{
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new_from_array (files, (gint) n_files);
  GError *error = NULL;

  if (iommud_call_recheck (self, &error))
    return answer (self, value, list);
  g_variant_unref (g_variant_ref_sink (value));
  iommud_call_fail (self, error);
  return 0;
}

/* Ends a call that the bus object itself refuses, with an error of D-Bus or of ours. Takes the
 * error. */
void
iommud_call_refuse (IommudCall *self, GError *error)
{
  g_autoptr (GError) owned = error;

  fail (self, owned);
}
