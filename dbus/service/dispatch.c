/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a message on the bus to its handler: which object and method it names, whether its arguments
 * are of the method's types, and whether the caller's user may call it. */
#include "dispatch.h"

#include "export.h"
#include "standard-interfaces.h"

/* The part of a name that an error repeats. */
#define NAME "%.255s"

static gboolean
check_access (IommudServiceState *state, const IommudCaller *caller, const IommudMethod *method,
              const char *interface, GError **error)
{
  if (method->access == IOMMUD_ACCESS_CHANGE && caller->cause != NULL)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                   "%s.%s: the bus does not say which user calls: %s", interface, method->name,
                   caller->cause->message);
      return FALSE;
    }
  return iommud_policy_check (&state->policy, method->access, interface, method->name, caller->uid,
                              error);
}

/* If a method has no handler, or its handler names no access, that is a mistake in this program,
 * which a test finds. Calls of it are refused. */
static void
dispatch_ours (IommudServiceState *state, IommudCaller *caller, IommudExport *export,
               const GDBusMethodInfo *info, IommudCall *call)
{
  static const IommudMethod missing = { NULL, IOMMUD_ACCESS_NONE, NULL };
  const char *interface = iommud_export_get_info (export)->name;
  const IommudMethod *method =
      iommud_interface_find_method (iommud_export_get_interface (export), info->name);
  GError *error = NULL;

  if (!check_access (state, caller, method == NULL ? &missing : method, interface, &error)
      || (method->access == IOMMUD_ACCESS_CHANGE && !iommud_call_admit (call, &error)))
    iommud_call_fail (call, error);
  else
    method->handle (export, call);
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
  export = iommud_objects_find_export (state->objects, g_dbus_message_get_path (message),
                                       g_dbus_message_get_interface (message),
                                       G_DBUS_ERROR_UNKNOWN_METHOD, &error);
  if (export != NULL)
    method = find_method (iommud_export_get_info (export), message, &error);
  if (method == NULL)
    iommud_call_refuse (call, error);
  else
    dispatch_ours (state, caller, export, method, call);
}
