/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the dirty tracking of a container: from the model to its trackers and back. */
#include "model/container.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/hwpt.h"
#include "base/sync.h"
#include "operations/operation.h"
#include "perform/start-dirty-tracking.h"

/* The page sizes that logs may be asked for. */
#define SMALLEST_PAGE IOMMUD_DIRTY_PAGE_SIZE
#define LARGEST_PAGE (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  IommudContainer *container;
  IommudStartDirtyTrackingPlan plan;
} Start;

static void
clear_tracker (gpointer tracker)
{
  if (tracker != NULL)
    iommud_tracker_free (tracker);
}

static void
start_free (gpointer data)
{
  Start *self = data;

  g_clear_object (&self->container);
  iommud_start_dirty_tracking_plan_clear (&self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container)
{
  return g_strdup_printf ("start dirty tracking of container %s",
                          iommud_container_get_name (container));
}

static gboolean
check_page_size (guint64 page_size, const char *what, GError **error)
{
  if (page_size >= SMALLEST_PAGE && page_size <= LARGEST_PAGE && (page_size & (page_size - 1)) == 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: the page size is %" G_GUINT64_FORMAT
               ": it must be 0 or a power of two from 4096 to 1 GiB",
               what, page_size);
  return FALSE;
}

static gboolean
check_inactive (IommudDirtyTracking *tracking, const char *what, GError **error)
{
  const IommudTrackers *trackers = iommud_dirty_tracking_peek (tracking);

  if (!iommud_trackers_is_active (trackers))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "Cannot %s: %s", what,
               iommud_trackers_is_complete (trackers)
                   ? "it is active already"
                   : "some tracker did not stop: stop dirty tracking first");
  return FALSE;
}

static gboolean
check_policy (IommudDirtyTracking *tracking, const char *what, GError **error)
{
  if (iommud_dirty_tracking_get_policy (tracking) != IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return TRUE;
  g_set_error (
      error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
      "Cannot %s: it was made with dirty-tracking off: make one with preferred or required", what);
  return FALSE;
}

static gboolean
check_covered (IommudDirtyTracking *tracking, const char *what, GError **error)
{
  if (iommud_dirty_tracking_get_coverage (tracking) != IOMMUD_DIRTY_TRACKING_COVERAGE_NONE)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot %s: no tracker covers any of its devices: the property Blockers says why",
               what);
  return FALSE;
}

static void
add_logs (Start *self)
{
  GListModel *devices = iommud_container_get_devices (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      if (iommud_device_is_attached (device)
          && iommud_device_get_tracker (device) == IOMMUD_TRACKER_KIND_DEVICE)
        g_ptr_array_add (self->plan.wanted,
                         iommud_tracker_new_log (iommud_device_get_name (device),
                                                 iommud_device_get_binding (device)->cdev));
    }
}

static void
add_hwpts (Start *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      if (iommud_hwpt_tracks_any (hwpt, NULL))
        g_ptr_array_add (self->plan.wanted, iommud_tracker_new_hwpt (iommud_hwpt_get_id (hwpt)));
    }
}

static gpointer
plan_start (gpointer data, GError **error)
{
  Start *self = data;
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (self->container);
  IommudMemory *memory = iommud_container_get_memory (self->container);
  g_autofree char *what = describe (self->container);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_inactive (tracking, what, error) || !check_policy (tracking, what, error)
      || !check_covered (tracking, what, error))
    return NULL;
  add_logs (self);
  add_hwpts (self);
  iommud_operation_fill_access (&self->plan.access, self->container, g_steal_pointer (&what), NULL);
  self->plan.trackers =
      iommud_dirty_tracking_lend (tracking, iommud_memory_get_mapped_ranges (memory));
  return &self->plan;
}

static gpointer
publish_start (gpointer data, GError **error)
{
  Start *self = data;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  if (self->plan.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan.error));
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const Start *self = data;

  return iommud_operation_intend ("start-dirty-tracking", self->container, NULL, NULL);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((Start *) data)->container, IOMMUD_WRITE_DOWN_TRACKING);
}

static const IommudOperation start_operation = {
  .plan = plan_start,
  .perform = (void (*) (gpointer)) iommud_start_dirty_tracking_plan_perform,
  .publish = publish_start,
  .free = start_free,
  .intent = intend,
  .fact = report,
};

/**
 * iommud_dirty_tracking_start_async:
 * @self: the dirty tracking of a container
 * @page_size: the size of the pages in which devices' own logs should record, a power of two from
 *   4096 to 1 GiB; 0 for 4096. A device may use larger or smaller ones; reads convert
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Starts the trackers of all attached devices as one: first the logs of the devices that use their
 * own, then the HWPTs on which some device uses the IOMMU. If one fails, those that were started
 * are stopped again in reverse order, and its error is reported. Devices that are attached later
 * are started, and those that leave are stopped, with their last dirty pages saved for the next
 * read.
 *
 * The call also succeeds if no tracker covers some of the devices: #IommudDirtyTracking:blockers
 * names them.
 */
void
iommud_dirty_tracking_start_async (IommudDirtyTracking *self, guint64 page_size,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  IommudContainer *container;
  Start *data;

  g_return_if_fail (IOMMUD_IS_DIRTY_TRACKING (self));

  task =
      iommud_task_new (self, iommud_dirty_tracking_start_async, cancellable, callback, user_data);
  container = iommud_dirty_tracking_get_container (self);
  if (!iommud_operation_has_container (container, task))
    return;
  what = describe (container);
  if (page_size == 0)
    page_size = SMALLEST_PAGE;
  if (!iommud_container_check_alive (container, what, &error)
      || !check_page_size (page_size, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Start, 1);
  data->container = g_object_ref (container);
  data->plan.page_size = page_size;
  data->plan.wanted = g_ptr_array_new_with_free_func (clear_tracker);
  iommud_operation_submit (container, &start_operation, data, g_steal_pointer (&task));
}

/**
 * iommud_dirty_tracking_start_finish:
 * @self: the dirty tracking of a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_dirty_tracking_start_async().
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a page size that is not possible, and if dirty
 * tracking is active already; %IOMMUD_ERROR_NOT_SUPPORTED if the container was made with dirty
 * tracking off, or if no tracker covers any of its devices; %IOMMUD_ERROR_NOT_FOUND if the
 * container is gone; and the error of the tracker that did not start. If a tracker that was started
 * does not stop again, the message says so, and #IommudDirtyTracking:active is %TRUE until a stop
 * succeeds.
 *
 * Returns: whether all trackers were started
 */
gboolean
iommud_dirty_tracking_start_finish (IommudDirtyTracking *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_dirty_tracking_start:
 * @self: the dirty tracking of a container
 * @page_size: the size of the pages in which devices' own logs should record; 0 for 4096
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_dirty_tracking_start_async() that waits, running the host's main context
 * meanwhile.
 *
 * Returns: whether all trackers were started
 */
gboolean
iommud_dirty_tracking_start (IommudDirtyTracking *self, guint64 page_size,
                             GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DIRTY_TRACKING (self), FALSE);
  iommud_sync_begin (
      &sync, iommud_operation_get_main_context (iommud_dirty_tracking_get_container (self)));
  iommud_dirty_tracking_start_async (self, page_size, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_dirty_tracking_start_finish (self, result, error);
}
