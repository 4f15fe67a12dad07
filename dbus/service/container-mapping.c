/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.iommud1.Container for what is mapped: map, copy, unmap, allow. */
#include "container-mapping.h"

#include "arguments.h"

#include <glib/gstdio.h>

#define DEFAULT_PAGE_SIZE 4096

static void
return_iova (IommudCall *call, gboolean mapped, guint64 iova, GError *error)
{
  if (!mapped)
    iommud_call_fail (call, error);
  else
    iommud_call_return_value (call, g_variant_new ("(t)", iova));
}

static gboolean
parse_map_flags (IommudExport *self, IommudCall *call, IommudMapFlags *flags, GError **error)
{
  gboolean readable = TRUE;
  gboolean writable = TRUE;
  gboolean fixed = TRUE;
  const IommudOption known[] = {
    { "readable", IOMMUD_OPTION_BOOLEAN, &readable },
    { "writable", IOMMUD_OPTION_BOOLEAN, &writable },
    { "fixed", IOMMUD_OPTION_BOOLEAN, &fixed },
  };

  if (!iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), error))
    return FALSE;
  *flags = (readable ? IOMMUD_MAP_FLAGS_READABLE : IOMMUD_MAP_FLAGS_NONE)
           | (writable ? IOMMUD_MAP_FLAGS_WRITABLE : IOMMUD_MAP_FLAGS_NONE)
           | (fixed ? IOMMUD_MAP_FLAGS_FIXED : IOMMUD_MAP_FLAGS_NONE);
  return TRUE;
}

static void
on_file_mapped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint64 iova = 0;
  GError *error = NULL;
  gboolean mapped =
      iommud_container_map_file_finish (IOMMUD_CONTAINER (source), result, &iova, &error);

  return_iova (user_data, mapped, iova, error);
}

void
iommud_container_mapping_handle_map_file (IommudExport *self, IommudCall *call)
{
  guint64 offset = 0;
  guint64 length = 0;
  guint64 iova = 0;
  IommudMapFlags flags = IOMMUD_MAP_FLAGS_NONE;
  GError *error = NULL;
  int file = -1;

  if (parse_map_flags (self, call, &flags, &error))
    file = iommud_call_take_file (call, 0, &error);
  if (file < 0)
    {
      iommud_call_fail (call, error);
      return;
    }
  g_variant_get (iommud_call_get_arguments (call), "(httt@a{sv})", NULL, &offset, &length, &iova,
                 NULL);
  iommud_container_map_file_async (iommud_export_get_model (self), file, offset, length, iova,
                                   flags, NULL, on_file_mapped, call);
  g_close (file, NULL);
}

static void
on_mapping_copied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  guint64 iova = 0;
  GError *error = NULL;
  gboolean mapped =
      iommud_container_copy_mapping_finish (IOMMUD_CONTAINER (source), result, &iova, &error);

  return_iova (user_data, mapped, iova, error);
}

void
iommud_container_mapping_handle_copy_mapping (IommudExport *self, IommudCall *call)
{
  guint64 source_iova = 0;
  guint64 length = 0;
  guint64 iova = 0;
  IommudMapFlags flags = IOMMUD_MAP_FLAGS_NONE;
  GError *error = NULL;
  IommudContainer *source = iommud_arguments_get_container (self, call, &error);

  if (source == NULL || !parse_map_flags (self, call, &flags, &error))
    {
      iommud_call_fail (call, error);
      return;
    }
  g_variant_get (iommud_call_get_arguments (call), "(&ottt@a{sv})", NULL, &source_iova, &length,
                 &iova, NULL);
  iommud_container_copy_mapping_async (iommud_export_get_model (self), source, source_iova, length,
                                       iova, flags, NULL, on_mapping_copied, call);
}

static void
on_unmapped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  guint64 n_bytes = 0;
  int bitmap = -1;
  GError *error = NULL;

  if (!iommud_container_unmap_finish (IOMMUD_CONTAINER (source), result, &n_bytes, &bitmap, NULL,
                                      &error))
    iommud_call_fail (call, error);
  else if (bitmap >= 0)
    iommud_call_return_file (call, g_variant_new ("(t)", n_bytes), bitmap);
  else
    iommud_call_return_value (call, g_variant_new ("(t)", n_bytes));
}

/* The model takes a page size of 0 for no bitmap. */
static gboolean
check_page_size (guint64 page_size, GError **error)
{
  if (page_size != 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Option 'page-size' is a power of two, not 0");
  return FALSE;
}

void
iommud_container_mapping_handle_unmap (IommudExport *self, IommudCall *call)
{
  gboolean dirty_bitmap = FALSE;
  guint64 page_size = DEFAULT_PAGE_SIZE;
  const IommudOption known[] = {
    { "dirty-bitmap", IOMMUD_OPTION_BOOLEAN, &dirty_bitmap },
    { "page-size", IOMMUD_OPTION_UINT64, &page_size },
  };
  guint64 iova = 0;
  guint64 length = 0;
  GError *error = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(tt@a{sv})", &iova, &length, NULL);
  if (!iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), &error)
      || !check_page_size (page_size, &error)
      || (dirty_bitmap && !iommud_call_reserve_bitmap (call, length, page_size, &error)))
    iommud_call_fail (call, error);
  else
    iommud_container_unmap_async (iommud_export_get_model (self), iova, length,
                                  dirty_bitmap ? page_size : 0, NULL, on_unmapped, call);
}

static void
on_all_unmapped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  guint64 n_bytes = 0;
  GError *error = NULL;

  if (!iommud_container_unmap_all_finish (IOMMUD_CONTAINER (source), result, &n_bytes, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return_value (call, g_variant_new ("(t)", n_bytes));
}

void
iommud_container_mapping_handle_unmap_all (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (self, call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_container_unmap_all_async (iommud_export_get_model (self), NULL, on_all_unmapped, call);
}

static void
on_iovas_allowed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_container_set_allowed_iovas_finish (IOMMUD_CONTAINER (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

void
iommud_container_mapping_handle_set_allowed_iovas (IommudExport *self, IommudCall *call)
{
  g_autoptr (GVariant) ranges = g_variant_get_child_value (iommud_call_get_arguments (call), 0);
  GError *error = NULL;

  if (!iommud_arguments_parse_options (self, call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_container_set_allowed_iovas_async (iommud_export_get_model (self), ranges, NULL,
                                              on_iovas_allowed, call);
}
