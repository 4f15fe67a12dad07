/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a method asks of its caller. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What a method asks of its caller, beside that each object in its arguments is the caller's, and
 * that the caller may use each device there. */
typedef enum
{
  IOMMUD_ACCESS_NONE,           /* no caller may: for a method that does not say */
  IOMMUD_ACCESS_READ,           /* every caller may; nothing is asked */
  IOMMUD_ACCESS_OWNER,          /* that the object is the caller's; others must be let manage */
  IOMMUD_ACCESS_USE_CONTAINERS, /* that the caller has some grant, or is let use containers */
  IOMMUD_ACCESS_LEASE_DEVICE,   /* that the caller has some grant, or is let lease devices */
  IOMMUD_ACCESS_MANAGE,         /* that the caller is let manage what is others' */
  IOMMUD_ACCESS_CONFIGURE,      /* that the caller is let configure the host */
} IommudAccess;

/* What polkit is asked about, by harm. */
typedef enum
{
  IOMMUD_ACTION_LEASE_DEVICE,
  IOMMUD_ACTION_USE_CONTAINERS,
  IOMMUD_ACTION_MANAGE,
  IOMMUD_ACTION_CONFIGURE,
} IommudAction;

typedef struct
{
  gboolean own_user_may_change;
  uid_t own_uid;
  const char *config_dir; /* where grants and limits are; NULL: nowhere */
} IommudPolicy;

IommudPolicy iommud_policy_for_system_bus (void);
IommudPolicy iommud_policy_for_private_bus (uid_t own_uid);
gboolean iommud_policy_trusts (const IommudPolicy *self, uid_t uid);
IommudAction iommud_access_get_action (IommudAccess access);
const char *iommud_action_get_id (IommudAction action);

G_END_DECLS
