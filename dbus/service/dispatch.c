/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a method call on the bus to its handler: who calls, whether they may, and what handles it.
 *
 * A call that changes something waits for the bus to say who the caller is. The calls of one caller
 * stay in order, since the bus answers in order. */
#include "dispatch.h"

typedef struct
{
  IommudExport *export;
  IommudCall *call;
  const char *interface; /* of the static interface description, as is method->name */
  const IommudMethod *method;
} Dispatch;

static void
dispatch_free (Dispatch *self)
{
  g_clear_object (&self->export);
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
on_caller_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Dispatch) self = user_data;
  const IommudPolicy *policy = &iommud_export_get_parts (self->export)->policy;
  g_autoptr (GError) cause = NULL;
  GError *error = NULL;
  guint32 uid = G_MAXUINT32;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &cause);

  if (reply == NULL)
    {
      fail_unknown_caller (self, cause);
      return;
    }
  g_variant_get (reply, "(u)", &uid);
  if (!iommud_policy_check (policy, self->interface, self->method->name, uid, &error))
    {
      iommud_call_fail (self->call, error);
      return;
    }
  iommud_call_set_uid (self->call, uid);
  self->method->handle (self->export, self->call);
}

static void
ask_for_caller (Dispatch *self, GDBusConnection *connection, const char *sender)
{
  g_dbus_connection_call (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionUnixUser", g_variant_new ("(s)", sender == NULL ? "" : sender),
      G_VARIANT_TYPE ("(u)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_caller_known, self);
}

/* A method of the interface that has no handler or no row in the policy: a mistake of this program
 * that a test finds. Here it is refused. */
static void
refuse (GDBusMethodInvocation *invocation)
{
  g_dbus_method_invocation_return_error (invocation, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                                         "Nobody may call %s.%s",
                                         g_dbus_method_invocation_get_interface_name (invocation),
                                         g_dbus_method_invocation_get_method_name (invocation));
}

void
iommud_dispatch (IommudExport *export, GDBusMethodInvocation *invocation)
{
  IommudExportClass *class = IOMMUD_EXPORT_GET_CLASS (export);
  const IommudMethod *method = iommud_export_class_find_method (
      class, g_dbus_method_invocation_get_method_name (invocation));
  IommudAccess access = method == NULL ? IOMMUD_ACCESS_NONE
                                       : iommud_policy_get_access (class->info->name, method->name);
  IommudCall *call = NULL;
  Dispatch *self = NULL;

  if (access == IOMMUD_ACCESS_NONE)
    {
      refuse (invocation);
      return;
    }
  call = iommud_call_new (iommud_export_get_parts (export), invocation);
  if (access == IOMMUD_ACCESS_READ)
    {
      method->handle (export, call);
      return;
    }
  self = g_new0 (Dispatch, 1);
  self->export = g_object_ref (export);
  self->call = call;
  self->interface = class->info->name;
  self->method = method;
  ask_for_caller (self, g_dbus_method_invocation_get_connection (invocation),
                  g_dbus_method_invocation_get_sender (invocation));
}
