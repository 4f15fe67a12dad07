/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping a range together with its last dirty pages, none of them lost. */
#include "operations/dirty-unmap.h"

#include "model/container.h"
#include "model/device.h"
#include "dirty/bitmap.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "perform/twin.h"

struct _IommudDirtyUnmap
{
  IommudContainer *container;
  IommudTrackers *trackers;
  IommudTwin *twin;
  guint64 first;
  guint64 last;
  guint64 page_size;
  GArray *writable;   /* of IommudIovaRange: what of the range is mapped for writing */
  gboolean any_hwpt;  /* some HWPT records */
  gboolean may_move;  /* without any DMA of its devices being dropped */
  gboolean exact;     /* nothing could write to the range when it was read */
  GPtrArray *devices; /* of IommudDevice, in the order of the twin's */
  IommudDirtyBitmap bitmap;
  guint64 dirty_pages;
};

gboolean
iommud_dirty_unmap_check (guint64 iova, guint64 length, guint64 page_size, const char *what,
                          GError **error)
{
  return iommud_dirty_bitmap_check (iova, length, page_size, what, error);
}

static void
add_devices (IommudDirtyUnmap *self, IommudHwpt *hwpt)
{
  IommudBackend *backend = iommud_host_get_backend (iommud_container_get_host (self->container));
  GListModel *devices = iommud_hwpt_get_devices (hwpt);
  guint table = iommud_twin_add_hwpt (self->twin, iommud_hwpt_get_id (hwpt));

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      const IommudBinding *binding = iommud_device_get_binding (device);

      self->may_move =
          self->may_move && iommud_backend_moves_without_gap (backend, binding->info->iommu);
      iommud_twin_add_device (self->twin, table, binding);
      g_ptr_array_add (self->devices, g_steal_pointer (&device));
    }
}

static void
add_hwpts (IommudDirtyUnmap *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      if (iommud_hwpt_get_n_devices (hwpt) == 0
          || !iommud_trackers_has_hwpt (self->trackers, iommud_hwpt_get_id (hwpt)))
        continue;
      self->any_hwpt = TRUE;
      add_devices (self, hwpt);
    }
}

/* The twin gets all mappings but those of the range, which end where the range does. */
static void
add_mappings (IommudDirtyUnmap *self)
{
  IommudMappingTable *mappings = iommud_container_get_mappings (self->container);

  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, 0, G_MAXUINT64);
       mapping != NULL; mapping = iommud_mapping_table_next (mappings, mapping))
    if (mapping->iova > self->last || iommud_mapping_get_last (mapping) < self->first)
      iommud_twin_add_mapping (self->twin, mapping->iova, mapping->length, mapping->flags);
}

IommudDirtyUnmap *
iommud_dirty_unmap_new (IommudContainer *container, guint64 iova, guint64 length, guint64 page_size,
                        const char *what, GError **error)
{
  IommudMappingTable *mappings = iommud_container_get_mappings (container);
  IommudDirtyUnmap *self;

  if (!iommud_container_check_tracking (container, what, error))
    return NULL;
  self = g_new0 (IommudDirtyUnmap, 1);
  self->container = g_object_ref (container);
  self->trackers = iommud_container_prepare_trackers (container);
  self->twin = iommud_twin_new (self->trackers, iommud_container_get_ioas_id (container));
  self->first = iova;
  self->last = iova + (length - 1);
  self->page_size = page_size;
  self->writable =
      iommud_mapping_table_get_runs (mappings, self->first, self->last, IOMMUD_MAP_FLAGS_WRITABLE);
  self->may_move = TRUE;
  self->devices = g_ptr_array_new_with_free_func (g_object_unref);
  self->bitmap.fd = -1;
  iommud_container_copy_orphans (container, iommud_twin_get_orphans (self->twin));
  add_hwpts (self);
  if (self->may_move)
    add_mappings (self);
  return self;
}

void
iommud_dirty_unmap_free (IommudDirtyUnmap *self)
{
  iommud_twin_free (self->twin);
  iommud_dirty_bitmap_clear (&self->bitmap);
  g_array_unref (self->writable);
  g_ptr_array_unref (self->devices);
  g_object_unref (self->container);
  g_free (self);
}

