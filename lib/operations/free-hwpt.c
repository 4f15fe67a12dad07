/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing a HWPT that was allocated by hand. */
#include "model/container.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "base/sync.h"

typedef struct
{
  IommudHwpt *hwpt;
  IommudContainer *container;
  IommudKernelAccess access;
  guint32 ioas_id;
  guint32 hwpt_id;
  IommudTrackers *trackers; /* the container's */
  gboolean freed;
  IommudIovaSpace space;
  GError *error;
} Destruction;

static void
destruction_free (gpointer data)
{
  Destruction *self = data;

  g_clear_object (&self->hwpt);
  g_clear_object (&self->container);
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_clear_error (&self->error);
  g_free (self);
}

static char *
describe (IommudHwpt *hwpt)
{
  IommudContainer *container = iommud_hwpt_get_container (hwpt);

  return g_strdup_printf ("free HWPT %" G_GUINT64_FORMAT " of container %s",
                          iommud_hwpt_get_serial (hwpt),
                          container != NULL ? iommud_container_get_name (container) : "(gone)");
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

static gboolean
plan_destruction (gpointer data, GError **error)
{
  Destruction *self = data;
  g_autofree char *what = describe (self->hwpt);

  if (!iommud_hwpt_check_alive (self->hwpt, what, error) || !check_unused (self->hwpt, what, error))
    return FALSE;
  iommud_container_fill_call (self->container, &self->access, g_steal_pointer (&what), NULL);
  self->ioas_id = iommud_container_get_ioas_id (self->container);
  self->hwpt_id = iommud_hwpt_get_id (self->hwpt);
  self->trackers = iommud_container_get_trackers (self->container);
  return TRUE;
}

static void
perform_destruction (gpointer data)
{
  Destruction *self = data;
  g_autoptr (GError) error = NULL;

  self->freed = iommud_page_table_free (&self->access, self->hwpt_id, &self->error);
  if (self->freed)
    iommud_trackers_forget_hwpt (self->trackers, self->hwpt_id);
  if (self->freed && !iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &error))
    g_message ("%s", error->message);
}

static gpointer
publish_destruction (gpointer data, GError **error)
{
  Destruction *self = data;

  if (self->freed)
    {
      iommud_container_remove_hwpt (self->container, self->hwpt);
      iommud_container_set_space (self->container, &self->space);
    }
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return NULL;
}

static const IommudOperation destruction_operation = {
  .plan = plan_destruction,
  .perform = perform_destruction,
  .publish = publish_destruction,
  .free = destruction_free,
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
  Destruction *data;

  g_return_if_fail (IOMMUD_IS_HWPT (self));

  task = iommud_task_new (self, iommud_hwpt_free_async, cancellable, callback, user_data);
  what = describe (self);
  if (!iommud_hwpt_check_alive (self, what, &error) || !check_manual (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Destruction, 1);
  data->hwpt = g_object_ref (self);
  data->container = g_object_ref (iommud_hwpt_get_container (self));
  iommud_context_submit (iommud_container_get_context (data->container), &destruction_operation,
                         data, NULL, g_steal_pointer (&task));
}

/**
 * iommud_hwpt_free_finish:
 * @self: a HWPT
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_hwpt_free_async().
 *
 * Errors: %IOMMUD_ERROR_NOT_SUPPORTED where the HWPT is not a `manual` one, %IOMMUD_ERROR_BUSY
 * where a device is on it, %IOMMUD_ERROR_NOT_FOUND where it is gone.
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
  iommud_sync_begin (&sync, container != NULL ? iommud_host_get_main_context (
                                iommud_container_get_host (container))
                                              : NULL);
  iommud_hwpt_free_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_hwpt_free_finish (self, result, error);
}
