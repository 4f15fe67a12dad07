/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl attach and detach: a device joins a container and leaves it. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "names.h"

#include <glib/gi18n.h>

static GVariant *
attachment_record (const char *container, const char *device, const char *hwpt)
{
  return g_variant_new_parsed ("{'Device': <%o>, 'Container': <%o>, 'Hwpt': <%o>}", device,
                               container, hwpt);
}

static void
print_attachment (IommuctlRequest *request, const char *container, const char *device,
                  const char *hwpt)
{
  g_autofree char *container_name = iommuctl_names_of_path (request->service, container);
  g_autofree char *device_name = iommuctl_names_of_path (request->service, device);
  g_autofree char *hwpt_name = iommuctl_names_of_path (request->service, hwpt);
  GVariant *record = attachment_record (container, device, hwpt);

  if (g_str_equal (hwpt, IOMMUD_DBUS_NO_PATH))
    iommuctl_output_result (request->output, record, _ ("Attached %s to %s without a HWPT"),
                            device_name, container_name);
  else
    iommuctl_output_result (request->output, record, _ ("Attached %s to %s on HWPT %s"),
                            device_name, container_name, hwpt_name);
}

static gboolean
attach_to_container (IommuctlRequest *request, const char *container, const char *device,
                     GError **error)
{
  g_autoptr (IommudDBusContainer) proxy =
      iommuctl_service_new_proxy (request->service, container, IOMMUD_DBUS_TYPE_CONTAINER_PROXY,
                                  IOMMUD_DBUS_CONTAINER_INTERFACE, error);
  g_autofree char *hwpt = NULL;

  if (proxy == NULL
      || !iommud_dbus_container_call_attach_device_sync (
          proxy, device, iommuctl_request_method_options (request),
          G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, &hwpt, request->cancellable,
          error))
    return FALSE;
  print_attachment (request, container, device, hwpt);
  return TRUE;
}

static gboolean
call_of_hwpt (IommuctlRequest *request, const char *hwpt, const char *device, GError **error)
{
  g_autoptr (IommudDBusHwpt) proxy = iommuctl_service_new_proxy (
      request->service, hwpt, IOMMUD_DBUS_TYPE_HWPT_PROXY, IOMMUD_DBUS_HWPT_INTERFACE, error);

  return proxy != NULL
         && iommud_dbus_hwpt_call_attach_device_sync (
             proxy, device, iommuctl_request_method_options (request),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, request->cancellable,
             error);
}

/* The HWPT must belong to the container: a typing error must not move a device elsewhere. */
static gboolean
attach_to_hwpt (IommuctlRequest *request, const char *container, const char *device,
                const char *hwpt_name, GError **error)
{
  g_autofree char *hwpt = iommuctl_names_find_hwpt (request->service, hwpt_name, error);
  g_autofree char *folder = g_strconcat (container, "/", NULL);

  if (hwpt == NULL)
    return FALSE;
  if (!g_str_has_prefix (hwpt, folder))
    {
      g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, _ ("HWPT %s is not in container %s"),
                   hwpt_name, request->arguments[0]);
      return FALSE;
    }
  g_variant_dict_remove (request->values, "hwpt");
  if (!call_of_hwpt (request, hwpt, device, error))
    return FALSE;
  print_attachment (request, container, device, hwpt);
  return TRUE;
}

static gboolean
check_usage (IommuctlRequest *request, GError **error)
{
  const char *message = NULL;

  if (!iommuctl_request_has (request, "hwpt"))
    return TRUE;
  if (iommuctl_request_has (request, "mode"))
    message = _ ("--mode and --hwpt exclude each other");
  else if (iommuctl_request_has (request, "tracker"))
    message = _ ("--tracker and --hwpt exclude each other");
  if (message == NULL)
    return TRUE;
  g_set_error_literal (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, message);
  return FALSE;
}

gboolean
iommuctl_attach_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *container = NULL;
  g_autofree char *device = NULL;
  g_autofree char *hwpt_name = NULL;

  if (!check_usage (request, error))
    return FALSE;
  container = iommuctl_names_find_container (request->service, request->arguments[0], error);
  if (container == NULL)
    return FALSE;
  device = iommuctl_names_find_device (request->service, request->arguments[1], error);
  if (device == NULL)
    return FALSE;
  if (g_variant_dict_lookup (request->values, "hwpt", "s", &hwpt_name))
    return attach_to_hwpt (request, container, device, hwpt_name, error);
  return attach_to_container (request, container, device, error);
}

static gboolean
call_detach (IommuctlRequest *request, const char *device, GError **error)
{
  g_autoptr (IommudDBusDevice) proxy = iommuctl_service_new_proxy (
      request->service, device, IOMMUD_DBUS_TYPE_DEVICE_PROXY, IOMMUD_DBUS_DEVICE_INTERFACE, error);

  return proxy != NULL
         && iommud_dbus_device_call_detach_sync (proxy, iommuctl_request_method_options (request),
                                                 G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
                                                 G_MAXINT, request->cancellable, error);
}

gboolean
iommuctl_detach_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *device =
      iommuctl_names_find_device (request->service, request->arguments[0], error);
  g_autoptr (GVariant) container = NULL;
  g_autofree char *device_name = NULL;
  g_autofree char *container_name = NULL;
  const char *container_path = NULL;

  if (device == NULL)
    return FALSE;
  container = iommuctl_service_read (request->service, device, IOMMUD_DBUS_DEVICE_INTERFACE,
                                     "Container", error);
  if (container == NULL)
    return FALSE;
  container_path = g_variant_get_string (container, NULL);
  device_name = iommuctl_names_of_path (request->service, device);
  container_name = iommuctl_names_of_path (request->service, container_path);
  if (!call_detach (request, device, error))
    return FALSE;
  iommuctl_output_result (
      request->output,
      g_variant_new_parsed ("{'Device': <%o>, 'Container': <%o>}", device, container_path),
      _ ("Detached %s from %s"), device_name, container_name);
  return TRUE;
}
