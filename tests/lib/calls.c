/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of the library as tests like to write them: on a container, with options as arguments. */
#include "calls.h"

static IommudAttachOptions *
attach_options_new (IommudAttachMode mode, IommudTrackerChoice tracker)
{
  IommudAttachOptions *options = iommud_attach_options_new ();

  g_object_set (options, "mode", mode, "tracker", tracker, NULL);
  return options;
}

gboolean
call_attach_device (IommudContainer *container, IommudDevice *device, IommudAttachMode mode,
                    IommudTrackerChoice tracker, GCancellable *cancellable, IommudHwpt **hwpt,
                    GError **error)
{
  g_autoptr (IommudAttachOptions) options = attach_options_new (mode, tracker);

  return iommud_container_attach_device (container, device, options, cancellable, hwpt, error);
}

void
call_attach_device_async (IommudContainer *container, IommudDevice *device, IommudAttachMode mode,
                          IommudTrackerChoice tracker, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (IommudAttachOptions) options = attach_options_new (mode, tracker);

  iommud_container_attach_device_async (container, device, options, cancellable, callback,
                                        user_data);
}

IommudHwpt *
call_alloc_hwpt (IommudContainer *container, IommudDevice *device, IommudHwptFlags flags,
                 GCancellable *cancellable, GError **error)
{
  g_autoptr (IommudHwptOptions) options = iommud_hwpt_options_new ();

  g_object_set (options, "dirty-tracking", (flags & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0,
                "nest-parent", (flags & IOMMUD_HWPT_FLAGS_NEST_PARENT) != 0, NULL);
  return iommud_container_alloc_hwpt (container, device, options, cancellable, error);
}

static IommudMapOptions *
map_options_new (IommudMapFlags flags)
{
  IommudMapOptions *options = iommud_map_options_new ();

  g_object_set (options, "readable", (flags & IOMMUD_MAP_FLAGS_READABLE) != 0, "writable",
                (flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0, "fixed",
                (flags & IOMMUD_MAP_FLAGS_FIXED) != 0, NULL);
  return options;
}

gboolean
call_map_file (IommudContainer *container, int file, guint64 offset, guint64 length, guint64 iova,
               IommudMapFlags flags, GCancellable *cancellable, guint64 *mapped_iova,
               GError **error)
{
  g_autoptr (IommudMapOptions) options = map_options_new (flags);

  return iommud_memory_map_file (iommud_container_get_memory (container), file, offset, length,
                                 iova, options, cancellable, mapped_iova, error);
}

void
call_map_file_async (IommudContainer *container, int file, guint64 offset, guint64 length,
                     guint64 iova, IommudMapFlags flags, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (IommudMapOptions) options = map_options_new (flags);

  iommud_memory_map_file_async (iommud_container_get_memory (container), file, offset, length, iova,
                                options, cancellable, callback, user_data);
}

gboolean
call_copy_mapping (IommudContainer *container, IommudContainer *source, guint64 source_iova,
                   guint64 length, guint64 iova, IommudMapFlags flags, GCancellable *cancellable,
                   guint64 *mapped_iova, GError **error)
{
  g_autoptr (IommudMapOptions) options = map_options_new (flags);

  return iommud_memory_copy_mapping (iommud_container_get_memory (container),
                                     iommud_container_get_memory (source), source_iova, length,
                                     iova, options, cancellable, mapped_iova, error);
}

gboolean
call_unmap (IommudContainer *container, guint64 iova, guint64 length, guint64 page_size,
            GCancellable *cancellable, guint64 *bytes, int *bitmap, guint64 *dirty_pages,
            GError **error)
{
  if (bitmap != NULL)
    *bitmap = -1;
  if (dirty_pages != NULL)
    *dirty_pages = 0;
  if (page_size == 0)
    return iommud_memory_unmap (iommud_container_get_memory (container), iova, length, cancellable,
                                bytes, error);
  return iommud_dirty_tracking_unmap_and_read_bitmap (
      iommud_container_get_dirty_tracking (container), iova, length, page_size, cancellable, bytes,
      bitmap, dirty_pages, error);
}

gboolean
call_unmap_all (IommudContainer *container, GCancellable *cancellable, guint64 *bytes,
                GError **error)
{
  return iommud_memory_unmap_all (iommud_container_get_memory (container), cancellable, bytes,
                                  error);
}

gboolean
call_set_allowed_iovas (IommudContainer *container, GVariant *ranges, GCancellable *cancellable,
                        GError **error)
{
  return iommud_memory_set_allowed_iovas (iommud_container_get_memory (container), ranges,
                                          cancellable, error);
}

gboolean
call_start_dirty_tracking (IommudContainer *container, guint64 page_size, GCancellable *cancellable,
                           GError **error)
{
  return iommud_dirty_tracking_start (iommud_container_get_dirty_tracking (container), page_size,
                                      cancellable, error);
}

gboolean
call_stop_dirty_tracking (IommudContainer *container, GCancellable *cancellable, GError **error)
{
  return iommud_dirty_tracking_stop (iommud_container_get_dirty_tracking (container), cancellable,
                                     error);
}

int
call_read_dirty_bitmap (IommudContainer *container, guint64 iova, guint64 length, guint64 page_size,
                        gboolean no_clear, IommudTrackerChoice tracker, GCancellable *cancellable,
                        guint64 *dirty_pages, GError **error)
{
  g_autoptr (IommudReadOptions) options = iommud_read_options_new ();

  g_object_set (options, "no-clear", no_clear, "tracker", tracker, NULL);
  return iommud_dirty_tracking_read_bitmap (iommud_container_get_dirty_tracking (container), iova,
                                            length, page_size, options, cancellable, dirty_pages,
                                            error);
}
