/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call a method. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What a method asks of its caller. */
typedef enum
{
  IOMMUD_ACCESS_NONE,   /* no caller may: for a method that does not say */
  IOMMUD_ACCESS_READ,   /* every caller may */
  IOMMUD_ACCESS_CHANGE, /* root may, and the service's own user if the bus is that user's */
} IommudAccess;

typedef struct
{
  gboolean own_user_may_change;
  uid_t own_uid;
} IommudPolicy;

IommudPolicy iommud_policy_for_system_bus (void);
IommudPolicy iommud_policy_for_private_bus (uid_t own_uid);
gboolean iommud_policy_check (const IommudPolicy *self, IommudAccess access, const char *interface,
                              const char *method, uid_t uid, GError **error);

G_END_DECLS
