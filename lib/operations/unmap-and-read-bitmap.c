/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping a range together with its last dirty pages: from the model to a plan and back. */
#include "base/sync.h"
#include "memory/mapping-check.h"
#include "model/device.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "operations/give-back-bitmap.h"
#include "operations/operation.h"
#include "operations/unmapping.h"
#include "perform/unmap-and-read-bitmap.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

typedef struct
{
  IommudContainer *container;
  guint64 iova;
  guint64 length;
  guint64 page_size;
  gboolean begun;
  gboolean has_mappings;     /* the twin */
  GCancellable *cancellable; /* or NULL */
  IommudUnmapping unmapping;
  IommudUnmapAndReadPlan *plan;
  GPtrArray *devices;       /* of IommudDevice, in the order of the twin's */
  IommudDelivery *delivery; /* the task's */
} UnmapAndRead;

static void
unmap_and_read_free (gpointer data)
{
  UnmapAndRead *self = data;

  iommud_memory_release (self->unmapping.memory, self);
  g_clear_pointer (&self->plan, iommud_unmap_and_read_plan_free);
  g_ptr_array_unref (self->devices);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->container);
  g_free (self);
}

static char *
describe (const UnmapAndRead *self)
{
  return g_strdup_printf ("unmap " HEX " bytes at IOVA " HEX " of container %s", self->length,
                          self->iova, iommud_container_get_name (self->container));
}

static gboolean
check_call (const UnmapAndRead *self, const char *what, GError **error)
{
  return iommud_container_check_alive (self->container, what, error)
         && iommud_mapping_check_range (self->iova, self->length, what, error)
         && iommud_dirty_bitmap_check (self->iova, self->length, self->page_size, what, error);
}

static void
add_devices (UnmapAndRead *self, IommudHwpt *hwpt)
{
  IommudUnmapAndReadPlan *plan = self->plan;
  IommudBackend *backend = iommud_host_get_backend (iommud_container_get_host (self->container));
  GListModel *devices = iommud_hwpt_get_devices (hwpt);
  guint table =
      iommud_twin_add_hwpt (plan->twin, iommud_hwpt_get_serial (hwpt), iommud_hwpt_get_id (hwpt));

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);
      const IommudBinding *binding = iommud_device_get_binding (device);

      plan->may_move =
          plan->may_move && iommud_backend_moves_without_gap (backend, binding->info->iommu);
      iommud_twin_add_device (plan->twin, table, binding);
      g_ptr_array_add (self->devices, g_steal_pointer (&device));
    }
}

static void
add_hwpts (UnmapAndRead *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      if (iommud_hwpt_get_n_devices (hwpt) == 0
          || !iommud_trackers_has_hwpt (self->plan->trackers, iommud_hwpt_get_id (hwpt)))
        continue;
      self->plan->any_hwpt = TRUE;
      add_devices (self, hwpt);
    }
}

/* The twin gets all mappings except those in the range. The range does not split any mapping, and
 * no mapping changes while the memory is held. */
static void
add_mappings (UnmapAndRead *self)
{
  IommudUnmapAndReadPlan *plan = self->plan;
  IommudMappingTable *mappings = iommud_memory_get_mappings (self->unmapping.memory);

  if (self->has_mappings)
    return;
  self->has_mappings = TRUE;
  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, 0, G_MAXUINT64);
       mapping != NULL; mapping = iommud_mapping_table_next (mappings, mapping))
    if (mapping->iova > plan->last || iommud_mapping_get_last (mapping) < plan->first)
      iommud_twin_add_mapping (plan->twin, mapping->iova, mapping->length, mapping->flags);
}

static void
fill_plan (UnmapAndRead *self, char *what)
{
  IommudUnmapAndReadPlan *plan = self->plan;
  IommudMappingTable *mappings = iommud_memory_get_mappings (self->unmapping.memory);

  iommud_operation_fill_access (&plan->unmap->access, self->container, what, NULL);
  plan->unmap->ioas_id = iommud_container_get_ioas_id (self->container);
  g_array_unref (plan->writable);
  plan->writable = iommud_mapping_table_get_runs (mappings, plan->first, plan->last, TRUE);
  plan->trackers = iommud_container_lend_trackers (self->container);
  plan->twin = iommud_twin_new (plan->trackers, plan->unmap->ioas_id);
}

static gboolean
begin (UnmapAndRead *self, GError **error)
{
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (self->container);
  g_autofree char *what = describe (self);

  if (!iommud_container_check_alive (self->container, what, error)
      || !iommud_mapping_check_whole (iommud_memory_get_mappings (self->unmapping.memory),
                                      self->iova, self->length, what, error)
      || !iommud_dirty_tracking_check_active (tracking, what, error))
    return FALSE;
  self->begun = TRUE;
  iommud_memory_hold (self->unmapping.memory, self);
  fill_plan (self, g_steal_pointer (&what));
  iommud_unmapping_take (&self->unmapping, self->plan->first, self->plan->last);
  return TRUE;
}

