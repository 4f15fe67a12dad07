/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which user a name on the bus belongs to: the bus is asked, and its last answer is kept. A bus
 * never gives a unique name twice, so an answer stays true. */
#include "callers.h"

struct _IommudCallers
{
  char *name; /* the caller that was asked about last; NULL at first */
  guint32 uid;
  guint n_asked; /* questions without an answer */
};

IommudCallers *
iommud_callers_new (void)
{
  return g_new0 (IommudCallers, 1);
}

void
iommud_callers_free (IommudCallers *self)
{
  g_free (self->name);
  g_free (self);
}

/* The last answer is not used while a question is open: a call must not overtake an earlier call,
 * of any caller, that waits for its answer. */
gboolean
iommud_callers_recall (IommudCallers *self, const char *name, guint32 *uid)
{
  if (self->n_asked > 0 || name == NULL || g_strcmp0 (self->name, name) != 0)
    return FALSE;
  *uid = self->uid;
  return TRUE;
}

/* The callback hands its result to iommud_callers_learn(), exactly once. */
void
iommud_callers_ask (IommudCallers *self, GDBusConnection *connection, const char *name,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  self->n_asked++;
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixUser",
                          g_variant_new ("(s)", name == NULL ? "" : name), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, callback, user_data);
}

gboolean
iommud_callers_learn (IommudCallers *self, GDBusConnection *connection, const char *name,
                      GAsyncResult *result, guint32 *uid, GError **error)
{
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (connection, result, error);

  self->n_asked--;
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(u)", uid);
  g_free (self->name);
  self->name = g_strdup (name);
  self->uid = *uid;
  return TRUE;
}
