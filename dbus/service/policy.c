/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call a method: this depends on what the method asks of its caller. What is not allowed is
 * refused. */
#include "policy.h"

#include <iommud.h>

/* Only root changes the host that all users share. */
IommudPolicy
iommud_policy_for_system_bus (void)
{
  return (IommudPolicy){ .own_user_may_change = FALSE };
}

/* On a bus that belongs to one user, that user may do anything: the service runs as that user. */
IommudPolicy
iommud_policy_for_private_bus (uid_t own_uid)
{
  return (IommudPolicy){ .own_user_may_change = TRUE, .own_uid = own_uid };
}

static gboolean
may_change (const IommudPolicy *self, uid_t uid)
{
  return uid == 0 || (self->own_user_may_change && uid == self->own_uid);
}

gboolean
iommud_policy_check (const IommudPolicy *self, IommudAccess access, const char *interface,
                     const char *method, uid_t uid, GError **error)
{
  if (access == IOMMUD_ACCESS_READ || (access == IOMMUD_ACCESS_CHANGE && may_change (self, uid)))
    return TRUE;

  if (access != IOMMUD_ACCESS_CHANGE)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED, "No user may call %s.%s",
                 interface, method);
  else
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                 "User %u may not call %s.%s: it changes the host, which only %s may do",
                 (guint) uid, interface, method,
                 self->own_user_may_change ? "root and the service's own user" : "root");
  return FALSE;
}
