/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller is told who may not: what is missing, and who could give it. */
#include "access/refusal.h"

#include <iommud.h>

#include "access/ownership.h"

/* What the caller has not got. Owned. */
static char *
describe (const IommudNeed *need)
{
  guint32 owner = 0;

  if (need->object == NULL && need->may_be_granted)
    return g_strdup ("no grant is for that user");
  if (need->object == NULL)
    return g_strdup ("it changes what all users share");
  if (iommud_ownership_find (need->object, &owner) && !need->may_be_granted)
    return g_strdup_printf ("what it changes belongs to user %u", owner);
  if (IOMMUD_IS_DEVICE (need->object) && need->may_be_granted)
    return g_strdup_printf ("no grant lets that user use device %s",
                            iommud_device_get_name (IOMMUD_DEVICE (need->object)));
  return g_strdup ("what it changes is not that user's");
}

/* @why: what came of the attempt to get it by other means; NULL: only root may. */
GError *
iommud_refusal_new (const IommudRequest *request, const IommudNeed *need, const char *why)
{
  g_autofree char *what = describe (need);

  return g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_NOT_AUTHORIZED,
                      "User %u may not call %s.%s: %s, and %s", request->caller->uid,
                      request->interface, request->method, what,
                      why == NULL ? "otherwise only root may" : why);
}

/* Owned; NULL: there is nothing to say about it. */
static char *
explain (IommudPolkitAnswer answer, const char *action, const char *message)
{
  switch (answer)
    {
    case IOMMUD_POLKIT_REFUSED:
      return g_strdup_printf ("polkit does not allow %s", action);
    case IOMMUD_POLKIT_WANTS_PASSWORD:
      return g_strdup_printf ("polkit wants a password for %s, and the call does not allow to ask "
                              "for one (ALLOW_INTERACTIVE_AUTHORIZATION)",
                              action);
    case IOMMUD_POLKIT_DIED:
      return g_strdup_printf ("polkit ended while it was asked about %s", action);
    case IOMMUD_POLKIT_LATE:
      return g_strdup_printf ("polkit did not answer in time about %s", action);
    case IOMMUD_POLKIT_FAILED:
      return g_strdup_printf ("polkit cannot be asked about %s: %s", action, message);
    case IOMMUD_POLKIT_ALLOWED:
    case IOMMUD_POLKIT_ABSENT:
    case IOMMUD_POLKIT_TOO_MANY:
    case IOMMUD_POLKIT_CANCELLED:
    default:
      return NULL;
    }
}

/* @answer: about the first thing that the caller has not got. */
GError *
iommud_refusal_new_from_polkit (const IommudRequest *request, IommudPolkitAnswer answer,
                                const char *message)
{
  const IommudNeed *need = iommud_needs_find_unmet (request->needs);
  g_autofree char *why = explain (answer, iommud_action_get_id (need->action), message);

  if (answer == IOMMUD_POLKIT_CANCELLED)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The caller has left the bus");
  if (answer == IOMMUD_POLKIT_TOO_MANY)
    return g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                        "%d calls of user %u wait for polkit, which is the limit: wait for answers",
                        IOMMUD_POLKIT_WAITING_PER_USER, request->caller->uid);
  return iommud_refusal_new (request, need, why);
}