static void
mark_range (IommudDirtyUnmap *self)
{
  for (guint i = 0; i < self->writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->writable, IommudIovaRange, i);

      iommud_dirty_bits_mark (&self->bitmap.bits, range->first, range->last);
    }
}

static gboolean
read_in_peace (IommudDirtyUnmap *self, const IommudKernelAccess *access)
{
  g_autoptr (GError) error = NULL;

  if (!self->may_move || !iommud_twin_move_to (self->twin, access, &error)
      || !iommud_trackers_read (self->trackers, access, IOMMUD_TRACKER_CHOICE_IOMMU, FALSE,
                                &self->bitmap.bits, &error))
    {
      if (error != NULL)
        g_message ("%s; all of the range counts as dirty", error->message);
      return FALSE;
    }
  return TRUE;
}

gboolean
iommud_dirty_unmap_begin (IommudDirtyUnmap *self, const IommudKernelAccess *access, GError **error)
{
  if (!iommud_dirty_bitmap_open (&self->bitmap, self->first, self->last - self->first + 1,
                                 self->page_size, access->what, error))
    return FALSE;
  self->exact = self->any_hwpt
                    ? read_in_peace (self, access)
                    : iommud_trackers_read (self->trackers, access, IOMMUD_TRACKER_CHOICE_IOMMU,
                                            FALSE, &self->bitmap.bits, error);
  if (self->any_hwpt ? self->exact || iommud_twin_move_back (self->twin, access, error)
                     : self->exact)
    return TRUE;
  iommud_trackers_save (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO, &self->bitmap.bits);
  return FALSE;
}

/* The logs have been written to until now. */
static void
read_logs (IommudDirtyUnmap *self, const IommudKernelAccess *access)
{
  g_autoptr (GError) error = NULL;

  if (iommud_trackers_read (self->trackers, access, IOMMUD_TRACKER_CHOICE_DEVICE, FALSE,
                            &self->bitmap.bits, &error))
    return;
  g_message ("%s; all of the range counts as dirty", error->message);
  mark_range (self);
}

static gboolean
deliver (IommudDirtyUnmap *self, const IommudKernelAccess *access, GError **error)
{
  if (iommud_dirty_bitmap_seal (&self->bitmap, &self->dirty_pages, access->what, error))
    return TRUE;
  g_prefix_error (error,
                  "The range was unmapped, and its dirty pages are kept for the next read. ");
  return FALSE;
}

gboolean
iommud_dirty_unmap_end (IommudDirtyUnmap *self, const IommudKernelAccess *access, gboolean unmapped,
                        GError **error)
{
  gboolean back = !self->exact || iommud_twin_move_back (self->twin, access, error);

  if (!self->exact)
    mark_range (self);
  read_logs (self, access);
  if (unmapped && back && deliver (self, access, error))
    {
      iommud_trackers_forget_range (self->trackers, self->first, self->last);
      return TRUE;
    }
  if (self->bitmap.bits.words != NULL)
    iommud_trackers_save (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO, &self->bitmap.bits);
  else
    iommud_trackers_mark_all (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO);
  iommud_dirty_bitmap_clear (&self->bitmap);
  return FALSE;
}

void
iommud_dirty_unmap_publish (IommudDirtyUnmap *self)
{
  iommud_container_set_orphans (self->container, iommud_twin_get_orphans (self->twin));
  for (guint i = 0; i < self->devices->len; i++)
    if (iommud_twin_has_let_go (self->twin, i))
      iommud_container_remove_device (self->container, g_ptr_array_index (self->devices, i));
    else if (iommud_twin_has_lost (self->twin, i))
      iommud_container_detach (self->container, g_ptr_array_index (self->devices, i));
  iommud_container_set_space (self->container, iommud_twin_get_space (self->twin));
}

int
iommud_dirty_unmap_steal_fd (IommudDirtyUnmap *self, guint64 *dirty_pages)
{
  *dirty_pages = self->dirty_pages;
  return iommud_dirty_bitmap_steal_fd (&self->bitmap);
}