/* What was unmapped is not mapped again: a call that is cancelled unmaps no more. */
static void
go_on (UnmapAndRead *self)
{
  iommud_container_lend_trackers (self->container);
  g_cancellable_set_error_if_cancelled (self->cancellable, &self->plan->unmap->error);
}

/* Devices may have come or left since the last turn. */
static gpointer
plan_unmap_and_read (gpointer data, GError **error)
{
  UnmapAndRead *self = data;
  IommudUnmapAndReadPlan *plan = self->plan;

  if (self->begun)
    go_on (self);
  else if (!begin (self, error))
    return NULL;
  iommud_twin_begin_turn (plan->twin);
  g_ptr_array_set_size (self->devices, 0);
  plan->any_hwpt = FALSE;
  plan->may_move = TRUE;
  iommud_container_copy_orphans (self->container, iommud_twin_get_orphans (plan->twin));
  add_hwpts (self);
  if (plan->any_hwpt && plan->may_move)
    add_mappings (self);
  return plan;
}

/* What became of the devices that were moved. */
static void
publish_devices (UnmapAndRead *self)
{
  IommudTwin *twin = self->plan->twin;

  iommud_container_set_orphans (self->container, iommud_twin_get_orphans (twin));
  for (guint i = 0; i < self->devices->len; i++)
    if (iommud_twin_has_unbound (twin, i))
      iommud_container_remove_device (self->container, g_ptr_array_index (self->devices, i));
    else if (iommud_twin_has_detached (twin, i))
      iommud_container_detach (self->container, g_ptr_array_index (self->devices, i));
  iommud_memory_set_space (self->unmapping.memory, iommud_twin_get_space (twin));
}

static gpointer
publish_unmap_and_read (gpointer data, GError **error)
{
  UnmapAndRead *self = data;
  IommudUnmapPlan *unmap = self->plan->unmap;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  iommud_unmapping_publish (&self->unmapping);
  publish_devices (self);
  if (unmap->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&unmap->error));
      return NULL;
    }
  self->delivery->bytes = unmap->bytes;
  if (iommud_unmap_plan_has_ended (unmap))
    iommud_delivery_set (self->delivery, &self->plan->bitmap, self->plan->dirty_pages);
  return NULL;
}

static gboolean
goes_on (gpointer data)
{
  return !iommud_unmap_plan_has_ended (((UnmapAndRead *) data)->plan->unmap);
}

static gboolean
must_wait (gpointer data)
{
  return iommud_memory_is_held (((UnmapAndRead *) data)->unmapping.memory, data);
}

static GVariant *
intend (gpointer data)
{
  const UnmapAndRead *self = data;

  return iommud_operation_intend_range ("unmap-and-read-bitmap", self->container, self->iova,
                                        self->length);
}

/* Devices may have been lost on the way. */
static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((UnmapAndRead *) data)->container, IOMMUD_WRITE_DOWN_ALL);
}

static const IommudOperation unmap_and_read_operation = {
  .plan = plan_unmap_and_read,
  .perform = (void (*) (gpointer)) iommud_unmap_and_read_plan_perform,
  .publish = publish_unmap_and_read,
  .free = unmap_and_read_free,
  .goes_on = goes_on,
  .must_wait = must_wait,
  .intent = intend,
  .fact = report,
};

/* The plan needs a valid range, so it is made after the range was checked. */
static gboolean
prepare (UnmapAndRead *self, GError **error)
{
  g_autofree char *what = describe (self);

  if (!check_call (self, what, error))
    return FALSE;
  self->plan = iommud_unmap_and_read_plan_new (self->iova, self->length, self->page_size);
  self->unmapping.plan = self->plan->unmap;
  return TRUE;
}

static UnmapAndRead *
unmap_and_read_new (IommudContainer *container, guint64 iova, guint64 length, guint64 page_size)
{
  UnmapAndRead *self = g_new0 (UnmapAndRead, 1);

  self->container = g_object_ref (container);
  self->iova = iova;
  self->length = length;
  self->page_size = page_size;
  self->unmapping.memory = iommud_container_get_memory (container);
  self->devices = g_ptr_array_new_with_free_func (g_object_unref);
  self->delivery = iommud_delivery_new (container, IOMMUD_TRACKER_CHOICE_AUTO, FALSE);
  return self;
}

/**
 * iommud_dirty_tracking_unmap_and_read_bitmap_async:
 * @self: the dirty tracking of a container
 * @iova: where the range begins, a multiple of the page size and of @page_size
 * @length: its length in bytes, likewise
 * @page_size: how much a bit of the bitmap stands for, in bytes: a power of two, 512 or more
 * @cancellable: (nullable): cancels the call before it begins or between two of its turns
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Unmaps everything that is mapped in a range, and reads its dirty pages: the bitmap has all pages
 * that devices wrote to before the range was unmapped. To achieve this, devices that their IOMMU
 * tracks are moved to a HWPT that does not have the range. If the IOMMU's driver would stop their
 * DMA during the move (as those of VT-d and AMD do in Linux 6.12), and if the kernel refuses the
 * move, all of the range that is mapped for writing counts as dirty instead. Mappings are unmapped
 * whole or not at all.
 *
 * A long range is unmapped about one GiB at a time, and other operations of the context run in
 * between, except those that change mappings of this container. The HWPT that devices are moved to
 * is made with all of the other mappings in the first of these turns. If tracking is stopped
 * meanwhile, all of the rest that is mapped for writing counts as dirty. A call that fails or is
 * cancelled after it has begun does not map again what it has unmapped: the dirty pages of that are
 * kept for the next read. They are kept too if @callback does not take the bitmap, as described for
 * iommud_dirty_tracking_read_bitmap_async().
 */
