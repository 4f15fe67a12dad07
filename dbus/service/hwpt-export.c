/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Hwpt: one hardware page table. */
#include "hwpt-export.h"

#include "arguments.h"
#include "iommud-dbus-generated.h"

static void
on_device_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_hwpt_attach_device_finish (IOMMUD_HWPT (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_attach_device (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (call, &error);

  if (device == NULL || !iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_hwpt_attach_device_async (iommud_export_get_model (self), device,
                                     iommud_call_get_cancellable (call), on_device_attached, call);
}

static void
on_freed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_hwpt_free_finish (IOMMUD_HWPT (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_free (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_hwpt_free_async (iommud_export_get_model (self), iommud_call_get_cancellable (call),
                            on_freed, call);
}

static const IommudMethod methods[] = {
  { "AttachDevice", IOMMUD_ACCESS_OWNER, handle_attach_device },
  { "Free", IOMMUD_ACCESS_OWNER, handle_free },
};

const IommudInterface iommud_hwpt_interface = {
  .get_info = iommud_dbus_hwpt_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
