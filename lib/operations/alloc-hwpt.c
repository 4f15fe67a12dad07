/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocating a HWPT by hand. */
#include "model/container.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "base/sync.h"

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
  IommudHwptFlags flags;
  IommudKernelAccess access;
  IommudBinding binding;
  guint32 ioas_id;
  guint32 hwpt_id;
  IommudIovaSpace space;
  GArray *orphans;
  GError *error;
} Allocation;

static void
allocation_free (gpointer data)
{
  Allocation *self = data;

  g_clear_object (&self->container);
  g_clear_object (&self->device);
  iommud_kernel_access_clear (&self->access);
  iommud_binding_clear (&self->binding);
  iommud_iova_space_clear (&self->space);
  g_array_unref (self->orphans);
  g_clear_error (&self->error);
  g_free (self);
}

static char *
describe (IommudContainer *container, IommudDevice *device)
{
  return g_strdup_printf ("allocate a HWPT of container %s for %s",
                          iommud_container_get_name (container), iommud_device_get_name (device));
}

static gboolean
check_device (IommudDevice *device, IommudContainer *container, const char *what, GError **error)
{
  if (iommud_device_info_is_mdev (iommud_device_get_info (device)))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
                   "Cannot %s: an mdev has no IOMMU of its own and so no HWPT", what);
      return FALSE;
    }
  return iommud_container_check_may_hold (container, device, what, error);
}

static gboolean
plan_allocation (gpointer data, GError **error)
{
  Allocation *self = data;
  g_autofree char *what = describe (self->container, self->device);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_device (self->device, self->container, what, error))
    return FALSE;
  iommud_binding_copy (&self->binding, iommud_device_get_binding (self->device));
  iommud_container_fill_call (self->container, &self->access, g_steal_pointer (&what),
                              self->device);
  iommud_container_copy_orphans (self->container, self->orphans);
  self->ioas_id = iommud_container_get_ioas_id (self->container);
  return TRUE;
}

static gboolean
allocate (Allocation *self)
{
  if (!iommud_page_table_alloc (&self->access, &self->binding, self->ioas_id, self->flags,
                                &self->hwpt_id, &self->error))
    return FALSE;
  if (iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &self->error))
    return TRUE;
  if (!iommud_page_table_free (&self->access, self->hwpt_id, NULL))
    g_array_append_val (self->orphans, self->hwpt_id);
  return FALSE;
}

static void
perform_allocation (gpointer data)
{
  Allocation *self = data;
  gboolean was_bound = iommud_binding_is_bound (&self->binding);

  iommud_page_table_free_orphans (&self->access, self->orphans);
  if (!was_bound && !iommud_binding_bind (&self->binding, &self->access, &self->error))
    return;
  if (!allocate (self) && !was_bound)
    iommud_binding_unbind (&self->binding, &self->access);
}

static gpointer
publish_allocation (gpointer data, GError **error)
{
  Allocation *self = data;
  IommudHwpt *hwpt;

  iommud_container_set_orphans (self->container, self->orphans);
  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return NULL;
    }
  hwpt = iommud_container_add_hwpt (self->container, self->hwpt_id, IOMMUD_HWPT_MANAGEMENT_MANUAL,
                                    self->flags, self->binding.info->iommu, NULL);
  iommud_container_add_device (self->container, self->device, &self->binding);
  iommud_container_set_space (self->container, &self->space);
  return g_object_ref (hwpt);
}

static const IommudOperation allocation_operation = {
  .plan = plan_allocation,
  .perform = perform_allocation,
  .publish = publish_allocation,
  .free = allocation_free,
};

/**
 * iommud_container_alloc_hwpt_async:
 * @self: a container
 * @device: a physical device that is available or belongs to this container
 * @flags: what the HWPT must be able to do
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Makes a `manual` HWPT that fits @device and its like. The device is bound to the container's
 * context if it is not, and stays so; it is not attached.
 */
void
iommud_container_alloc_hwpt_async (IommudContainer *self, IommudDevice *device,
                                   IommudHwptFlags flags, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  Allocation *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));
  g_return_if_fail (IOMMUD_IS_DEVICE (device));

  task =
      iommud_task_new (self, iommud_container_alloc_hwpt_async, cancellable, callback, user_data);
  what = describe (self, device);
  if (!iommud_container_claim_device (self, device, what, task))
    return;
  data = g_new0 (Allocation, 1);
  data->container = g_object_ref (self);
  data->device = g_object_ref (device);
  data->flags = flags;
  data->binding.cdev = -1;
  data->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  iommud_context_submit (iommud_container_get_context (self), &allocation_operation, data, device,
                         g_steal_pointer (&task));
}

/**
 * iommud_container_alloc_hwpt_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_alloc_hwpt_async().
 *
 * Errors: %IOMMUD_ERROR_NOT_SUPPORTED for an mdev and where the device's IOMMU cannot do what
 * @flags ask for, %IOMMUD_ERROR_BUSY where the device belongs to another container or another
 * operation on it is under way, %IOMMUD_ERROR_ADDRESS_IN_USE where a mapping lies beyond what the
 * IOMMU can address, %IOMMUD_ERROR_NO_MEMORY, and the errors of binding a device.
 *
 * Returns: (transfer full): the new HWPT
 */
IommudHwpt *
iommud_container_alloc_hwpt_finish (IommudContainer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * iommud_container_alloc_hwpt:
 * @self: a container
 * @device: a physical device that is available or belongs to this container
 * @flags: what the HWPT must be able to do
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_alloc_hwpt_async() that waits, running the host's main context meanwhile.
 *
 * Returns: (transfer full): the new HWPT
 */
IommudHwpt *
iommud_container_alloc_hwpt (IommudContainer *self, IommudDevice *device, IommudHwptFlags flags,
                             GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_alloc_hwpt_async (self, device, flags, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_alloc_hwpt_finish (self, result, error);
}