void
iommud_dirty_tracking_unmap_and_read_bitmap_async (IommudDirtyTracking *self, guint64 iova,
                                                   guint64 length, guint64 page_size,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  UnmapAndRead *data;

  g_return_if_fail (IOMMUD_IS_DIRTY_TRACKING (self));

  task = iommud_task_new (self, iommud_dirty_tracking_unmap_and_read_bitmap_async, cancellable,
                          callback, user_data);
  if (!iommud_operation_has_container (iommud_dirty_tracking_get_container (self), task))
    return;
  data = unmap_and_read_new (iommud_dirty_tracking_get_container (self), iova, length, page_size);
  g_set_object (&data->cancellable, cancellable);
  g_task_set_task_data (task, data->delivery, iommud_delivery_free);
  if (prepare (data, &error))
    {
      iommud_operation_submit (data->container, &unmap_and_read_operation, data,
                               g_steal_pointer (&task));
      return;
    }
  unmap_and_read_free (data);
  g_task_return_error (task, error);
}

/**
 * iommud_dirty_tracking_unmap_and_read_bitmap_finish:
 * @self: the dirty tracking of a container
 * @result: what the callback was given
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @bitmap: (out) (optional): a sealed memfd with the dirty bitmap, which the caller has to close;
 *   %NULL: the dirty pages are kept for the next read
 * @dirty_pages: (out) (optional): how many bits of the bitmap are set
 * @error: where to put an error
 *
 * Ends iommud_dirty_tracking_unmap_and_read_bitmap_async(). After a call that failed,
 * #IommudMemory:mappings lists what is still mapped, and no dirty page is forgotten.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that is empty, not aligned or would split a
 * mapping, and if dirty tracking is not active; %IOMMUD_ERROR_NOT_FOUND if nothing is mapped there,
 * or the container is gone; %IOMMUD_ERROR_LIMITS_EXCEEDED if the bitmap would be larger than 128
 * MiB; %IOMMUD_ERROR_NO_MEMORY if there is no memory for it; %IOMMUD_ERROR_BUSY if the kernel says
 * that something still uses the memory; %IOMMUD_ERROR_FAILED if a device could not be moved back,
 * which is then no longer attached.
 *
 * Returns: whether all of it was unmapped and the bitmap was made
 */
gboolean
iommud_dirty_tracking_unmap_and_read_bitmap_finish (IommudDirtyTracking *self, GAsyncResult *result,
                                                    guint64 *bytes, int *bitmap,
                                                    guint64 *dirty_pages, GError **error)
{
  IommudDelivery *delivery;

  if (!iommud_task_finish_boolean (self, result, error))
    return FALSE;
  delivery = g_task_get_task_data (G_TASK (result));
  if (bytes != NULL)
    *bytes = delivery->bytes;
  if (dirty_pages != NULL)
    *dirty_pages = delivery->dirty_pages;
  if (bitmap != NULL)
    *bitmap = iommud_delivery_take (delivery);
  return TRUE;
}

/**
 * iommud_dirty_tracking_unmap_and_read_bitmap:
 * @self: the dirty tracking of a container
 * @iova: where the range begins, a multiple of the page size and of @page_size
 * @length: its length in bytes, likewise
 * @page_size: how much a bit of the bitmap stands for, in bytes
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @bitmap: (out) (optional): a sealed memfd with the dirty bitmap, which the caller has to close;
 *   %NULL: the dirty pages are kept for the next read
 * @dirty_pages: (out) (optional): how many bits of the bitmap are set
 * @error: where to put an error
 *
 * iommud_dirty_tracking_unmap_and_read_bitmap_async() that waits, running the host's main context
 * meanwhile.
 *
 * Returns: whether all of it was unmapped and the bitmap was made
 */
gboolean
iommud_dirty_tracking_unmap_and_read_bitmap (IommudDirtyTracking *self, guint64 iova,
                                             guint64 length, guint64 page_size,
                                             GCancellable *cancellable, guint64 *bytes, int *bitmap,
                                             guint64 *dirty_pages, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DIRTY_TRACKING (self), FALSE);
  iommud_sync_begin (
      &sync, iommud_operation_get_main_context (iommud_dirty_tracking_get_container (self)));
  iommud_dirty_tracking_unmap_and_read_bitmap_async (self, iova, length, page_size, cancellable,
                                                     iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_dirty_tracking_unmap_and_read_bitmap_finish (self, result, bytes, bitmap,
                                                             dirty_pages, error);
}
