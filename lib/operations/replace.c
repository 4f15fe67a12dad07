/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching a device to one given HWPT: from the model to a replace plan and back. */
#include "model/container.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "perform/replace.h"
#include "base/sync.h"
#include "operations/operation.h"
#include "operations/settle-devices.h"

typedef struct
{
  IommudHwpt *hwpt;
  IommudContainer *container;
  IommudDevice *device;
  IommudReplacePlan *plan;
  gboolean claimed;
} Replacement;

static void
replacement_free (gpointer data)
{
  Replacement *self = data;

  if (self->claimed)
    iommud_device_end_claim (self->device);
  g_clear_object (&self->hwpt);
  g_clear_object (&self->container);
  g_clear_object (&self->device);
  iommud_replace_plan_free (self->plan);
  g_free (self);
}

static char *
describe (IommudHwpt *hwpt, IommudDevice *device)
{
  IommudContainer *container = iommud_hwpt_get_container (hwpt);

  return g_strdup_printf ("attach %s to HWPT %s/%" G_GUINT64_FORMAT,
                          iommud_device_get_name (device),
                          container != NULL ? iommud_container_get_name (container) : "(gone)",
                          iommud_hwpt_get_serial (hwpt));
}

static gboolean
check_device (Replacement *self, const char *what, GError **error)
{
  if (iommud_device_info_is_mdev (iommud_device_get_info (self->device)))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
                   "Cannot %s: an mdev has no HWPT: attach it to the container", what);
      return FALSE;
    }
  return iommud_operation_check_may_hold (self->container, self->device, what, error)
         && iommud_container_check_device_room (self->container, self->device, what, error);
}

/* The devices of a group translate through one HWPT: a replace for one of them would move them
 * all. */
static gboolean
check_group (Replacement *self, const char *what, GError **error)
{
  IommudDevice *sibling = iommud_device_table_find_attached_sibling (
      iommud_host_get_device_table (iommud_container_get_host (self->container)), self->device,
      self->container);

  if (sibling == NULL || iommud_device_get_hwpt (sibling) == self->hwpt)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INCOMPATIBLE,
               "Cannot %s: %s of the same IOMMU group %d is attached to HWPT %s/%" G_GUINT64_FORMAT
               ", and a group has one HWPT: detach it first, or attach the device there",
               what, iommud_device_get_name (sibling),
               iommud_device_get_info (self->device)->iommu_group,
               iommud_container_get_name (self->container),
               iommud_hwpt_get_serial (iommud_device_get_hwpt (sibling)));
  return FALSE;
}

/* Linux 6.12 does not compare IOMMU drivers in a replace, and a failed replace loses the device's
 * reserved regions, so what cannot work is refused here. */
static gboolean
check_replace (Replacement *self, const char *what, GError **error)
{
  const IommudBinding *binding = iommud_device_get_binding (self->device);
  const char *iommu = iommud_hwpt_get_iommu (self->hwpt);

  if (!iommud_device_is_attached (self->device))
    return TRUE;
  if (!g_str_equal (binding->info->iommu, iommu))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INCOMPATIBLE,
                   "Cannot %s: the HWPT was made for IOMMU %s and the device is behind %s", what,
                   iommu, binding->info->iommu);
      return FALSE;
    }
  if ((iommud_hwpt_get_flags (self->hwpt) & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0
      && !iommud_binding_iommu_can_track (binding))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INCOMPATIBLE,
                   "Cannot %s: the HWPT was made with dirty tracking, which the device's IOMMU "
                   "cannot do",
                   what);
      return FALSE;
    }
  return TRUE;
}

static gpointer
plan_replacement (gpointer data, GError **error)
{
  Replacement *self = data;
  IommudReplacePlan *plan = self->plan;
  IommudHwpt *old = iommud_device_get_hwpt (self->device);
  g_autofree char *what = describe (self->hwpt, self->device);

  if (!iommud_hwpt_check_alive (self->hwpt, what, error) || !check_device (self, what, error)
      || !check_group (self, what, error) || !check_replace (self, what, error))
    return NULL;
  iommud_binding_copy (&plan->binding, iommud_device_get_binding (self->device));
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what),
                                self->device);
  iommud_container_copy_orphans (self->container, plan->orphans);
  plan->policy =
      iommud_dirty_tracking_get_policy (iommud_container_get_dirty_tracking (self->container));
  plan->flags = iommud_hwpt_get_flags (self->hwpt);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  plan->hwpt_id = iommud_hwpt_get_id (self->hwpt);
  plan->old_hwpt_id = old != NULL ? iommud_hwpt_get_id (old) : 0;
  if (old != NULL && iommud_device_get_tracker (self->device) == IOMMUD_TRACKER_KIND_IOMMU
      && !iommud_hwpt_tracks_any (old, self->device))
    plan->last_tracked_on = plan->old_hwpt_id;
  plan->old_is_kernels =
      old != NULL && iommud_hwpt_get_management (old) == IOMMUD_HWPT_MANAGEMENT_KERNEL;
  plan->old_is_last = old != NULL && old != self->hwpt && iommud_hwpt_get_n_devices (old) == 1
                      && iommud_hwpt_get_management (old) == IOMMUD_HWPT_MANAGEMENT_AUTO;
  plan->trackers = iommud_container_lend_trackers (self->container);
  return plan;
}

