/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a method call on the bus to its handler: who calls, whether that user may call, and what
 * handles the call.
 *
 * A call that changes something may take long, so such calls are counted for each caller. Such a
 * call waits until the bus has said who the caller is. Calls stay in order, since the bus answers
 * in order. */
#include "dispatch.h"

typedef struct
{
  IommudExport *export;
  IommudServiceState *state;
  IommudCall *call;
  char *sender;
  char *interface;
  const IommudMethod *method;
} Dispatch;

static Dispatch *
dispatch_new (IommudExport *export, IommudServiceState *state, const IommudMethod *method,
              GDBusMethodInvocation *invocation)
{
  Dispatch *self = g_new0 (Dispatch, 1);

  self->export = g_object_ref (export);
  self->state = iommud_service_state_ref (state);
  self->call = iommud_call_new (state, invocation);
  self->sender = g_strdup (g_dbus_method_invocation_get_sender (invocation));
  self->interface = g_strdup (g_dbus_method_invocation_get_interface_name (invocation));
  self->method = method;
  return self;
}

static void
dispatch_free (Dispatch *self)
{
  g_clear_object (&self->export);
  iommud_service_state_unref (self->state);
  g_free (self->sender);
  g_free (self->interface);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dispatch, dispatch_free)

static void
fail_unknown_caller (Dispatch *self, GError *cause)
{
  iommud_call_fail (self->call, g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                                             "%s.%s: the bus does not say which user calls: %s",
                                             self->interface, self->method->name, cause->message));
}

static void
handle_for (Dispatch *self, guint32 uid)
{
  const IommudPolicy *policy = &self->state->policy;
  GError *error = NULL;

  if (!iommud_policy_check (policy, self->method->access, self->interface, self->method->name, uid,
                            &error))
    {
      iommud_call_fail (self->call, error);
      return;
    }
  iommud_call_set_uid (self->call, uid);
  self->method->handle (self->export, self->call);
}

static void
on_caller_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Dispatch) self = user_data;
  IommudCallers *callers = self->state->callers;
  g_autoptr (GError) cause = NULL;
  guint32 uid = G_MAXUINT32;

  if (iommud_callers_learn (callers, G_DBUS_CONNECTION (source), self->sender, result, &uid,
                            &cause))
    handle_for (self, uid);
  else
    fail_unknown_caller (self, cause);
}

static void
dispatch_change (IommudExport *export, IommudServiceState *state, const IommudMethod *method,
                 GDBusMethodInvocation *invocation)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  IommudCallers *callers = state->callers;
  g_autoptr (Dispatch) self = dispatch_new (export, state, method, invocation);
  const char *sender = self->sender;
  guint32 uid = G_MAXUINT32;
  GError *error = NULL;

  if (!iommud_call_admit (self->call, &error))
    iommud_call_fail (self->call, error);
  else if (iommud_callers_recall (callers, sender, &uid))
    handle_for (self, uid);
  else
    iommud_callers_ask (callers, connection, sender, on_caller_known, g_steal_pointer (&self));
}

/* If a method has no handler, or its handler names no access, that is a mistake in this program,
 * which a test finds. Calls of it are refused. */
static void
refuse (IommudServiceState *state, GDBusMethodInvocation *invocation)
{
  GError *error = NULL;

  iommud_policy_check (&state->policy, IOMMUD_ACCESS_NONE,
                       g_dbus_method_invocation_get_interface_name (invocation),
                       g_dbus_method_invocation_get_method_name (invocation), G_MAXUINT32, &error);
  g_dbus_method_invocation_take_error (invocation, error);
}

void
iommud_dispatch (IommudExport *export, IommudServiceState *state, const IommudMethod *method,
                 GDBusMethodInvocation *invocation)
{
  if (method == NULL || method->access == IOMMUD_ACCESS_NONE)
    refuse (state, invocation);
  else if (method->access == IOMMUD_ACCESS_READ)
    method->handle (export, iommud_call_new (state, invocation));
  else
    dispatch_change (export, state, method, invocation);
}
