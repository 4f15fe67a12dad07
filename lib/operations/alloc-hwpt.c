/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Allocating a HWPT by hand. */
#include "model/container.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "base/sync.h"
#include "model/options.h"
#include "operations/operation.h"
#include "operations/settle-devices.h"
#include "perform/alloc-hwpt.h"

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
  IommudAllocHwptPlan *plan;
  gboolean claimed;
} Allocation;

static void
allocation_free (gpointer data)
{
  Allocation *self = data;

  if (self->claimed)
    iommud_device_end_claim (self->device);
  g_clear_object (&self->container);
  g_clear_object (&self->device);
  iommud_alloc_hwpt_plan_free (self->plan);
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
  return iommud_operation_check_may_hold (container, device, what, error);
}

static gpointer
plan_allocation (gpointer data, GError **error)
{
  Allocation *self = data;
  IommudAllocHwptPlan *plan = self->plan;
  g_autofree char *what = describe (self->container, self->device);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_device (self->device, self->container, what, error)
      || !iommud_container_check_room (self->container, what, error))
    return NULL;
  iommud_binding_copy (&plan->binding, iommud_device_get_binding (self->device));
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what),
                                self->device);
  iommud_container_copy_orphans (self->container, plan->orphans);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  return plan;
}

static gpointer
publish_allocation (gpointer data, GError **error)
{
  Allocation *self = data;
  IommudAllocHwptPlan *plan = self->plan;
  IommudHwpt *hwpt;

  iommud_container_set_orphans (self->container, plan->orphans);
  if (plan->error != NULL)
    {
      iommud_memory_set_space (iommud_container_get_memory (self->container), &plan->space);
      g_propagate_error (error, g_steal_pointer (&plan->error));
      return NULL;
    }
  hwpt = iommud_container_add_hwpt (self->container, plan->hwpt_id, IOMMUD_HWPT_MANAGEMENT_MANUAL,
                                    plan->flags, plan->binding.info->iommu, NULL);
  iommud_container_add_device (self->container, self->device, &plan->binding);
  iommud_memory_set_space (iommud_container_get_memory (self->container), &plan->space);
  return g_object_ref (hwpt);
}

static GVariant *
intend (gpointer data)
{
  const Allocation *self = data;

  return iommud_operation_intend ("alloc-hwpt", self->container, self->device, NULL);
}

static GVariant *
report (gpointer data)
{
  const Allocation *self = data;

  return iommud_operation_report_device (self->container, self->device);
}

/* The kernel blocks until the file of an unplugged device is closed, so what has claimed the device
 * must not wait for a long mapping. */
static gboolean
is_urgent (gpointer data)
{
  return iommud_device_is_gone (((Allocation *) data)->device);
}

static const IommudOperation allocation_operation = {
  .plan = plan_allocation,
  .perform = (void (*) (gpointer)) iommud_alloc_hwpt_plan_perform,
  .publish = publish_allocation,
  .free = allocation_free,
  .is_urgent = is_urgent,
  .intent = intend,
  .fact = report,
};

static IommudHwptFlags
get_flags (const IommudHwptOptions *options)
{
  IommudHwptFlags flags = IOMMUD_HWPT_FLAGS_NONE;

  if (options != NULL && options->dirty_tracking)
    flags |= IOMMUD_HWPT_FLAGS_DIRTY_TRACKING;
  if (options != NULL && options->nest_parent)
    flags |= IOMMUD_HWPT_FLAGS_NEST_PARENT;
  return flags;
}

static void
submit (GTask *task, gpointer data)
{
  Allocation *self = data;
  g_autofree char *what = describe (self->container, self->device);
  GError *error = NULL;

  self->claimed = iommud_container_check_alive (self->container, what, &error)
                  && iommud_operation_claim (self->container, self->device,
                                             iommud_operation_check_may_hold, what, &error);
  if (self->claimed)
    {
      iommud_operation_submit (self->container, &allocation_operation, self, task);
      return;
    }
  allocation_free (self);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_container_alloc_hwpt_async:
 * @self: a container
 * @device: a physical device that is available or belongs to this container
 * @options: (nullable): what the HWPT is to be; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Makes a `manual` HWPT that fits @device and devices like it. The device is bound to the
 * container's context if it is not bound yet, and stays bound; it is not attached.
 */
void
iommud_container_alloc_hwpt_async (IommudContainer *self, IommudDevice *device,
                                   IommudHwptOptions *options, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  Allocation *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));
  g_return_if_fail (IOMMUD_IS_DEVICE (device));

  data = g_new0 (Allocation, 1);
  data->container = g_object_ref (self);
  data->device = g_object_ref (device);
  data->plan = iommud_alloc_hwpt_plan_new ();
  data->plan->flags = get_flags (options);
  iommud_settle_devices (
      &device, 1,
      iommud_task_new (self, iommud_container_alloc_hwpt_async, cancellable, callback, user_data),
      submit, data);
}

/**
 * iommud_container_alloc_hwpt_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_alloc_hwpt_async().
 *
 * Errors: %IOMMUD_ERROR_NOT_SUPPORTED for an mdev and if the device's IOMMU cannot do what the
 * options ask for, %IOMMUD_ERROR_BUSY if the device belongs to another container or another
 * operation on it is under way, %IOMMUD_ERROR_ADDRESS_IN_USE if a mapping lies beyond what the
 * IOMMU can address, %IOMMUD_ERROR_LIMITS_EXCEEDED if the container has 65536 HWPTs or devices,
 * %IOMMUD_ERROR_NO_MEMORY, and the errors of binding a device.
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
 * @options: (nullable): what the HWPT is to be; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_alloc_hwpt_async() that waits, running the host's main context meanwhile.
 *
 * Returns: (transfer full): the new HWPT
 */
IommudHwpt *
iommud_container_alloc_hwpt (IommudContainer *self, IommudDevice *device,
                             IommudHwptOptions *options, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), NULL);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_alloc_hwpt_async (self, device, options, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_alloc_hwpt_finish (self, result, error);
}
