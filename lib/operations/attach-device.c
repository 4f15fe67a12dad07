/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching a device to a container: from the model to an attach plan and back. */
#include "perform/attach-device.h"
#include "model/container.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "base/sync.h"
#include "model/options.h"
#include "operations/operation.h"
#include "operations/settle-devices.h"

/* Once HWPTs of other IOMMU instances have refused devices of a container this often, each further
 * device tries one such HWPT at most before it gets one of its own. */
#define MAX_FREE_REFUSALS 8

typedef struct
{
  IommudContainer *container;
  IommudDevice *device;
  gboolean claimed;
  IommudAttachPlan *plan;
} Attachment;

static void
attachment_free (gpointer data)
{
  Attachment *self = data;

  if (self->claimed)
    iommud_device_end_claim (self->device);
  g_clear_object (&self->container);
  g_clear_object (&self->device);
  iommud_attach_plan_free (self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container, IommudDevice *device)
{
  return g_strdup_printf ("attach %s to container %s", iommud_device_get_name (device),
                          iommud_container_get_name (container));
}

static gboolean
check_free_for (IommudContainer *container, IommudDevice *device, const char *what, GError **error)
{
  if (!iommud_operation_check_may_hold (container, device, what, error))
    return FALSE;
  if (!iommud_device_is_attached (device))
    return TRUE;
  iommud_operation_set_held_error (device, what, error);
  return FALSE;
}

/* Those of the device's own IOMMU instance come first: they are the likeliest to fit. */
static void
add_candidates (Attachment *self, gboolean same_iommu)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);
  const char *iommu = self->plan->binding.info->iommu;

  for (guint i = 0; i < g_list_model_get_n_items (hwpts); i++)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i);

      if (iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_AUTO
          && g_str_equal (iommud_hwpt_get_iommu (hwpt), iommu) == same_iommu
          && !iommud_hwpt_has_refused (hwpt, iommu))
        iommud_attach_plan_add_candidate (self->plan, iommud_hwpt_get_id (hwpt),
                                          iommud_hwpt_get_flags (hwpt), !same_iommu);
    }
}

static void
choose_candidates (Attachment *self)
{
  IommudDevice *sibling = iommud_device_table_find_attached_sibling (
      iommud_host_get_device_table (iommud_container_get_host (self->container)), self->device,
      self->container);

  if (sibling != NULL)
    {
      IommudHwpt *hwpt = iommud_device_get_hwpt (sibling);

      self->plan->group_is_attached = TRUE;
      iommud_attach_plan_add_candidate (self->plan, iommud_hwpt_get_id (hwpt),
                                        iommud_hwpt_get_flags (hwpt), FALSE);
      return;
    }
  /* Otherwise instances that refuse each other would be tried pair by pair, and the number of tries
   * would grow with the square of the number of instances. */
  if (iommud_container_get_n_refusals (self->container) < MAX_FREE_REFUSALS)
    self->plan->max_foreign = G_MAXUINT;
  else
    self->plan->max_foreign = 1;
  add_candidates (self, TRUE);
  add_candidates (self, FALSE);
}

static gpointer
plan_attachment (gpointer data, GError **error)
{
  Attachment *self = data;
  IommudAttachPlan *plan = self->plan;
  g_autofree char *what = describe (self->container, self->device);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_free_for (self->container, self->device, what, error)
      || !iommud_container_check_room (self->container, what, error))
    return NULL;
  iommud_binding_copy (&plan->binding, iommud_device_get_binding (self->device));
  plan->binding.tracker = plan->tracker;
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what),
                                self->device);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  plan->policy =
      iommud_dirty_tracking_get_policy (iommud_container_get_dirty_tracking (self->container));
  iommud_container_copy_orphans (self->container, plan->orphans);
  choose_candidates (self);
  plan->trackers = iommud_container_lend_trackers (self->container);
  return plan;
}

/* If a HWPT of the device's own IOMMU refuses it, the cause is its group, which says nothing about
 * other devices of that IOMMU. */
