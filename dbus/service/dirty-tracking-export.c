/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.iommud1.DirtyTracking: which pages the devices of a container write to. */
#include "dirty-tracking-export.h"

#include "arguments.h"
#include "iommud-dbus-generated.h"
#include "parcel.h"

#include <fcntl.h>
#include <unistd.h>

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_dirty_tracking_start_finish (IOMMUD_DIRTY_TRACKING (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_start (IommudExport *self, IommudCall *call)
{
  guint64 page_size = 0; /* the model's default */
  const IommudOption known[] = {
    { "page-size", G_TYPE_UINT64, &page_size },
  };
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, known, G_N_ELEMENTS (known), &error))
    iommud_call_fail (call, error);
  else
    iommud_dirty_tracking_start_async (iommud_export_get_model (self), page_size,
                                       iommud_call_get_cancellable (call), on_started, call);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  GError *error = NULL;

  if (!iommud_dirty_tracking_stop_finish (IOMMUD_DIRTY_TRACKING (source), result, &error))
    iommud_call_fail (call, error);
  else
    iommud_call_return (call);
}

static void
handle_stop (IommudExport *self, IommudCall *call)
{
  GError *error = NULL;

  if (!iommud_arguments_parse_options (call, NULL, 0, &error))
    iommud_call_fail (call, error);
  else
    iommud_dirty_tracking_stop_async (iommud_export_get_model (self),
                                      iommud_call_get_cancellable (call), on_stopped, call);
}

/* A bitmap on its way. */
typedef struct
{
  IommudDirtyTracking *tracking;
  GAsyncResult *result;
  int copy;
} Shipment;

/* What does not reach its reader stays dirty for the next one. So do the pages of a bitmap that a
 * reader may just have got when it left: one bit too many does no harm. */
static void
on_delivered (gboolean taken, gpointer user_data)
{
  Shipment *self = user_data;

  if (taken)
    close (self->copy);
  else
    iommud_dirty_tracking_give_back_bitmap (self->tracking, self->result, self->copy);
  g_object_unref (self->result);
  g_object_unref (self->tracking);
  g_free (self);
}

/* Takes the floating value and the bitmap. */
static void
deliver (IommudDirtyTracking *tracking, GAsyncResult *result, IommudCall *call, GVariant *value,
         int bitmap)
{
  int copy = fcntl (bitmap, F_DUPFD_CLOEXEC, 0);
  IommudParcel *parcel;
  Shipment *shipment;

  if (copy < 0)
    {
      g_variant_unref (g_variant_ref_sink (value));
      iommud_dirty_tracking_give_back_bitmap (tracking, result, bitmap);
      iommud_call_fail (call, g_error_new (IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                                           "No file descriptor is left for the bitmap"));
      return;
    }
  shipment = g_new0 (Shipment, 1);
  shipment->tracking = g_object_ref (tracking);
  shipment->result = g_object_ref (result);
  shipment->copy = copy;
  parcel = iommud_parcel_new (iommud_call_get_state (call)->connection,
                              iommud_call_get_cancellable (call));
  iommud_parcel_sent (parcel, iommud_call_return_file (call, value, bitmap), on_delivered,
                      shipment);
}

static void
on_bitmap_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  guint64 n_dirty = 0;
  GError *error = NULL;
  int bitmap = iommud_dirty_tracking_read_bitmap_finish (IOMMUD_DIRTY_TRACKING (source), result,
                                                         &n_dirty, &error);

  if (bitmap < 0)
    iommud_call_fail (call, error);
  else
    deliver (IOMMUD_DIRTY_TRACKING (source), result, call, g_variant_new ("(ht)", 0, n_dirty),
             bitmap);
}

static void
handle_read_bitmap (IommudExport *self, IommudCall *call)
{
  static const char *const known[] = { "no-clear", "tracker", NULL };
  guint64 iova = 0;
  guint64 length = 0;
  guint64 page_size = 0;
  GError *error = NULL;
  g_autoptr (IommudReadOptions) options =
      iommud_arguments_new_options (call, IOMMUD_TYPE_READ_OPTIONS, known, &error);

  g_variant_get (iommud_call_get_arguments (call), "(ttt@a{sv})", &iova, &length, &page_size, NULL);
  if (options == NULL || !iommud_call_reserve_bitmap (call, length, page_size, &error))
    iommud_call_fail (call, error);
  else
    iommud_dirty_tracking_read_bitmap_async (iommud_export_get_model (self), iova, length,
                                             page_size, options, iommud_call_get_cancellable (call),
                                             on_bitmap_read, call);
}

static void
on_unmapped_and_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IommudCall *call = user_data;
  guint64 n_bytes = 0;
  int bitmap = -1;
  guint64 n_dirty = 0;
  GError *error = NULL;

  if (!iommud_dirty_tracking_unmap_and_read_bitmap_finish (IOMMUD_DIRTY_TRACKING (source), result,
                                                           &n_bytes, &bitmap, &n_dirty, &error))
    iommud_call_fail (call, error);
  else
    deliver (IOMMUD_DIRTY_TRACKING (source), result, call,
             g_variant_new ("(tht)", n_bytes, 0, n_dirty), bitmap);
}

static void
handle_unmap_and_read_bitmap (IommudExport *self, IommudCall *call)
{
  guint64 iova = 0;
  guint64 length = 0;
  guint64 page_size = 0;
  GError *error = NULL;

  g_variant_get (iommud_call_get_arguments (call), "(ttt@a{sv})", &iova, &length, &page_size, NULL);
  if (!iommud_arguments_parse_options (call, NULL, 0, &error)
      || !iommud_call_reserve_bitmap (call, length, page_size, &error))
    iommud_call_fail (call, error);
  else
    iommud_dirty_tracking_unmap_and_read_bitmap_async (
        iommud_export_get_model (self), iova, length, page_size, iommud_call_get_cancellable (call),
        on_unmapped_and_read, call);
}

static const IommudMethod methods[] = {
  { "Start", IOMMUD_ACCESS_OWNER, handle_start },
  { "Stop", IOMMUD_ACCESS_OWNER, handle_stop },
  { "ReadBitmap", IOMMUD_ACCESS_OWNER, handle_read_bitmap }, /* it clears what it reads */
  { "UnmapAndReadBitmap", IOMMUD_ACCESS_OWNER, handle_unmap_and_read_bitmap },
};

const IommudInterface iommud_dirty_tracking_interface = {
  .get_info = iommud_dbus_dirty_tracking_interface_info,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
