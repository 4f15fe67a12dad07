/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a HWPT that was allocated by hand. */
#include "model/container.h"
#include "iommud-error.h"
#include "model/hwpt.h"
#include "base/sync.h"
#include "operations/operation.h"
#include "perform/free-hwpt.h"

typedef struct
{
  IommudHwpt *hwpt;
  IommudContainer *container;
  IommudFreeHwptPlan plan;
} FreeHwpt;

static void
free_hwpt_free (gpointer data)
{
  FreeHwpt *self = data;

  g_clear_object (&self->hwpt);
  g_clear_object (&self->container);
  iommud_free_hwpt_plan_clear (&self->plan);
  g_free (self);
}

static char *
describe (IommudHwpt *hwpt)
{
  IommudContainer *container = iommud_hwpt_get_container (hwpt);

  return g_strdup_printf ("free HWPT %s/%" G_GUINT64_FORMAT,
                          container != NULL ? iommud_container_get_name (container) : "(gone)",
                          iommud_hwpt_get_serial (hwpt));
}

static gboolean
check_manual (IommudHwpt *hwpt, const char *what, GError **error)
{
  if (iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_MANUAL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
               "Cannot %s: it was not allocated by hand and goes with the last device on it", what);
  return FALSE;
}

static gboolean
check_unused (IommudHwpt *hwpt, const char *what, GError **error)
{
  guint n_devices = iommud_hwpt_get_n_devices (hwpt);

  if (n_devices == 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
               "Cannot %s: devices are attached to it (%u): detach them, or attach them elsewhere, "
               "first",
               what, n_devices);
  return FALSE;
}

static gpointer
plan_free (gpointer data, GError **error)
{
  FreeHwpt *self = data;
  IommudFreeHwptPlan *plan = &self->plan;
  g_autofree char *what = describe (self->hwpt);

  if (!iommud_hwpt_check_alive (self->hwpt, what, error) || !check_unused (self->hwpt, what, error))
    return NULL;
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what), NULL);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  plan->hwpt_id = iommud_hwpt_get_id (self->hwpt);
  plan->trackers = iommud_container_lend_trackers (self->container);
  return plan;
}

static gpointer
publish_free (gpointer data, GError **error)
{
  FreeHwpt *self = data;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  if (self->plan.freed)
    {
      iommud_container_remove_hwpt (self->container, self->hwpt);
      iommud_memory_set_space (iommud_container_get_memory (self->container), &self->plan.space);
    }
  if (self->plan.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan.error));
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const FreeHwpt *self = data;

  return iommud_operation_intend ("free-hwpt", self->container, NULL, self->hwpt);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((FreeHwpt *) data)->container, IOMMUD_WRITE_DOWN_TRACKING);
}

static const IommudOperation free_operation = {
  .plan = plan_free,
  .perform = (void (*) (gpointer)) iommud_free_hwpt_plan_perform,
  .publish = publish_free,
  .free = free_hwpt_free,
  .intent = intend,
  .fact = report,
};

/**
 * iommud_hwpt_free_async:
 * @self: a `manual` HWPT
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Frees a HWPT that iommud_container_alloc_hwpt_async() made.
 */
void
iommud_hwpt_free_async (IommudHwpt *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  FreeHwpt *data;

  g_return_if_fail (IOMMUD_IS_HWPT (self));

  task = iommud_task_new (self, iommud_hwpt_free_async, cancellable, callback, user_data);
  what = describe (self);
  if (!iommud_hwpt_check_alive (self, what, &error) || !check_manual (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (FreeHwpt, 1);
  data->hwpt = g_object_ref (self);
  data->container = g_object_ref (iommud_hwpt_get_container (self));
  iommud_operation_submit (data->container, &free_operation, data, g_steal_pointer (&task));
}

/**
 * iommud_hwpt_free_finish:
 * @self: a HWPT
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_hwpt_free_async().
 *
 * Errors: %IOMMUD_ERROR_NOT_SUPPORTED if the HWPT is not a `manual` one, %IOMMUD_ERROR_BUSY
 * if a device is on it, %IOMMUD_ERROR_NOT_FOUND if the HWPT is gone.
 *
 * Returns: whether the HWPT was freed
 */
gboolean
iommud_hwpt_free_finish (IommudHwpt *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_hwpt_free:
 * @self: a `manual` HWPT
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_hwpt_free_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the HWPT was freed
 */
gboolean
iommud_hwpt_free (IommudHwpt *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudContainer *container;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_HWPT (self), FALSE);
  container = iommud_hwpt_get_container (self);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (container));
  iommud_hwpt_free_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_hwpt_free_finish (self, result, error);
}