static void
remember_refusals (Attachment *self)
{
  const char *iommu = self->plan->binding.info->iommu;

  for (guint i = 0; i < self->plan->candidates->len; i++)
    {
      const IommudAttachCandidate *candidate =
          &g_array_index (self->plan->candidates, IommudAttachCandidate, i);
      IommudHwpt *hwpt = iommud_container_find_hwpt (self->container, candidate->hwpt_id);

      if (!candidate->refused || !candidate->foreign)
        continue;
      iommud_container_count_refusal (self->container);
      if (hwpt != NULL)
        iommud_hwpt_set_refused (hwpt, iommu);
    }
}

/* The HWPT that the kernel says the device is on; NULL for an mdev, which is on the IOAS. */
static IommudHwpt *
find_or_add_hwpt (Attachment *self)
{
  IommudAttachPlan *plan = self->plan;
  IommudHwpt *hwpt;

  if (iommud_device_info_is_mdev (plan->binding.info))
    return NULL;
  hwpt = iommud_container_find_hwpt (self->container, plan->pt_id);
  if (hwpt != NULL)
    return hwpt;
  return iommud_container_add_hwpt (self->container, plan->pt_id,
                                    plan->allocated ? IOMMUD_HWPT_MANAGEMENT_AUTO
                                                    : IOMMUD_HWPT_MANAGEMENT_KERNEL,
                                    plan->flags, plan->binding.info->iommu, self->device);
}

/* What could not be undone: a HWPT that is still there, or a device that was bound before and had
 * to be closed because the kernel would not detach it. */
static void
publish_failure (Attachment *self)
{
  iommud_memory_set_space (iommud_container_get_memory (self->container), &self->plan->space);
  if (iommud_device_get_container (self->device) == self->container
      && !iommud_binding_is_bound (&self->plan->binding))
    iommud_container_remove_device (self->container, self->device);
}

static gpointer
publish_attachment (gpointer data, GError **error)
{
  Attachment *self = data;
  IommudAttachPlan *plan = self->plan;
  IommudHwpt *hwpt;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  iommud_container_set_orphans (self->container, plan->orphans);
  remember_refusals (self);
  if (plan->error != NULL)
    {
      publish_failure (self);
      g_propagate_error (error, g_steal_pointer (&plan->error));
      return NULL;
    }
  hwpt = find_or_add_hwpt (self);
  iommud_container_add_attached_device (self->container, self->device, &plan->binding, hwpt);
  iommud_memory_set_space (iommud_container_get_memory (self->container), &plan->space);
  return hwpt != NULL ? g_object_ref (hwpt) : NULL;
}

static GVariant *
intend (gpointer data)
{
  const Attachment *self = data;

  return iommud_operation_intend ("attach-device", self->container, self->device, NULL);
}

static GVariant *
report (gpointer data)
{
  const Attachment *self = data;

  return iommud_operation_report_device (self->container, self->device);
}

/* The kernel blocks until the file of an unplugged device is closed, so what has claimed the device
 * must not wait for a long mapping. */
static gboolean
is_urgent (gpointer data)
{
  return iommud_device_is_gone (((Attachment *) data)->device);
}

static const IommudOperation attachment_operation = {
  .plan = plan_attachment,
  .perform = (void (*) (gpointer)) iommud_attach_plan_perform,
  .publish = publish_attachment,
  .free = attachment_free,
  .is_urgent = is_urgent,
  .intent = intend,
  .fact = report,
};

