/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl dirty start and dirty stop: the recording of the pages that devices write to. */
#include "config.h"

#include "command.h"
#include "names.h"

#include <glib/gi18n.h>

typedef struct
{
  IommuctlRequest *request;
  IommudDBusDirtyTracking *tracking;
  char *container;
  char *container_name;
  GVariant *blockers; /* an "as", once the call has succeeded */
} DirtyCommand;

static void
dirty_clear (DirtyCommand *self)
{
  g_clear_object (&self->tracking);
  g_free (self->container);
  g_free (self->container_name);
  g_clear_pointer (&self->blockers, g_variant_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DirtyCommand, dirty_clear)

static gboolean
dirty_init (DirtyCommand *self, IommuctlRequest *request, GError **error)
{
  self->request = request;
  self->container = iommuctl_names_find_container (request->service, request->arguments[0], error);
  if (self->container == NULL)
    return FALSE;
  self->container_name = iommuctl_names_of_path (request->service, self->container);
  self->tracking = iommuctl_service_new_proxy (request->service, self->container,
                                               IOMMUD_DBUS_TYPE_DIRTY_TRACKING_PROXY,
                                               IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, error);
  return self->tracking != NULL;
}

static gboolean
read_blockers (DirtyCommand *self, GError **error)
{
  self->blockers = iommuctl_service_read (self->request->service, self->container,
                                          IOMMUD_DBUS_DIRTY_TRACKING_INTERFACE, "Blockers", error);
  return self->blockers != NULL;
}

static GVariant *
result_record (DirtyCommand *self, gboolean active)
{
  return g_variant_new_parsed (
      "{'Container': <%o>, 'DirtyTrackingActive': <%b>, 'DirtyTrackingBlockers': <%@as>}",
      self->container, active, self->blockers);
}

/* The person who starts dirty tracking wants to know which devices it does not cover. */
static void
print_blockers (DirtyCommand *self)
{
  GVariantIter iter;
  const char *blocker = NULL;

  g_variant_iter_init (&iter, self->blockers);
  while (g_variant_iter_next (&iter, "&s", &blocker))
    {
      g_autofree char *line = g_strdup_printf (_ ("But: %s"), blocker);

      iommuctl_output_text (self->request->output, line);
    }
}

gboolean
iommuctl_dirty_start_run (IommuctlRequest *request, GError **error)
{
  g_auto (DirtyCommand) dirty = { 0 };

  if (!dirty_init (&dirty, request, error)
      || !iommud_dbus_dirty_tracking_call_start_sync (
          dirty.tracking, iommuctl_request_method_options (request),
          G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, request->cancellable, error)
      || !read_blockers (&dirty, error))
    return FALSE;
  iommuctl_output_result (request->output, result_record (&dirty, TRUE),
                          _ ("Started dirty tracking of %s"), dirty.container_name);
  print_blockers (&dirty);
  return TRUE;
}

gboolean
iommuctl_dirty_stop_run (IommuctlRequest *request, GError **error)
{
  g_auto (DirtyCommand) dirty = { 0 };

  if (!dirty_init (&dirty, request, error)
      || !iommud_dbus_dirty_tracking_call_stop_sync (
          dirty.tracking, iommuctl_request_method_options (request),
          G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, request->cancellable, error)
      || !read_blockers (&dirty, error))
    return FALSE;
  iommuctl_output_result (request->output, result_record (&dirty, FALSE),
                          _ ("Stopped dirty tracking of %s"), dirty.container_name);
  return TRUE;
}
