/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call which method: one table, and whatever is not in it is refused. */
#include "policy.h"

#include <iommud.h>

#include "iommud-dbus-names.h"

static const struct
{
  const char *interface;
  const char *method;
  IommudAccess access;
} rows[] = {
  { IOMMUD_DBUS_MANAGER_INTERFACE, "CreateContainer", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_MANAGER_INTERFACE, "FindDevice", IOMMUD_ACCESS_READ },
  { IOMMUD_DBUS_MANAGER_INTERFACE, "FindContainer", IOMMUD_ACCESS_READ },
  { IOMMUD_DBUS_DEVICE_INTERFACE, "Detach", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "AttachDevice", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "AllocHwpt", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "Free", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "MapFile", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "CopyMapping", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "Unmap", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "UnmapAll", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "SetAllowedIovas", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "StartDirtyTracking", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "StopDirtyTracking", IOMMUD_ACCESS_CHANGE },
  /* It clears what it reads. */
  { IOMMUD_DBUS_CONTAINER_INTERFACE, "ReadDirtyBitmap", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_HWPT_INTERFACE, "AttachDevice", IOMMUD_ACCESS_CHANGE },
  { IOMMUD_DBUS_HWPT_INTERFACE, "Free", IOMMUD_ACCESS_CHANGE },
};

/* Only root changes the host that everybody shares. */
IommudPolicy
iommud_policy_for_system_bus (void)
{
  return (IommudPolicy){ .own_user_may_change = FALSE };
}

/* On a bus of one user that user may do what the service could do for it anyway. */
IommudPolicy
iommud_policy_for_private_bus (uid_t own_uid)
{
  return (IommudPolicy){ .own_user_may_change = TRUE, .own_uid = own_uid };
}

IommudAccess
iommud_policy_get_access (const char *interface, const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].interface, interface) && g_str_equal (rows[i].method, method))
      return rows[i].access;
  return IOMMUD_ACCESS_NONE;
}

static gboolean
may_change (const IommudPolicy *self, uid_t uid)
{
  return uid == 0 || (self->own_user_may_change && uid == self->own_uid);
}

gboolean
iommud_policy_check (const IommudPolicy *self, const char *interface, const char *method, uid_t uid,
                     GError **error)
{
  IommudAccess access = iommud_policy_get_access (interface, method);

  if (access == IOMMUD_ACCESS_READ || (access == IOMMUD_ACCESS_CHANGE && may_change (self, uid)))
    return TRUE;

  if (access == IOMMUD_ACCESS_NONE)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED, "Nobody may call %s.%s",
                 interface, method);
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                 "User %u may not call %s.%s: it changes the host, which only %s may do",
                 (guint) uid, interface, method,
                 self->own_user_may_change ? "root and the service's own user" : "root");
  return FALSE;
}