static void
submit (GTask *task, gpointer data)
{
  Attachment *self = data;
  g_autofree char *what = describe (self->container, self->device);
  GError *error = NULL;

  self->claimed =
      iommud_container_check_alive (self->container, what, &error)
      && iommud_operation_claim (self->container, self->device, check_free_for, what, &error);
  if (self->claimed)
    {
      iommud_operation_submit (self->container, &attachment_operation, self, task);
      return;
    }
  attachment_free (self);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_container_attach_device_async:
 * @self: a container
 * @device: a device that is available, or bound to this container
 * @options: (nullable): how the device is to be attached; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Binds a device to the container's context if it is not bound yet, and attaches it. In mode
 * %IOMMUD_ATTACH_MODE_AUTO a physical device joins the HWPT of an attached sibling of its IOMMU
 * group, or else the first of the container's `auto` HWPTs that fits. If none fits, it gets a new
 * one, with dirty tracking if the container's policy asks for it and the device's IOMMU can do it.
 * An mdev is attached to the IOAS and has no HWPT. If the container's dirty tracking is active, the
 * device's tracker is switched on before its DMA is possible. A failed call leaves device and
 * container as they were. There is one exception: if the kernel refuses to undo an attach, the
 * device is closed, so a device that was bound before is no longer bound.
 */
void
iommud_container_attach_device_async (IommudContainer *self, IommudDevice *device,
                                      IommudAttachOptions *options, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (IommudAttachOptions) copy = iommud_attach_options_copy (options);
  Attachment *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));
  g_return_if_fail (IOMMUD_IS_DEVICE (device));

  data = g_new0 (Attachment, 1);
  data->container = g_object_ref (self);
  data->device = g_object_ref (device);
  data->plan = iommud_attach_plan_new ();
  data->plan->mode = copy->mode;
  data->plan->tracker = copy->tracker;
  iommud_settle_devices (&device, 1,
                         iommud_task_new (self, iommud_container_attach_device_async, cancellable,
                                          callback, user_data),
                         submit, data);
}

/**
 * iommud_container_attach_device_finish:
 * @self: a container
 * @result: what the callback was given
 * @hwpt: (out) (optional) (nullable) (transfer full): the device's HWPT; %NULL for an mdev
 * @error: where to put an error
 *
 * Ends iommud_container_attach_device_async().
 *
 * Errors: %IOMMUD_ERROR_BUSY if the device is attached or held elsewhere or another operation on it
 * is under way, %IOMMUD_ERROR_NOT_SUPPORTED if the container requires dirty tracking that nothing
 * provides, if the tracker that is asked for is not available (the device has no log, its IOMMU
 * cannot track, its HWPT was made without dirty tracking, or the container was made with dirty
 * tracking off), or if the device has no cdev, %IOMMUD_ERROR_ADDRESS_IN_USE if a mapping lies in a
 * range that the device reserves, %IOMMUD_ERROR_INCOMPATIBLE if the device's group is on a HWPT
 * that it does not fit, %IOMMUD_ERROR_PERMISSION_DENIED if others use its group,
 * %IOMMUD_ERROR_DEVICE_GONE, %IOMMUD_ERROR_NOT_FOUND if the container is gone,
 * %IOMMUD_ERROR_LIMITS_EXCEEDED if it has 65536 HWPTs or devices, %IOMMUD_ERROR_NO_MEMORY.
 *
 * Returns: whether the device is attached
 */
gboolean
iommud_container_attach_device_finish (IommudContainer *self, GAsyncResult *result,
                                       IommudHwpt **hwpt, GError **error)
{
  g_autoptr (IommudHwpt) attached_to = NULL;
  GError *local_error = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  attached_to = g_task_propagate_pointer (G_TASK (result), &local_error);
  if (hwpt != NULL)
    *hwpt = g_steal_pointer (&attached_to);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, local_error);
  return FALSE;
}

/**
 * iommud_container_attach_device:
 * @self: a container
 * @device: a device that is available, or bound to this container
 * @options: (nullable): how the device is to be attached; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @hwpt: (out) (optional) (nullable) (transfer full): the device's HWPT; %NULL for an mdev
 * @error: where to put an error
 *
 * iommud_container_attach_device_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the device is attached
 */
gboolean
iommud_container_attach_device (IommudContainer *self, IommudDevice *device,
                                IommudAttachOptions *options, GCancellable *cancellable,
                                IommudHwpt **hwpt, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_attach_device_async (self, device, options, cancellable, iommud_sync_ready,
                                        &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_attach_device_finish (self, result, hwpt, error);
}
