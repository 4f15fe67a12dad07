/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One method call, from its arrival to its answer. The answer is the last thing that an operation
 * sends: all signals for what it has changed are sent before. */
#include "call.h"

#include "files.h"
#include "iommud-dbus-error.h"
#include "method-errors.h"

#define MAX_ERROR_BYTES 4096

struct _IommudCall
{
  IommudServiceState *state;
  GDBusMethodInvocation *invocation; /* NULL once answered */
  char *caller;
  guint32 uid;
  GUnixFDList *files; /* of the message, until one is taken; NULL if there are none */
  gboolean admitted;
  guint64 bitmap_bytes;
};

static gboolean
takes_file (GDBusMethodInvocation *invocation)
{
  GDBusArgInfo **arguments = g_dbus_method_invocation_get_method_info (invocation)->in_args;

  for (guint i = 0; arguments != NULL && arguments[i] != NULL; i++)
    if (g_str_equal (arguments[i]->signature, "h"))
      return TRUE;
  return FALSE;
}

IommudCall *
iommud_call_new (IommudServiceState *state, GDBusMethodInvocation *invocation)
{
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  IommudCall *self = g_new0 (IommudCall, 1);

  self->state = iommud_service_state_ref (state);
  self->invocation = invocation;
  self->caller = g_strdup (sender == NULL ? "" : sender);
  self->uid = G_MAXUINT32;
  self->files = iommud_files_steal (g_dbus_method_invocation_get_message (invocation));
  if (!takes_file (invocation))
    g_clear_object (&self->files);
  return self;
}

static void
give_back (IommudCall *self)
{
  IommudBudget *budget = self->state->budget;

  if (!self->admitted)
    return;
  iommud_budget_give_back_bitmap (budget, self->caller, self->bitmap_bytes);
  iommud_budget_give_back_call (budget, self->caller);
}

static void
call_free (IommudCall *self)
{
  give_back (self);
  g_clear_object (&self->files);
  g_clear_pointer (&self->state, iommud_service_state_unref);
  g_free (self->caller);
  g_free (self);
}

GVariant *
iommud_call_get_arguments (IommudCall *self)
{
  return g_dbus_method_invocation_get_parameters (self->invocation);
}

/* Which object a path in the arguments stands for. */
IommudPaths *
iommud_call_get_paths (IommudCall *self)
{
  return self->state->paths;
}

/* The caller's user. Only a method that changes something knows it; others have G_MAXUINT32. */
guint32
iommud_call_get_uid (IommudCall *self)
{
  return self->uid;
}

void
iommud_call_set_uid (IommudCall *self, guint32 uid)
{
  self->uid = uid;
}

/* Whether the caller may have one more call under way. */
gboolean
iommud_call_admit (IommudCall *self, GError **error)
{
  self->admitted = iommud_budget_take_call (self->state->budget, self->caller, error);
  return self->admitted;
}

/* Bits are cleared when they are read, so they are read only if they can be sent. */
static gboolean
can_send_files (IommudCall *self, GError **error)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (self->invocation);

  if (g_dbus_connection_get_capabilities (connection) & G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING)
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

  if (!can_send_files (self, error))
    return FALSE;
  if (!iommud_budget_take_bitmap (self->state->budget, self->caller, n_bytes, error))
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
  GDBusMethodInvocation *invocation = self->invocation;

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, "IOMMUD_OBJECT",
                    g_dbus_method_invocation_get_object_path (invocation), "IOMMUD_METHOD",
                    g_dbus_method_invocation_get_method_name (invocation), "IOMMUD_CALLER",
                    g_dbus_method_invocation_get_sender (invocation), "MESSAGE", "%s.%s of %s: %s",
                    g_dbus_method_invocation_get_interface_name (invocation),
                    g_dbus_method_invocation_get_method_name (invocation),
                    g_dbus_method_invocation_get_object_path (invocation), answer);
}

static void
answer (IommudCall *self, GVariant *value, GUnixFDList *files)
{
  log_answer (self, "done");
  iommud_changes_flush (self->state->changes);
  g_dbus_method_invocation_return_value_with_unix_fd_list (g_steal_pointer (&self->invocation),
                                                           value, files);
  call_free (self);
}

/* Ends a call that returns nothing. */
void
iommud_call_return (IommudCall *self)
{
  answer (self, NULL, NULL);
}

/* Ends a call that returns an object's path: "/" for NULL. */
void
iommud_call_return_object (IommudCall *self, gpointer object)
{
  const char *path = iommud_paths_get_path (self->state->paths, object);

  if (object != NULL && g_str_equal (path, "/"))
    iommud_call_fail (self, g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                                         "It was done, but the object is gone already"));
  else
    answer (self, g_variant_new ("(o)", path), NULL);
}

/* Ends a call that returns the value, a tuple. Takes a floating reference. */
void
iommud_call_return_value (IommudCall *self, GVariant *value)
{
  answer (self, value, NULL);
}

/* Ends a call that returns the value, a tuple in which the handle 0 stands for the file. Closes the
 * file. */
void
iommud_call_return_file (IommudCall *self, GVariant *value, int file)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new_from_array (&file, 1);

  answer (self, value, files);
}

/* Callers know one domain. An error of another domain comes from below the model and is a failure.
 */
static GError *
in_our_domain (GError *error)
{
  g_autofree char *message = NULL;

  if (error->domain == IOMMUD_ERROR && strlen (error->message) <= MAX_ERROR_BYTES)
    return error;

  message = g_utf8_make_valid (error->message, MIN (strlen (error->message), MAX_ERROR_BYTES));
  g_free (error->message);
  error->message = g_steal_pointer (&message);
  if (error->domain != IOMMUD_ERROR)
    {
      error->domain = IOMMUD_ERROR;
      error->code = IOMMUD_ERROR_FAILED;
    }
  return error;
}

/* Ends a call that failed. Takes the error. */
void
iommud_call_fail (IommudCall *self, GError *error)
{
  error = in_our_domain (error);
  iommud_method_errors_limit (g_dbus_method_invocation_get_interface_name (self->invocation),
                              g_dbus_method_invocation_get_method_name (self->invocation), error);
  log_answer (self, error->message);
  iommud_changes_flush (self->state->changes);
  g_dbus_method_invocation_take_error (g_steal_pointer (&self->invocation), error);
  call_free (self);
}
