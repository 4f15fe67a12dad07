/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each user has, and whether it may be more. What a call is about to make is reserved for it
 * until it ends, so that many calls at once make no more than one after the other. */
#include "access/quotas.h"

#include <iommud.h>

struct _IommudQuotas
{
  IommudLimits limits;
  GHashTable *users; /* uid -> User (owned), for those who have something */
};

typedef struct
{
  IommudLimits used;
  IommudLimits reserved;
} User;

IommudQuotas *
iommud_quotas_new (void)
{
  IommudQuotas *self = g_new0 (IommudQuotas, 1);

  iommud_limits_init (&self->limits);
  self->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return self;
}

void
iommud_quotas_free (IommudQuotas *self)
{
  g_hash_table_unref (self->users);
  g_free (self);
}

/* Who has more already keeps it. */
void
iommud_quotas_set_limits (IommudQuotas *self, const IommudLimits *limits)
{
  self->limits = *limits;
}

static User *
find_user (const IommudQuotas *self, guint32 uid)
{
  return g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));
}

static User *
ensure_user (IommudQuotas *self, guint32 uid)
{
  User *user = find_user (self, uid);

  if (user != NULL)
    return user;
  user = g_new0 (User, 1);
  g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
  return user;
}

static gboolean
has_nothing (const User *user)
{
  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    if (user->used.values[i] != 0 || user->reserved.values[i] != 0)
      return FALSE;
  return TRUE;
}

static void
drop_idle_user (IommudQuotas *self, guint32 uid, const User *user)
{
  if (has_nothing (user))
    g_hash_table_remove (self->users, GUINT_TO_POINTER (uid));
}

/* The user has so many more or, with a negative number, fewer. */
void
iommud_quotas_add (IommudQuotas *self, guint32 uid, IommudLimit limit, gint64 n)
{
  User *user = ensure_user (self, uid);

  user->used.values[limit] += (guint64) n;
  drop_idle_user (self, uid, user);
}

static gboolean
check (const IommudQuotas *self, guint32 uid, const User *user, IommudLimit limit, guint64 cost,
       GError **error)
{
  guint64 has = user->used.values[limit] + user->reserved.values[limit];
  guint64 most = self->limits.values[limit];

  if (cost == 0 || (has <= most && cost <= most - has))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "User %u has %" G_GUINT64_FORMAT " of %s, and cannot have %" G_GUINT64_FORMAT
               " more: %" G_GUINT64_FORMAT " is the limit (%s in iommud.conf)",
               uid, has, iommud_limit_get_key (limit), cost, most, iommud_limit_get_key (limit));
  return FALSE;
}

/* All or nothing. To be released when what was made is counted, or will not be made. */
gboolean
iommud_quotas_reserve (IommudQuotas *self, guint32 uid, const IommudLimits *costs, GError **error)
{
  User *user = ensure_user (self, uid);
  gboolean fits = TRUE;

  for (guint i = 0; fits && i < IOMMUD_N_LIMITS; i++)
    fits = check (self, uid, user, i, costs->values[i], error);
  for (guint i = 0; fits && i < IOMMUD_N_LIMITS; i++)
    user->reserved.values[i] += costs->values[i];
  drop_idle_user (self, uid, user);
  return fits;
}

void
iommud_quotas_release (IommudQuotas *self, guint32 uid, const IommudLimits *costs)
{
  User *user = ensure_user (self, uid);

  for (guint i = 0; i < IOMMUD_N_LIMITS; i++)
    user->reserved.values[i] -= costs->values[i];
  drop_idle_user (self, uid, user);
}
