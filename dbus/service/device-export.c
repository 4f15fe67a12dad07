/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Device: one VFIO device. */
#include "device-export.h"

#include "arguments.h"
#include "iommud-dbus-generated.h"

static void
on_detached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_device_detach_finish (IOMMUD_DEVICE (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_detach (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_device_detach_async (iommud_export_get_model (self), NULL, on_detached, call);
}

static const IommudMethod methods[] = {
  { "Detach", IOMMUD_ACCESS_CHANGE, handle_detach },
};

const IommudInterface iommud_device_interface = {
  .get_info = iommud_dbus_device_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
