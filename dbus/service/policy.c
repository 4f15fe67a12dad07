/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which users may do everything on which bus, and which actions there are for all others. */
#include "policy.h"

/* Only root changes the host that all users share without being asked for more. */
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

/* Whether the user may do everything. */
gboolean
iommud_policy_trusts (const IommudPolicy *self, uid_t uid)
{
  return uid == 0 || (self->own_user_may_change && uid == self->own_uid);
}

/* What a caller must be let do who does not have what a method asks for. */
IommudAction
iommud_access_get_action (IommudAccess access)
{
  switch (access)
    {
    case IOMMUD_ACCESS_LEASE_DEVICE:
      return IOMMUD_ACTION_LEASE_DEVICE;
    case IOMMUD_ACCESS_USE_CONTAINERS:
      return IOMMUD_ACTION_USE_CONTAINERS;
    case IOMMUD_ACCESS_OWNER:
    case IOMMUD_ACCESS_MANAGE:
      return IOMMUD_ACTION_MANAGE;
    case IOMMUD_ACCESS_NONE:
    case IOMMUD_ACCESS_READ:
    case IOMMUD_ACCESS_CONFIGURE:
    default:
      return IOMMUD_ACTION_CONFIGURE;
    }
}

/* As polkit knows it. */
const char *
iommud_action_get_id (IommudAction action)
{
  static const char *const ids[] = {
    [IOMMUD_ACTION_LEASE_DEVICE] = "org.iommud1.lease-device",
    [IOMMUD_ACTION_USE_CONTAINERS] = "org.iommud1.use-containers",
    [IOMMUD_ACTION_MANAGE] = "org.iommud1.manage",
    [IOMMUD_ACTION_CONFIGURE] = "org.iommud1.configure",
  };

  return ids[action];
}