static void
publish_move (Replacement *self)
{
  g_autoptr (IommudHwpt) old = NULL;

  g_set_object (&old, iommud_device_get_hwpt (self->device));
  iommud_container_add_attached_device (self->container, self->device, &self->plan->binding,
                                        self->hwpt);
  if (self->plan->old_freed)
    iommud_container_remove_hwpt (self->container, old);
}

/* The device is on a HWPT that the kernel made, but not on the one that it was on before. */
static void
publish_successor (Replacement *self)
{
  guint32 hwpt_id = self->plan->kept_id;
  IommudHwpt *hwpt = iommud_container_find_hwpt (self->container, hwpt_id);

  if (hwpt == NULL)
    hwpt = iommud_container_add_hwpt (
        self->container, hwpt_id, IOMMUD_HWPT_MANAGEMENT_KERNEL, IOMMUD_HWPT_FLAGS_NONE,
        iommud_device_get_binding (self->device)->info->iommu, self->device);
  iommud_container_attach (self->container, self->device, hwpt);
}

static gpointer
publish_replacement (gpointer data, GError **error)
{
  Replacement *self = data;
  gboolean was_bound = iommud_device_get_container (self->device) == self->container;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  iommud_container_set_orphans (self->container, self->plan->orphans);
  if (self->plan->attached)
    publish_move (self);
  else if (self->plan->detached)
    iommud_container_detach (self->container, self->device);
  else if (self->plan->kept_id != 0 && self->plan->kept_id != self->plan->old_hwpt_id)
    publish_successor (self);
  else if (was_bound && !iommud_binding_is_bound (&self->plan->binding))
    iommud_container_remove_device (self->container, self->device);
  iommud_memory_set_space (iommud_container_get_memory (self->container), &self->plan->space);
  if (self->plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan->error));
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const Replacement *self = data;

  return iommud_operation_intend ("replace", self->container, self->device, self->hwpt);
}

static GVariant *
report (gpointer data)
{
  const Replacement *self = data;

  return iommud_operation_report_device (self->container, self->device);
}

/* The kernel blocks until the file of an unplugged device is closed, so what has claimed the device
 * must not wait for a long mapping. */
static gboolean
is_urgent (gpointer data)
{
  return iommud_device_is_gone (((Replacement *) data)->device);
}

static const IommudOperation replacement_operation = {
  .plan = plan_replacement,
  .perform = (void (*) (gpointer)) iommud_replace_plan_perform,
  .publish = publish_replacement,
  .free = replacement_free,
  .is_urgent = is_urgent,
  .intent = intend,
  .fact = report,
};

static void
submit (GTask *task, gpointer data)
{
  Replacement *self = data;
  g_autofree char *what = describe (self->hwpt, self->device);
  GError *error = NULL;

  g_set_object (&self->container, iommud_hwpt_get_container (self->hwpt));
  self->claimed = iommud_hwpt_check_alive (self->hwpt, what, &error)
                  && iommud_operation_claim (self->container, self->device,
                                             iommud_operation_check_may_hold, what, &error);
  if (self->claimed)
    {
      iommud_operation_submit (self->container, &replacement_operation, self, task);
      return;
    }
  replacement_free (self);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_hwpt_attach_device_async:
 * @self: a HWPT
 * @device: a physical device that is available or belongs to the HWPT's container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Attaches a device to this HWPT and no other. A device that is attached already moves here without
 * a stop of its DMA; if that fails, it stays where it was. If the call fails for a device that is
 * not attached, the device is as it was before. There is one exception: if the kernel refuses to
 * undo the attach, the device is closed, so a device that was bound before is no longer bound.
 */
void
iommud_hwpt_attach_device_async (IommudHwpt *self, IommudDevice *device, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  Replacement *data;

  g_return_if_fail (IOMMUD_IS_HWPT (self));
  g_return_if_fail (IOMMUD_IS_DEVICE (device));

  data = g_new0 (Replacement, 1);
  data->hwpt = g_object_ref (self);
  data->device = g_object_ref (device);
  data->plan = iommud_replace_plan_new ();
  iommud_settle_devices (
      &device, 1,
      iommud_task_new (self, iommud_hwpt_attach_device_async, cancellable, callback, user_data),
      submit, data);
}

/**
 * iommud_hwpt_attach_device_finish:
 * @self: a HWPT
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_hwpt_attach_device_async().
 *
 * Errors: %IOMMUD_ERROR_INCOMPATIBLE if the device does not fit the HWPT (another IOMMU
 * instance, dirty tracking that its IOMMU cannot do, a sibling of its group on another HWPT),
 * %IOMMUD_ERROR_NOT_SUPPORTED for an mdev and if the container requires dirty tracking that nothing
 * provides, %IOMMUD_ERROR_BUSY if the device belongs to another container or another operation on
 * it is under way, %IOMMUD_ERROR_NOT_FOUND if the HWPT is gone, and the errors of
 * iommud_container_attach_device_finish().
 *
 * Returns: whether the device is attached here
 */
gboolean
iommud_hwpt_attach_device_finish (IommudHwpt *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_hwpt_attach_device:
 * @self: a HWPT
 * @device: a physical device that is available or belongs to the HWPT's container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_hwpt_attach_device_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the device is attached here
 */
gboolean
iommud_hwpt_attach_device (IommudHwpt *self, IommudDevice *device, GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_HWPT (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_device_get_host (device)));
  iommud_hwpt_attach_device_async (self, device, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_hwpt_attach_device_finish (self, result, error);
}
