/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl alloc and free: makes HWPTs by hand, and frees them and containers. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "names.h"
#include "records.h"

#include <glib/gi18n.h>

static gboolean
call_alloc (IommuctlRequest *request, const char *container, const char *device, char **hwpt,
            GError **error)
{
  g_autoptr (IommudDBusContainer) proxy =
      iommuctl_service_new_proxy (request->service, container, IOMMUD_DBUS_TYPE_CONTAINER_PROXY,
                                  IOMMUD_DBUS_CONTAINER_INTERFACE, error);

  return proxy != NULL
         && iommud_dbus_container_call_alloc_hwpt_sync (
             proxy, device, iommuctl_request_method_options (request),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, hwpt,
             request->cancellable, error);
}

gboolean
iommuctl_alloc_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *container =
      iommuctl_names_find_container (request->service, request->arguments[0], error);
  g_autofree char *device = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GVariant) record = NULL;

  if (container == NULL)
    return FALSE;
  device = iommuctl_names_find_device (request->service, request->arguments[1], error);
  if (device == NULL || !call_alloc (request, container, device, &path, error))
    return FALSE;
  record = iommuctl_records_read (request->service, path, error);
  if (record == NULL)
    return FALSE;
  name = iommuctl_names_of_path (request->service, path);
  iommuctl_output_result (request->output, record, _ ("Allocated HWPT %s"), name);
  return TRUE;
}

static GVariant *
path_record (const char *path)
{
  return g_variant_new_parsed ("{'Path': <%o>}", path);
}

static gboolean
call_free_of_hwpt (IommuctlRequest *request, const char *path, GError **error)
{
  g_autoptr (IommudDBusHwpt) proxy = iommuctl_service_new_proxy (
      request->service, path, IOMMUD_DBUS_TYPE_HWPT_PROXY, IOMMUD_DBUS_HWPT_INTERFACE, error);

  return proxy != NULL
         && iommud_dbus_hwpt_call_free_sync (proxy, iommuctl_request_method_options (request),
                                             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                                             G_MAXINT, request->cancellable, error);
}

static gboolean
free_hwpt (IommuctlRequest *request, const char *path, GError **error)
{
  g_autofree char *name = iommuctl_names_of_path (request->service, path);

  if (iommuctl_request_has (request, "force"))
    {
      g_set_error_literal (
          error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
          _ ("--force is only for containers: detach the devices of a HWPT first"));
      return FALSE;
    }
  if (!call_free_of_hwpt (request, path, error))
    return FALSE;
  iommuctl_output_result (request->output, path_record (path), _ ("Freed HWPT %s"), name);
  return TRUE;
}

static gboolean
free_container (IommuctlRequest *request, const char *path, GError **error)
{
  g_autofree char *name = iommuctl_names_of_path (request->service, path);
  g_autoptr (IommudDBusContainer) proxy =
      iommuctl_service_new_proxy (request->service, path, IOMMUD_DBUS_TYPE_CONTAINER_PROXY,
                                  IOMMUD_DBUS_CONTAINER_INTERFACE, error);

  if (proxy == NULL
      || !iommud_dbus_container_call_free_sync (proxy, iommuctl_request_method_options (request),
                                                G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                                                G_MAXINT, request->cancellable, error))
    return FALSE;
  iommuctl_output_result (request->output, path_record (path), _ ("Freed container %s"), name);
  return TRUE;
}

gboolean
iommuctl_free_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *path = iommuctl_names_find (request->service, request->arguments[0], error);
  const char *interface_name = NULL;

  if (path == NULL)
    return FALSE;
  interface_name = iommuctl_names_get_interface (path);
  if (g_str_equal (interface_name, IOMMUD_DBUS_CONTAINER_INTERFACE))
    return free_container (request, path, error);
  if (g_str_equal (interface_name, IOMMUD_DBUS_HWPT_INTERFACE))
    return free_hwpt (request, path, error);
  g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE,
               _ ("'%s' is a device: 'iommuctl detach' lets go of it"), request->arguments[0]);
  return FALSE;
}
