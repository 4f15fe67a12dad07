/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a message on the bus to its handler: which object and method it names, whether its arguments
 * are of the method's types, and whether the caller's user may call it. */
#include "dispatch.h"

#include "export.h"
#include "standard-interfaces.h"

/* The part of a name that an error repeats. */
#define NAME "%.255s"

/* A call whose caller is asked for something. */
typedef struct
{
  IommudServiceState *state;
  IommudCall *call;
  const IommudMethod *method;
  GObject *called; /* that the call was for when it came */
} Admission;

/* What is found under the call's path now; NULL with error set. */
static IommudExport *
find_export (IommudServiceState *state, GDBusMessage *message, GError **error)
{
  return iommud_objects_find_export (state->objects, g_dbus_message_get_path (message),
                                     g_dbus_message_get_interface (message),
                                     G_DBUS_ERROR_UNKNOWN_METHOD, error);
}

/* An object may have gone while the answer was awaited, and another one may have its path. Then the
 * answer is the one that a later call gets. */
static void
handle (Admission *admission)
{
  IommudCall *call = admission->call;
  GDBusMessage *message = iommud_call_get_message (call);
  GError *error = NULL;
  IommudExport *export = find_export (admission->state, message, &error);

  if (export != NULL && iommud_export_get_model (export) != admission->called)
    {
      export = NULL;
      error = iommud_objects_new_missing_error (g_dbus_message_get_path (message));
    }
  if (export == NULL)
    iommud_call_refuse (call, error);
  else if (!iommud_call_check_objects (call, &error) || !iommud_call_charge (call, &error))
    iommud_call_fail (call, error);
  else
    admission->method->handle (export, call);
}

/* Takes the error. */
static void
on_authorized (GError *error, gpointer user_data)
{
  Admission *admission = user_data;

  if (error == NULL && iommud_call_has_caller (admission->call))
    handle (admission);
  else if (error == NULL)
    iommud_call_drop (admission->call);
  else
    iommud_call_fail (admission->call, error);
  g_object_unref (admission->called);
  iommud_service_state_unref (admission->state);
  g_free (admission);
}

/* What is asked of callers that are not trusted with everything. */
static void
ask_for_access (IommudServiceState *state, IommudExport *export, const IommudMethod *method,
                IommudCall *call)
{
  Admission *admission = g_new0 (Admission, 1);

  admission->state = iommud_service_state_ref (state);
  admission->call = call;
  admission->method = method;
  admission->called = g_object_ref (iommud_export_get_model (export));
  iommud_call_authorize (call,
                         iommud_needs_new (method->access, admission->called,
                                           iommud_call_get_arguments (call), state->objects),
                         on_authorized, admission);
}

/* If a method has no row, or its row names no access, that is a mistake in this program, which a
 * test finds. Calls of it are refused. */
static gboolean
check_row (const IommudMethod *method, const GDBusMethodInfo *info, IommudCaller *caller,
           const char *interface, GError **error)
{
  if (method == NULL || method->access == IOMMUD_ACCESS_NONE)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED, "No user may call %s.%s",
                 interface, info->name);
  else if (method->access != IOMMUD_ACCESS_READ && caller->cause != NULL)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                 "%s.%s: the bus does not say which user calls: %s", interface, info->name,
                 caller->cause->message);
  else
    return TRUE;
  return FALSE;
}

static void
dispatch_ours (IommudServiceState *state, IommudCaller *caller, IommudExport *export,
               const GDBusMethodInfo *info, IommudCall *call)
{
  const char *interface = iommud_export_get_info (export)->name;
  const IommudMethod *method =
      iommud_interface_find_method (iommud_export_get_interface (export), info->name);
  GError *error = NULL;

  if (!check_row (method, info, caller, interface, &error)
      || (method->access != IOMMUD_ACCESS_READ && !iommud_call_admit (call, &error)))
    iommud_call_fail (call, error);
  else if (method->access == IOMMUD_ACCESS_READ
           || iommud_authorizer_trusts (state->authorizer, caller))
    method->handle (export, call);
  else if (!iommud_call_charge_call (call, &error))
    iommud_call_fail (call, error);
  else
    ask_for_access (state, export, method, call);
}

static const GDBusMethodInfo *
find_method (GDBusInterfaceInfo *interface, GDBusMessage *message, GError **error)
{
  const char *member = g_dbus_message_get_member (message);
  const GDBusMethodInfo *method = g_dbus_interface_info_lookup_method (interface, member);

  if (method == NULL)
    g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD, "%s has no method " NAME,
                 interface->name, member);
  else if (!iommud_standard_check_arguments (method, message, error))
    return NULL;
  return method;
}

/* The contents of a call that were too large were not kept (see intake.c). */
static gboolean
has_lost_contents (GDBusMessage *message)
{
  return g_dbus_message_get_path (message) == NULL;
}

static GError *
new_too_large_error (GDBusMessage *message)
{
  return g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                      "The arguments of " NAME " take more than 256 KiB, or its header more than "
                      "4 KiB, which are the limits",
                      g_dbus_message_get_member (message));
}

/* Takes the message. */
void
iommud_dispatch (IommudServiceState *state, IommudCaller *caller, GDBusMessage *message)
{
  g_autoptr (GDBusMessage) owned = message;
  IommudCall *call = iommud_call_new (state, caller, owned);
  GError *error = NULL;
  IommudExport *export = NULL;
  const GDBusMethodInfo *method = NULL;

  if (has_lost_contents (message))
    {
      iommud_call_refuse (call, new_too_large_error (message));
      return;
    }
  if (iommud_standard_handle (state, call))
    return;
  export = find_export (state, message, &error);
  if (export != NULL)
    method = find_method (iommud_export_get_info (export), message, &error);
  if (method == NULL)
    iommud_call_refuse (call, error);
  else
    dispatch_ours (state, caller, export, method, call);
}
