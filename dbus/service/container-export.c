/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Container: one IOAS, its HWPTs and its devices. */
#include "container-export.h"

#include "arguments.h"
#include "iommud-dbus-generated.h"

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;
  g_autoptr (IommudContainer) container =
      iommud_host_create_container_finish (IOMMUD_HOST (source), result, &error);

  if (container == NULL)
    iommud_call_fail (call, error);
  else
    iommud_call_return_object (call, container);
}

void
iommud_container_export_create (IommudCall *call, IommudLease *lease)
{
  GError *error = NULL;
  g_autoptr (IommudContainerOptions) options =
      iommud_arguments_new_container_options (call, &error);

  if (options == NULL)
    {
      iommud_call_fail (call, error);
      return;
    }
  g_object_set (options, "owner", iommud_call_get_uid (call), "lease", lease, NULL);
  iommud_host_create_container_async (iommud_call_get_host (call), options,
                                      iommud_call_get_cancellable (call), on_created, call);
}

static void
on_device_attached (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  g_autoptr (IommudHwpt) hwpt = NULL;
  GError *error = NULL;

  if (!iommud_container_attach_device_finish (IOMMUD_CONTAINER (source), result, &hwpt, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return_object (call, hwpt);
}

static void
handle_attach_device (IommudExport *self, IommudCall *call)
{
  static const char *const known[] = { "mode", "tracker", NULL };
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (call, &error);
  g_autoptr (IommudAttachOptions) options = NULL;

  if (device != NULL)
    options = iommud_arguments_new_options (call, IOMMUD_TYPE_ATTACH_OPTIONS, known, &error);
  if (options == NULL)
    iommud_call_fail (call, error);
  else
    iommud_container_attach_device_async (iommud_export_get_model (self), device, options,
                                          iommud_call_get_cancellable (call), on_device_attached,
                                          call);
}

static void
on_hwpt_allocated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;
  g_autoptr (IommudHwpt) hwpt =
      iommud_container_alloc_hwpt_finish (IOMMUD_CONTAINER (source), result, &error);

  if (hwpt == NULL)
    iommud_call_fail (call, error);
  else
    iommud_call_return_object (call, hwpt);
}

static void
handle_alloc_hwpt (IommudExport *self, IommudCall *call)
{
  static const char *const known[] = { "dirty-tracking", "nest-parent", NULL };
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (call, &error);
  g_autoptr (IommudHwptOptions) options = NULL;

  if (device != NULL)
    options = iommud_arguments_new_options (call, IOMMUD_TYPE_HWPT_OPTIONS, known, &error);
  if (options == NULL)
    iommud_call_fail (call, error);
  else
    iommud_container_alloc_hwpt_async (iommud_export_get_model (self), device, options,
                                       iommud_call_get_cancellable (call), on_hwpt_allocated, call);
}

static void
on_freed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_container_free_finish (IOMMUD_CONTAINER (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_free (IommudExport *self, IommudCall *call)
{
  gboolean force = FALSE;
  const IommudOption known[] = {
    { "force", G_TYPE_BOOLEAN, &force },
  };
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, known, G_N_ELEMENTS (known), &error))
    iommud_call_fail (call, error);
  else
    iommud_container_free_async (iommud_export_get_model (self), force,
                                 iommud_call_get_cancellable (call), on_freed, call);
}

static void
on_refreshed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_container_refresh_finish (IOMMUD_CONTAINER (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_refresh (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_container_refresh_async (iommud_export_get_model (self),
                                    iommud_call_get_cancellable (call), on_refreshed, call);
}

static const IommudMethod methods[] = {
  { "AttachDevice", IOMMUD_ACCESS_OWNER, handle_attach_device },
  { "AllocHwpt", IOMMUD_ACCESS_OWNER, handle_alloc_hwpt },
  { "Refresh", IOMMUD_ACCESS_OWNER, handle_refresh },
  { "Free", IOMMUD_ACCESS_OWNER, handle_free },
};

const IommudInterface iommud_container_interface = {
  .get_info = iommud_dbus_container_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
