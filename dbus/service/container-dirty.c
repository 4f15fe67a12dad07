/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods of org.iommud1.Container for dirty pages: start, stop, read. */
#include "container-dirty.h"

#include "arguments.h"

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_container_start_dirty_tracking_finish (IOMMUD_CONTAINER (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

void
iommud_container_dirty_handle_start (IommudExport *self, IommudCall *call)
{
  guint64 page_size = 0; /* the model's default */
  const IommudOption known[] = {
    { "page-size", IOMMUD_OPTION_UINT64, &page_size },
  };
  GError *error = NULL;

  if (!iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), &error))
    iommud_call_fail (call, error);
  else
    iommud_container_start_dirty_tracking_async (iommud_export_get_model (self), page_size, NULL,
                                                 on_started, call);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_container_stop_dirty_tracking_finish (IOMMUD_CONTAINER (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

void
iommud_container_dirty_handle_stop (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (self, call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_container_stop_dirty_tracking_async (iommud_export_get_model (self), NULL, on_stopped,
                                                call);
}

static void
on_bitmap_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  guint64 n_dirty = 0;
  GError *error = NULL;
  int bitmap = iommud_container_read_dirty_bitmap_finish (IOMMUD_CONTAINER (source), result,
                                                          &n_dirty, &error);

  if (bitmap < 0)
    iommud_call_fail (call, error);
  else
    iommud_call_return_file (call, g_variant_new ("(ht)", 0, n_dirty), bitmap);
}

void
iommud_container_dirty_handle_read (IommudExport *self, IommudCall *call)
{
  gboolean no_clear = FALSE;
  int tracker = IOMMUD_TRACKER_CHOICE_AUTO;
  const IommudOption known[] = {
    { "no-clear", IOMMUD_OPTION_BOOLEAN, &no_clear },
    { "tracker", IOMMUD_OPTION_ENUM, &tracker, IOMMUD_TYPE_TRACKER_CHOICE },
  };
  guint64 iova = 0;
  guint64 length = 0;
  guint64 page_size = 0;
  GError *error = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(ttt@a{sv})", &iova, &length, &page_size, NULL);
  if (!iommud_arguments_parse_options (self, call, known, G_N_ELEMENTS (known), &error)
      || !iommud_call_reserve_bitmap (call, length, page_size, &error))
    iommud_call_fail (call, error);
  else
    iommud_container_read_dirty_bitmap_async (iommud_export_get_model (self), iova, length,
                                              page_size, no_clear, tracker, NULL, on_bitmap_read,
                                              call);
}
