/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call which method. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef enum
{
  IOMMUD_ACCESS_NONE,   /* nobody: the method is in no row */
  IOMMUD_ACCESS_READ,   /* everybody */
  IOMMUD_ACCESS_CHANGE, /* root, and the service's own user where the bus is that user's */
} IommudAccess;

typedef struct
{
  gboolean own_user_may_change;
  uid_t own_uid;
} IommudPolicy;

IommudPolicy iommud_policy_for_system_bus (void);
IommudPolicy iommud_policy_for_private_bus (uid_t own_uid);
IommudAccess iommud_policy_get_access (const char *interface, const char *method);
gboolean iommud_policy_check (const IommudPolicy *self, const char *interface, const char *method,
                              uid_t uid, GError **error);

G_END_DECLS
