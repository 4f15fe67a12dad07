/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl attach and detach: a device joins a container and leaves it. */
#include "config.h"

#include "command.h"
#include "exit-status.h"
#include "names.h"

#include <glib/gi18n.h>

static const char *
path_of (gpointer proxy)
{
  return g_dbus_proxy_get_object_path (G_DBUS_PROXY (proxy));
}

static GVariant *
attachment_record (IommudDBusContainer *container, IommudDBusDevice *device, const char *hwpt)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&builder, "{sv}", "Device", g_variant_new_object_path (path_of (device)));
  g_variant_builder_add (&builder, "{sv}", "Container",
                         g_variant_new_object_path (path_of (container)));
  g_variant_builder_add (&builder, "{sv}", "Hwpt", g_variant_new_object_path (hwpt));
  return g_variant_builder_end (&builder);
}

static void
print_attachment (IommuctlRequest *request, IommudDBusContainer *container,
                  IommudDBusDevice *device, const char *hwpt)
{
  g_autofree char *container_name = iommuctl_names_of_path (request->client, path_of (container));
  g_autofree char *device_name = iommuctl_names_of_path (request->client, path_of (device));
  g_autofree char *hwpt_name = iommuctl_names_of_path (request->client, hwpt);
  GVariant *record = attachment_record (container, device, hwpt);

  if (g_str_equal (hwpt, IOMMUD_DBUS_NO_PATH))
    iommuctl_output_result (request->output, record, _ ("Attached %s to %s without a HWPT"),
                            device_name, container_name);
  else
    iommuctl_output_result (request->output, record, _ ("Attached %s to %s on HWPT %s"),
                            device_name, container_name, hwpt_name);
}

static gboolean
attach_to_container (IommuctlRequest *request, IommudDBusContainer *container,
                     IommudDBusDevice *device, GError **error)
{
  g_autofree char *hwpt = NULL;

  if (!iommud_dbus_container_call_attach_device_sync (
          container, path_of (device), iommuctl_request_method_options (request),
          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, &hwpt, NULL, error))
    return FALSE;
  iommuctl_request_settle (request);
  print_attachment (request, container, device, hwpt);
  return TRUE;
}

/* The HWPT must belong to the container: a typing error must not move a device elsewhere. */
static gboolean
attach_to_hwpt (IommuctlRequest *request, IommudDBusContainer *container, IommudDBusDevice *device,
                const char *hwpt_name, GError **error)
{
  g_autoptr (IommudDBusHwpt) hwpt = iommuctl_names_find_hwpt (request->client, hwpt_name, error);
  g_autofree char *folder = g_strconcat (path_of (container), "/", NULL);

  if (hwpt == NULL)
    return FALSE;
  if (!g_str_has_prefix (path_of (hwpt), folder))
    {
      g_set_error (error, IOMMUCTL_ERROR, IOMMUCTL_EXIT_USAGE, _ ("HWPT %s is not in container %s"),
                   hwpt_name, request->arguments[0]);
      return FALSE;
    }
  g_variant_dict_remove (request->values, "hwpt");
  if (!iommud_dbus_hwpt_call_attach_device_sync (hwpt, path_of (device),
                                                 iommuctl_request_method_options (request),
                                                 G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, error))
    return FALSE;
  iommuctl_request_settle (request);
  print_attachment (request, container, device, path_of (hwpt));
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
  g_autoptr (IommudDBusContainer) container = NULL;
  g_autoptr (IommudDBusDevice) device = NULL;
  g_autofree char *hwpt_name = NULL;

  if (!check_usage (request, error))
    return FALSE;
  container = iommuctl_names_find_container (request->client, request->arguments[0], error);
  if (container == NULL)
    return FALSE;
  device = iommuctl_names_find_device (request->client, request->arguments[1], error);
  if (device == NULL)
    return FALSE;
  if (g_variant_dict_lookup (request->values, "hwpt", "s", &hwpt_name))
    return attach_to_hwpt (request, container, device, hwpt_name, error);
  return attach_to_container (request, container, device, error);
}

gboolean
iommuctl_detach_run (IommuctlRequest *request, GError **error)
{
  g_autoptr (IommudDBusDevice) device = NULL;
  g_autofree char *device_name = NULL;
  g_autofree char *container_name = NULL;
  GVariant *record = NULL;

  device = iommuctl_names_find_device (request->client, request->arguments[0], error);
  if (device == NULL)
    return FALSE;
  device_name = iommud_dbus_device_dup_name (device);
  container_name =
      iommuctl_names_of_path (request->client, iommud_dbus_device_get_container (device));
  record = g_variant_ref_sink (g_variant_new_parsed ("{'Device': <%o>, 'Container': <%o>}",
                                                     path_of (device),
                                                     iommud_dbus_device_get_container (device)));
  if (iommud_dbus_device_call_detach_sync (device, iommuctl_request_method_options (request),
                                           G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, error))
    iommuctl_output_result (request->output, record, _ ("Detached %s from %s"), device_name,
                            container_name);
  g_variant_unref (record);
  return *error == NULL;
}
