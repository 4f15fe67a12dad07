/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.Memory: what is mapped in a container. */
#include "memory-export.h"

#include <glib/gstdio.h>

#include "arguments.h"
#include "iommud-dbus-generated.h"

static IommudMapOptions *
new_map_options (IommudCall *call, GError **error)
{
  static const char *const known[] = { "readable", "writable", "fixed", NULL };

  return iommud_arguments_new_options (call, IOMMUD_TYPE_MAP_OPTIONS, known, error);
}

/* Ends a call that has mapped something or not. */
static void
return_iova (IommudCall *call, gboolean mapped, guint64 iova, GError *error)
{
  if (!mapped)
    iommud_call_fail (call, error);
  else
    iommud_call_return_value (call, g_variant_new ("(t)", iova));
}

static void
on_file_mapped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint64 iova = 0;
  GError *error = NULL;
  gboolean mapped = iommud_memory_map_file_finish (IOMMUD_MEMORY (source), result, &iova, &error);

  return_iova (user_data, mapped, iova, error);
}

static void
handle_map_file (IommudExport *self, IommudCall *call)
{
  guint64 offset = 0;
  guint64 length = 0;
  guint64 iova = 0;
  GError *error = NULL;
  g_autoptr (IommudMapOptions) options = new_map_options (call, &error);
  int file = options == NULL ? -1 : iommud_call_take_file (call, 0, &error);

  if (file < 0)
    {
      iommud_call_fail (call, error);
      return;
    }
  g_variant_get (iommud_call_get_arguments (call), "(httt@a{sv})", NULL, &offset, &length, &iova,
                 NULL);
  iommud_memory_map_file_async (iommud_export_get_model (self), file, offset, length, iova, options,
                                iommud_call_get_cancellable (call), on_file_mapped, call);
  g_close (file, NULL);
}

static void
on_mapping_copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint64 iova = 0;
  GError *error = NULL;
  gboolean mapped =
      iommud_memory_copy_mapping_finish (IOMMUD_MEMORY (source), result, &iova, &error);

  return_iova (user_data, mapped, iova, error);
}

static void
handle_copy_mapping (IommudExport *self, IommudCall *call)
{
  guint64 source_iova = 0;
  guint64 length = 0;
  guint64 iova = 0;
  GError *error = NULL;
  IommudContainer *source = iommud_arguments_get_container (call, &error);
  g_autoptr (IommudMapOptions) options = source == NULL ? NULL : new_map_options (call, &error);

  if (options == NULL)
    {
      iommud_call_fail (call, error);
      return;
    }
  g_variant_get (iommud_call_get_arguments (call), "(&ottt@a{sv})", NULL, &source_iova, &length,
                 &iova, NULL);
  iommud_memory_copy_mapping_async (
      iommud_export_get_model (self), iommud_container_get_memory (source), source_iova, length,
      iova, options, iommud_call_get_cancellable (call), on_mapping_copied, call);
}

/* Ends a call that has unmapped something or not. */
static void
return_bytes (IommudCall *call, gboolean unmapped, guint64 n_bytes, GError *error)
{
  if (!unmapped)
    iommud_call_fail (call, error);
  else
    iommud_call_return_value (call, g_variant_new ("(t)", n_bytes));
}

static void
on_unmapped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint64 n_bytes = 0;
  GError *error = NULL;
  gboolean unmapped = iommud_memory_unmap_finish (IOMMUD_MEMORY (source), result, &n_bytes, &error);

  return_bytes (user_data, unmapped, n_bytes, error);
}

static void
handle_unmap (IommudExport *self, IommudCall *call)
{
  guint64 iova = 0;
  guint64 length = 0;
  GError *error = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(tt@a{sv})", &iova, &length, NULL);
  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_memory_unmap_async (iommud_export_get_model (self), iova, length,
                               iommud_call_get_cancellable (call), on_unmapped, call);
}

static void
on_all_unmapped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint64 n_bytes = 0;
  GError *error = NULL;
  gboolean unmapped =
      iommud_memory_unmap_all_finish (IOMMUD_MEMORY (source), result, &n_bytes, &error);

  return_bytes (user_data, unmapped, n_bytes, error);
}

static void
handle_unmap_all (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_memory_unmap_all_async (iommud_export_get_model (self),
                                   iommud_call_get_cancellable (call), on_all_unmapped, call);
}

static void
on_iovas_allowed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_memory_set_allowed_iovas_finish (IOMMUD_MEMORY (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_set_allowed_iovas (IommudExport *self, IommudCall *call)
{
  g_autoptr (GVariant) ranges = g_variant_get_child_value (iommud_call_get_arguments (call), 0);
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_memory_set_allowed_iovas_async (iommud_export_get_model (self), ranges,
                                           iommud_call_get_cancellable (call), on_iovas_allowed,
                                           call);
}

static const IommudMethod methods[] = {
  { "MapFile", IOMMUD_ACCESS_OWNER, handle_map_file },
  { "CopyMapping", IOMMUD_ACCESS_OWNER, handle_copy_mapping },
  { "Unmap", IOMMUD_ACCESS_OWNER, handle_unmap },
  { "UnmapAll", IOMMUD_ACCESS_OWNER, handle_unmap_all },
  { "SetAllowedIovas", IOMMUD_ACCESS_OWNER, handle_set_allowed_iovas },
};

const IommudInterface iommud_memory_interface = {
  .get_info = iommud_dbus_memory_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
