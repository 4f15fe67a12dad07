/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping the dirty tracking of a container: from the model to its trackers and back. */
#include "model/container.h"
#include "iommud-error.h"
#include "base/sync.h"
#include "operations/operation.h"
#include "perform/stop-dirty-tracking.h"

typedef struct
{
  IommudContainer *container;
  IommudStopDirtyTrackingPlan plan;
} Stop;

static void
stop_free (gpointer data)
{
  Stop *self = data;

  g_clear_object (&self->container);
  iommud_stop_dirty_tracking_plan_clear (&self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container)
{
  return g_strdup_printf ("stop dirty tracking of container %s",
                          iommud_container_get_name (container));
}

static gpointer
plan_stop (gpointer data, GError **error)
{
  Stop *self = data;
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (self->container);
  g_autofree char *what = describe (self->container);

  if (!iommud_container_check_alive (self->container, what, error))
    return NULL;
  if (!iommud_trackers_is_active (iommud_dirty_tracking_peek (tracking)))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot %s: it is not active", what);
      return NULL;
    }
  iommud_operation_fill_access (&self->plan.access, self->container, g_steal_pointer (&what), NULL);
  self->plan.trackers = iommud_dirty_tracking_lend (tracking, NULL);
  return &self->plan;
}

static gpointer
publish_stop (gpointer data, GError **error)
{
  Stop *self = data;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  if (self->plan.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan.error));
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const Stop *self = data;

  return iommud_operation_intend ("stop-dirty-tracking", self->container, NULL, NULL);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((Stop *) data)->container, IOMMUD_WRITE_DOWN_TRACKING);
}

static const IommudOperation stop_operation = {
  .plan = plan_stop,
  .perform = (void (*) (gpointer)) iommud_stop_dirty_tracking_plan_perform,
  .publish = publish_stop,
  .free = stop_free,
  .intent = intend,
  .fact = report,
};

/**
 * iommud_dirty_tracking_stop_async:
 * @self: the dirty tracking of a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Stops all trackers, in the order in which they were started, and forgets what was not read. If a
 * tracker does not stop, the others are stopped all the same; dirty tracking then stays active,
 * cannot be read, and can be stopped once more.
 */
void
iommud_dirty_tracking_stop_async (IommudDirtyTracking *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  IommudContainer *container;
  Stop *data;

  g_return_if_fail (IOMMUD_IS_DIRTY_TRACKING (self));

  task = iommud_task_new (self, iommud_dirty_tracking_stop_async, cancellable, callback, user_data);
  container = iommud_dirty_tracking_get_container (self);
  if (!iommud_operation_has_container (container, task))
    return;
  what = describe (container);
  if (!iommud_container_check_alive (container, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Stop, 1);
  data->container = g_object_ref (container);
  iommud_operation_submit (container, &stop_operation, data, g_steal_pointer (&task));
}

/**
 * iommud_dirty_tracking_stop_finish:
 * @self: the dirty tracking of a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_dirty_tracking_stop_async().
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT if dirty tracking is not active, %IOMMUD_ERROR_NOT_FOUND
 * if the container is gone, and the error of the first tracker that did not stop;
 * #IommudDirtyTracking:active says whether any still runs.
 *
 * Returns: whether all trackers were stopped
 */
gboolean
iommud_dirty_tracking_stop_finish (IommudDirtyTracking *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_dirty_tracking_stop:
 * @self: the dirty tracking of a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_dirty_tracking_stop_async() that waits, running the host's main context
 * meanwhile.
 *
 * Returns: whether all trackers were stopped
 */
gboolean
iommud_dirty_tracking_stop (IommudDirtyTracking *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DIRTY_TRACKING (self), FALSE);
  iommud_sync_begin (
      &sync, iommud_operation_get_main_context (iommud_dirty_tracking_get_container (self)));
  iommud_dirty_tracking_stop_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_dirty_tracking_stop_finish (self, result, error);
}
