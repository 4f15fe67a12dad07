/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Containers that others change, too: a call that fails because something is not there, or is in
 * use, may be the first that is heard of such a change. */
#include "stale.h"

/* What a container has while it is being compared: one comparison says as much as many. */
#define UNDER_WAY "iommud-refresh-under-way"

static void
on_refreshed (GObject *container, GAsyncResult *result, gpointer user_data)
{
  g_object_set_data (container, UNDER_WAY, NULL);
}

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
  if (g_object_get_data (G_OBJECT (container), UNDER_WAY) != NULL)
    return;
  g_object_set_data (G_OBJECT (container), UNDER_WAY, container);
  iommud_container_refresh_async (container, NULL, on_refreshed, NULL);
}
