/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl dirty start and dirty stop: whether it is recorded what devices write to. */
#include "config.h"

#include "command.h"
#include "names.h"

#include <glib/gi18n.h>

static GVariant *
result_record (IommudDBusContainer *container, gboolean active)
{
  const char *path = g_dbus_proxy_get_object_path (G_DBUS_PROXY (container));
  const char *const none[] = { NULL };
  const char *const *blockers = iommud_dbus_container_get_migration_blockers (container);

  return g_variant_new_parsed (
      "{'Container': <%o>, 'DirtyTrackingActive': <%b>, 'MigrationBlockers': <%^as>}", path, active,
      blockers == NULL ? none : blockers);
}

/* Whoever starts it wants to know whom it does not cover. */
static void
print_blockers (IommuctlRequest *request, IommudDBusContainer *container)
{
  const char *const *blockers = iommud_dbus_container_get_migration_blockers (container);

  for (guint i = 0; blockers != NULL && blockers[i] != NULL; i++)
    {
      g_autofree char *line = g_strdup_printf (_ ("But: %s"), blockers[i]);

      iommuctl_output_text (request->output, line);
    }
}

gboolean
iommuctl_dirty_start_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (IommudDBusContainer) container =
      iommuctl_names_find_container (request->client, request->arguments[0], error);
  g_autofree char *name = NULL;

  if (container == NULL
      || !iommud_dbus_container_call_start_dirty_tracking_sync (
          container, iommuctl_request_method_options (request), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
          NULL, error))
    return FALSE;
  iommuctl_request_settle (request);
  name = iommud_dbus_container_dup_name (container);
  iommuctl_output_result (request->output, result_record (container, TRUE),
                          _ ("Started dirty tracking of %s"), name);
  print_blockers (request, container);
  return TRUE;
}

gboolean
iommuctl_dirty_stop_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (IommudDBusContainer) container =
      iommuctl_names_find_container (request->client, request->arguments[0], error);
  g_autofree char *name = NULL;

  if (container == NULL
      || !iommud_dbus_container_call_stop_dirty_tracking_sync (
          container, iommuctl_request_method_options (request), G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
          NULL, error))
    return FALSE;
  iommuctl_request_settle (request);
  name = iommud_dbus_container_dup_name (container);
  iommuctl_output_result (request->output, result_record (container, FALSE),
                          _ ("Stopped dirty tracking of %s"), name);
  return TRUE;
}
