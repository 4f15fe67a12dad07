/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl alloc and free: makes HWPTs by hand, and frees them and containers. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>

gboolean
iommuctl_alloc_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (IommudDBusContainer) container = NULL;
  g_autoptr (IommudDBusDevice) device = NULL;
  g_autoptr (IommudDBusHwpt) hwpt = NULL;
  g_autoptr (GVariant) record = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;

  container = iommuctl_names_find_container (request->client, request->arguments[0], error);
  if (container == NULL)
    return FALSE;
  device = iommuctl_names_find_device (request->client, request->arguments[1], error);
  if (device == NULL)
    return FALSE;
  if (!iommud_dbus_container_call_alloc_hwpt_sync (
          container, g_dbus_proxy_get_object_path (G_DBUS_PROXY (device)),
          iommuctl_request_method_options (request), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, &path, NULL,
          error))
    return FALSE;
  iommuctl_request_settle (request);
  hwpt = iommud_dbus_client_find_hwpt (request->client, path, NULL, error);
  if (hwpt == NULL)
    return FALSE;
  record = iommuctl_records_of_proxy (request->client, G_DBUS_PROXY (hwpt));
  name = iommuctl_names_of_path (request->client, path);
  iommuctl_output_result (request->output, record, _ ("Allocated HWPT %s"), name);
  return TRUE;
}

static GVariant *
path_record (GDBusProxy *proxy)
{
  return g_variant_new_parsed ("{'Path': <%o>}", g_dbus_proxy_get_object_path (proxy));
}

static gboolean
free_hwpt (IommuctlRequest *request, IommudDBusHwpt *hwpt, GError **error)
{
  g_autofree char *name =
      iommuctl_names_of_path (request->client, g_dbus_proxy_get_object_path (G_DBUS_PROXY (hwpt)));

  if (iommuctl_request_has (request, "force"))
    {
      g_set_error_literal (
          error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
          _ ("--force is only for containers: detach the devices of a HWPT first"));
      return FALSE;
    }
  if (!iommud_dbus_hwpt_call_free_sync (hwpt, iommuctl_request_method_options (request),
                                        G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, error))
    return FALSE;
  iommuctl_output_result (request->output, path_record (G_DBUS_PROXY (hwpt)), _ ("Freed HWPT %s"),
                          name);
  return TRUE;
}

static gboolean
free_container (IommuctlRequest *request, IommudDBusContainer *container, GError **error)
{
  g_autofree char *name = iommud_dbus_container_dup_name (container);

  if (!iommud_dbus_container_call_free_sync (container, iommuctl_request_method_options (request),
                                             G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, error))
    return FALSE;
  iommuctl_output_result (request->output, path_record (G_DBUS_PROXY (container)),
                          _ ("Freed container %s"), name);
  return TRUE;
}

gboolean
iommuctl_free_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (GDBusProxy) proxy =
      iommuctl_names_find (request->client, request->arguments[0], error);

  if (proxy == NULL)
    return FALSE;
  if (IOMMUD_DBUS_IS_CONTAINER (proxy))
    return free_container (request, IOMMUD_DBUS_CONTAINER (proxy), error);
  if (IOMMUD_DBUS_IS_HWPT (proxy))
    return free_hwpt (request, IOMMUD_DBUS_HWPT (proxy), error);
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("%s is a device: 'iommuctl detach' lets go of it"), request->arguments[0]);
  return FALSE;
}
