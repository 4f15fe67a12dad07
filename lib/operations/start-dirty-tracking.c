/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starting the dirty tracking of a container: from the model to its trackers and back. */
#include "iommud-container-dirty.h"
#include "model/container.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "base/sync.h"

/* Pages that logs may be asked for. */
#define SMALLEST_PAGE IOMMUD_DIRTY_PAGE_SIZE
#define LARGEST_PAGE (G_GUINT64_CONSTANT (1) << 30)

typedef struct
{
  IommudContainer *container;
  guint64 page_size;
  IommudKernelAccess access;
  IommudTrackers *trackers;
  GPtrArray *wanted; /* of IommudTracker; those that were started are NULL */
  GError *error;
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
  iommud_kernel_access_clear (&self->access);
  g_ptr_array_unref (self->wanted);
  g_clear_error (&self->error);
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
check_inactive (IommudContainer *container, const char *what, GError **error)
{
  IommudTrackers *trackers = iommud_container_get_trackers (container);

  if (!iommud_trackers_is_active (trackers))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT, "Cannot %s: %s", what,
               iommud_trackers_is_complete (trackers)
                   ? "it is active already"
                   : "some tracker did not stop: stop dirty tracking first");
  return FALSE;
}

static gboolean
check_policy (IommudContainer *container, const char *what, GError **error)
{
  if (iommud_container_get_policy (container) != IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return TRUE;
  g_set_error (
      error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
      "Cannot %s: it was made with dirty-tracking off: make one with preferred or required", what);
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
        g_ptr_array_add (self->wanted,
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
        g_ptr_array_add (self->wanted, iommud_tracker_new_hwpt (iommud_hwpt_get_id (hwpt)));
    }
}

static gboolean
check_covered (Start *self, const char *what, GError **error)
{
  IommudDirtyTrackingCoverage coverage;

  g_object_get (self->container, "dirty-tracking", &coverage, NULL);
  if (coverage != IOMMUD_DIRTY_TRACKING_COVERAGE_NONE)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot %s: no tracker covers any of its devices: its migration blockers say why",
               what);
  return FALSE;
}

static gboolean
plan_start (gpointer data, GError **error)
{
  Start *self = data;
  g_autofree char *what = describe (self->container);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_inactive (self->container, what, error)
      || !check_policy (self->container, what, error) || !check_covered (self, what, error))
    return FALSE;
  add_logs (self);
  add_hwpts (self);
  iommud_container_fill_call (self->container, &self->access, g_steal_pointer (&what), NULL);
  self->trackers = iommud_container_get_trackers (self->container);
  iommud_container_update_mapped (self->container);
  return TRUE;
}

static void
perform_start (gpointer data)
{
  Start *self = data;

  iommud_trackers_start (self->trackers, &self->access, self->page_size, self->wanted,
                         &self->error);
}

static gpointer
publish_start (gpointer data, GError **error)
{
  Start *self = data;

  iommud_container_update_tracking (self->container);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return NULL;
}

static const IommudOperation start_operation = {
  .plan = plan_start,
  .perform = perform_start,
  .publish = publish_start,
  .free = start_free,
};

/**
 * iommud_container_start_dirty_tracking_async:
 * @self: a container
 * @page_size: the pages that devices' own logs are asked to record in, a power of two from 4096 to
 *   1 GiB; 0 for 4096. A device may take larger or smaller ones; reads convert
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Starts the trackers of all attached devices as one: first the logs of the devices that use their
 * own, then the HWPTs on which some device uses the IOMMU. Should one fail, those that were started
 * are stopped again in reverse and its error is reported. Devices that are attached later are
 * started, and those that leave are stopped, with their last dirty pages saved for the next read.
 *
 * A container some of whose devices no tracker covers may start:
 * #IommudContainer:migration-blockers names them.
 */
void
iommud_container_start_dirty_tracking_async (IommudContainer *self, guint64 page_size,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  Start *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  task = iommud_task_new (self, iommud_container_start_dirty_tracking_async, cancellable, callback,
                          user_data);
  what = describe (self);
  if (page_size == 0)
    page_size = SMALLEST_PAGE;
  if (!iommud_container_check_alive (self, what, &error)
      || !check_page_size (page_size, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Start, 1);
  data->container = g_object_ref (self);
  data->page_size = page_size;
  data->wanted = g_ptr_array_new_with_free_func (clear_tracker);
  iommud_context_submit (iommud_container_get_context (self), &start_operation, data, NULL,
                         g_steal_pointer (&task));
}

/**
 * iommud_container_start_dirty_tracking_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_start_dirty_tracking_async().
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a page size that cannot be, and where dirty tracking
 * is active already; %IOMMUD_ERROR_NOT_SUPPORTED where the container was made with dirty tracking
 * off or no tracker covers any of its devices; %IOMMUD_ERROR_NOT_FOUND where it is gone; and the
 * error of the tracker that did not start. Should one that was started not stop again, the message
 * says so and #IommudContainer:dirty-tracking-active is %TRUE until a stop succeeds.
 *
 * Returns: whether all trackers were started
 */
gboolean
iommud_container_start_dirty_tracking_finish (IommudContainer *self, GAsyncResult *result,
                                              GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_container_start_dirty_tracking:
 * @self: a container
 * @page_size: the pages that devices' own logs are asked to record in; 0 for 4096
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_start_dirty_tracking_async() that waits, running the host's main context
 * meanwhile.
 *
 * Returns: whether all trackers were started
 */
gboolean
iommud_container_start_dirty_tracking (IommudContainer *self, guint64 page_size,
                                       GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_start_dirty_tracking_async (self, page_size, cancellable, iommud_sync_ready,
                                               &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_start_dirty_tracking_finish (self, result, error);
}
