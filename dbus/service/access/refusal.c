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
