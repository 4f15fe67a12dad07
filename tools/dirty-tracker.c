/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iommuctl dirty tracker: what records the pages that a device writes to. */
#include "config.h"

#include "command.h"
#include "names.h"

#include <glib/gi18n.h>

static gboolean
call_set_tracker (IommuctlRequest *request, const char *device, GError **error)
{
  g_autoptr (IommudDBusDevice) proxy = iommuctl_service_new_proxy (
      request->service, device, IOMMUD_DBUS_TYPE_DEVICE_PROXY, IOMMUD_DBUS_DEVICE_INTERFACE, error);

  return proxy != NULL
         && iommud_dbus_device_call_set_tracker_sync (
             proxy, request->arguments[1], iommuctl_request_method_options (request),
             G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, request->cancellable,
             error);
}

gboolean
iommuctl_dirty_tracker_run (IommuctlRequest *request, GError **error)
{
  g_autofree char *device =
      iommuctl_names_find_device (request->service, request->arguments[0], error);
  g_autoptr (GVariant) tracker = NULL;
  g_autofree char *device_name = NULL;

  if (device == NULL || !call_set_tracker (request, device, error))
    return FALSE;
  /* What "auto" has chosen. */
  tracker = iommuctl_service_read (request->service, device, IOMMUD_DBUS_DEVICE_INTERFACE,
                                   "DirtyTracker", error);
  if (tracker == NULL)
    return FALSE;
  device_name = iommuctl_names_of_path (request->service, device);
  iommuctl_output_result (
      request->output,
      g_variant_new_parsed ("{'Device': <%o>, 'DirtyTracker': <%@s>}", device, tracker),
      _ ("Dirty tracker of %s is now: %s"), device_name, g_variant_get_string (tracker, NULL));
  return TRUE;
}
