/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stopping the dirty tracking of a container: from the model to its trackers and back. */
#include "iommud-container-dirty.h"
#include "model/container.h"
#include "iommud-error.h"
#include "model/host.h"
#include "base/sync.h"

typedef struct
{
  IommudContainer *container;
  IommudKernelAccess access;
  IommudTrackers *trackers;
  GError *error;
} Stop;

static void
stop_free (gpointer data)
{
  Stop *self = data;

  g_clear_object (&self->container);
  iommud_kernel_access_clear (&self->access);
  g_clear_error (&self->error);
  g_free (self);
}

static char *
describe (IommudContainer *container)
{
  return g_strdup_printf ("stop dirty tracking of container %s",
                          iommud_container_get_name (container));
}

static gboolean
plan_stop (gpointer data, GError **error)
{
  Stop *self = data;
  g_autofree char *what = describe (self->container);

  if (!iommud_container_check_alive (self->container, what, error))
    return FALSE;
  self->trackers = iommud_container_get_trackers (self->container);
  if (!iommud_trackers_is_active (self->trackers))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot %s: it is not active", what);
      return FALSE;
    }
  iommud_container_fill_call (self->container, &self->access, g_steal_pointer (&what), NULL);
  return TRUE;
}

static void
perform_stop (gpointer data)
{
  Stop *self = data;

  iommud_trackers_stop (self->trackers, &self->access, &self->error);
}

static gpointer
publish_stop (gpointer data, GError **error)
{
  Stop *self = data;

  iommud_container_update_tracking (self->container);
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return NULL;
}

static const IommudOperation stop_operation = {
  .plan = plan_stop,
  .perform = perform_stop,
  .publish = publish_stop,
  .free = stop_free,
};

/**
 * iommud_container_stop_dirty_tracking_async:
 * @self: a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Stops all trackers, in the order in which they were started, and forgets what nobody has read. A
 * tracker that does not stop keeps no other from being stopped; the container's dirty tracking then
 * stays active, cannot be read, and can be stopped once more.
 */
void
iommud_container_stop_dirty_tracking_async (IommudContainer *self, GCancellable *cancellable,
                                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  Stop *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  task = iommud_task_new (self, iommud_container_stop_dirty_tracking_async, cancellable, callback,
                          user_data);
  what = describe (self);
  if (!iommud_container_check_alive (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Stop, 1);
  data->container = g_object_ref (self);
  iommud_context_submit (iommud_container_get_context (self), &stop_operation, data, NULL,
                         g_steal_pointer (&task));
}

/**
 * iommud_container_stop_dirty_tracking_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_stop_dirty_tracking_async().
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT where dirty tracking is not active,
 * %IOMMUD_ERROR_NOT_FOUND where the container is gone, and the error of the first tracker that did
 * not stop; #IommudContainer:dirty-tracking-active says whether any runs on.
 *
 * Returns: whether all trackers were stopped
 */
gboolean
iommud_container_stop_dirty_tracking_finish (IommudContainer *self, GAsyncResult *result,
                                             GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_container_stop_dirty_tracking:
 * @self: a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_stop_dirty_tracking_async() that waits, running the host's main context
 * meanwhile.
 *
 * Returns: whether all trackers were stopped
 */
gboolean
iommud_container_stop_dirty_tracking (IommudContainer *self, GCancellable *cancellable,
                                      GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_stop_dirty_tracking_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_stop_dirty_tracking_finish (self, result, error);
}
