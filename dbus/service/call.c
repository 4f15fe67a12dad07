/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One method call, from its arrival to its answer. The answer is the last thing that an operation
 * sends: every change that it made has been told before. */
#include "call.h"

#include "iommud-dbus-error.h"

#define MAX_ERROR_BYTES 4096

struct _IommudCall
{
  IommudServiceParts *parts;
  GDBusMethodInvocation *invocation; /* NULL once answered */
  guint32 uid;
};

IommudCall *
iommud_call_new (IommudServiceParts *parts, GDBusMethodInvocation *invocation)
{
  IommudCall *self = g_new0 (IommudCall, 1);

  self->parts = iommud_service_parts_ref (parts);
  self->invocation = invocation;
  self->uid = G_MAXUINT32;
  return self;
}

static void
call_free (IommudCall *self)
{
  g_clear_pointer (&self->parts, iommud_service_parts_unref);
  g_free (self);
}

GVariant *
iommud_call_get_arguments (IommudCall *self)
{
  return g_dbus_method_invocation_get_parameters (self->invocation);
}

/* The caller's user; known to methods that change something, G_MAXUINT32 elsewhere. */
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
answer (IommudCall *self, GVariant *value)
{
  log_answer (self, "done");
  iommud_changes_flush (self->parts->changes);
  g_dbus_method_invocation_return_value (g_steal_pointer (&self->invocation), value);
  call_free (self);
}

/* Ends a call that returns nothing. */
void
iommud_call_return (IommudCall *self)
{
  answer (self, NULL);
}

/* Ends a call that returns an object's path, or "/" for NULL. */
void
iommud_call_return_object (IommudCall *self, gpointer object)
{
  const char *path = iommud_paths_get_path (self->parts->paths, object);

  if (object != NULL && g_str_equal (path, "/"))
    iommud_call_fail (self, g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                                         "It was done, but the object has gone meanwhile"));
  else
    answer (self, g_variant_new ("(o)", path));
}

/* Callers learn one domain; an error of another one comes from below the model and is a failure. */
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
  log_answer (self, error->message);
  iommud_changes_flush (self->parts->changes);
  g_dbus_method_invocation_take_error (g_steal_pointer (&self->invocation), error);
  call_free (self);
}
