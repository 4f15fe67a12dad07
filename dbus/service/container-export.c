/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Container: one IOAS and what hangs off it. */
#include "container-export.h"

#include "arguments.h"
#include "container-dirty.h"
#include "container-mapping.h"
#include "iommud-dbus-generated.h"

struct _IommudContainerExport
{
  IommudExport parent_instance;
};

G_DEFINE_FINAL_TYPE (IommudContainerExport, iommud_container_export, IOMMUD_TYPE_EXPORT)

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
  int mode = IOMMUD_ATTACH_MODE_AUTO;
  int tracker = IOMMUD_TRACKER_CHOICE_AUTO;
  const IommudOption known[] = {
    { "mode", IOMMUD_OPTION_ENUM, &mode, IOMMUD_TYPE_ATTACH_MODE },
    { "tracker", IOMMUD_OPTION_ENUM, &tracker, IOMMUD_TYPE_TRACKER_CHOICE },
  };
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (self, call, &error);

  if (device == NULL
      || !iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), &error))
    iommud_call_fail (call, error);
  else
    iommud_container_attach_device_async (iommud_export_get_model (self), device, mode, tracker,
                                          NULL, on_device_attached, call);
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
  gboolean dirty_tracking = FALSE;
  gboolean nest_parent = FALSE;
  const IommudOption known[] = {
    { "dirty-tracking", IOMMUD_OPTION_BOOLEAN, &dirty_tracking },
    { "nest-parent", IOMMUD_OPTION_BOOLEAN, &nest_parent },
  };
  IommudHwptFlags flags = IOMMUD_HWPT_FLAGS_NONE;
  GError *error = NULL;
  IommudDevice *device = iommud_arguments_get_device (self, call, &error);

  if (device == NULL
      || !iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), &error))
    {
      iommud_call_fail (call, error);
      return;
    }
  if (dirty_tracking)
    flags |= IOMMUD_HWPT_FLAGS_DIRTY_TRACKING;
  if (nest_parent)
    flags |= IOMMUD_HWPT_FLAGS_NEST_PARENT;
  iommud_container_alloc_hwpt_async (iommud_export_get_model (self), device, flags, NULL,
                                     on_hwpt_allocated, call);
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
    { "force", IOMMUD_OPTION_BOOLEAN, &force },
  };
  GError *error = NULL;

  if (!iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), &error))
    iommud_call_fail (call, error);
  else
    iommud_container_free_async (iommud_export_get_model (self), force, NULL, on_freed, call);
}

static const IommudMethod methods[] = {
  { "AttachDevice", handle_attach_device },
  { "AllocHwpt", handle_alloc_hwpt },
  { "Free", handle_free },
  { "MapFile", iommud_container_mapping_handle_map_file },
  { "CopyMapping", iommud_container_mapping_handle_copy_mapping },
  { "Unmap", iommud_container_mapping_handle_unmap },
  { "UnmapAll", iommud_container_mapping_handle_unmap_all },
  { "SetAllowedIovas", iommud_container_mapping_handle_set_allowed_iovas },
  { "StartDirtyTracking", iommud_container_dirty_handle_start },
  { "StopDirtyTracking", iommud_container_dirty_handle_stop },
  { "ReadDirtyBitmap", iommud_container_dirty_handle_read },
};

static void
iommud_container_export_class_init (IommudContainerExportClass *class)
{
  iommud_export_class_describe (IOMMUD_EXPORT_CLASS (class),
                                iommud_dbus_container_interface_info (), methods,
                                G_N_ELEMENTS (methods));
}

static void
iommud_container_export_init (IommudContainerExport *self)
{
}
