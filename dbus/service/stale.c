/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that others change, too: a call that fails because something is not there, or is in
 * use, may be the first that is heard of such a change. */
#include "stale.h"

static IommudContainer *
get_container (gpointer model)
{
  if (model != NULL && IOMMUD_IS_CONTAINER (model))
    return model;
  if (model != NULL && IOMMUD_IS_HWPT (model))
    return iommud_hwpt_get_container (model);
  return NULL;
}

static gboolean
is_shared (IommudContainer *container)
{
  gboolean shared = FALSE;

  g_object_get (container, "shared", &shared, NULL);
  return shared;
}

void
iommud_stale_note_failure (gpointer model, const GError *error)
{
  IommudContainer *container = get_container (model);

  if (container == NULL
      || (!g_error_matches (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND)
          && !g_error_matches (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY))
      || !is_shared (container))
    return;
  iommud_container_refresh_async (container, NULL, NULL, NULL);
}
