/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Detaching and unbinding a device, on request or because it left the host: from the model to a
 * detach plan and back. */
#include "operations/detach-device.h"

#include "model/container.h"
#include "perform/detach-device.h"
#include "model/descriptors.h"
#include "model/device.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "base/sync.h"
#include "operations/operation.h"

typedef struct
{
  IommudDevice *device;
  IommudContainer *container;
  IommudDetachPlan *plan;
  gboolean unplugged; /* no caller has asked for it */
} Detachment;

static void
detachment_free (gpointer data)
{
  Detachment *self = data;

  iommud_device_end_claim (self->device);
  g_clear_object (&self->device);
  g_clear_object (&self->container);
  iommud_detach_plan_free (self->plan);
  g_free (self);
}

static char *
describe (IommudDevice *device)
{
  return g_strdup_printf ("detach %s", iommud_device_get_name (device));
}

/* The device has been claimed since the call, but an operation ahead in the queue may have freed
 * its container. */
static gboolean
check_held (IommudDevice *device, const char *what, GError **error)
{
  if (iommud_device_get_container (device) != NULL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: it is neither bound nor attached to a container", what);
  return FALSE;
}

/* The auto HWPT that is freed with the device; 0 if there is none. */
static guint32
find_last_on (IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  if (hwpt == NULL || iommud_hwpt_get_management (hwpt) != IOMMUD_HWPT_MANAGEMENT_AUTO
      || iommud_hwpt_get_n_devices (hwpt) > 1)
    return 0;
  return iommud_hwpt_get_id (hwpt);
}

static void
plan_tracking (Detachment *self)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (self->device);

  if (hwpt != NULL && iommud_device_get_tracker (self->device) == IOMMUD_TRACKER_KIND_IOMMU
      && !iommud_hwpt_tracks_any (hwpt, self->device))
    self->plan->last_tracked_on = iommud_hwpt_get_id (hwpt);
  self->plan->unseen_after =
      (hwpt == NULL || !iommud_hwpt_tracks_any (hwpt, NULL))
      && iommud_device_table_find_attached_sibling (
             iommud_host_get_device_table (iommud_container_get_host (self->container)),
             self->device, self->container)
             != NULL;
}

static gpointer
plan_detachment (gpointer data, GError **error)
{
  Detachment *self = data;
  IommudDetachPlan *plan = self->plan;
  g_autofree char *what = describe (self->device);

  if (!check_held (self->device, what, error))
    return NULL;
  g_set_object (&self->container, iommud_device_get_container (self->device));
  if (!iommud_container_check_alive (self->container, what, error))
    return NULL;
  iommud_binding_copy (&plan->binding, iommud_device_get_binding (self->device));
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what), NULL);
  iommud_container_copy_orphans (self->container, plan->orphans);
  plan->forced = iommud_device_is_gone (self->device);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  plan->attached = iommud_device_is_attached (self->device);
  plan->last_on = find_last_on (self->device);
  plan_tracking (self);
  plan->trackers = iommud_container_lend_trackers (self->container);
  return plan;
}

/* No caller is told of what fails at an unplug. */
static void
warn_of_unplug (const Detachment *self, const GError *error)
{
  if (self->unplugged)
    g_warning ("%s", error->message);
}

static gpointer
publish_detachment (gpointer data, GError **error)
{
  Detachment *self = data;
  IommudDetachPlan *plan = self->plan;
  g_autoptr (IommudHwpt) hwpt = NULL;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  iommud_container_set_orphans (self->container, plan->orphans);
  if (plan->unbound)
    {
      g_set_object (&hwpt, iommud_device_get_hwpt (self->device));
      iommud_container_remove_device (self->container, self->device);
      if (plan->freed)
        iommud_container_remove_hwpt (self->container, hwpt);
      iommud_memory_set_space (iommud_container_get_memory (self->container), &plan->space);
    }
  if (plan->error != NULL)
    {
      if (plan->unbound)
        g_prefix_error (&plan->error, "The device was unbound, but its HWPT was not freed. ");
      warn_of_unplug (self, plan->error);
      g_propagate_error (error, g_steal_pointer (&plan->error));
    }
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const Detachment *self = data;
  IommudHwpt *hwpt = iommud_device_get_hwpt (self->device);
  const char *name = iommud_device_get_name (self->device);
  g_autoptr (IommudIntentRecord) record =
      iommud_operation_make_intent ("detach-device", self->container);

  iommud_record_set_string (&record->device, name);
  record->hwpt = hwpt != NULL ? iommud_hwpt_get_serial (hwpt) : 0;
  g_ptr_array_add (record->closes, iommud_descriptors_name_device (name));
  return iommud_intent_record_to_variant (record);
}

static GVariant *
report (gpointer data)
{
  const Detachment *self = data;

  return iommud_operation_report_device (self->container, self->device);
}

/* The kernel blocks until the file of an unplugged device is closed, so what has claimed the device
 * must not wait for a long mapping. */
static gboolean
is_urgent (gpointer data)
{
  return iommud_device_is_gone (((Detachment *) data)->device);
}

static const IommudOperation detachment_operation = {
  .plan = plan_detachment,
  .perform = (void (*) (gpointer)) iommud_detach_plan_perform,
  .publish = publish_detachment,
  .free = detachment_free,
  .is_urgent = is_urgent,
  .intent = intend,
  .fact = report,
};

static void
submit (IommudDevice *self, GTask *task)
{
  IommudContainer *container = iommud_device_get_container (self);
  Detachment *data = g_new0 (Detachment, 1);

  data->device = g_object_ref (self);
  data->plan = iommud_detach_plan_new ();
  data->unplugged = task == NULL;
  iommud_operation_submit (container, &detachment_operation, data, task);
}

void
iommud_detach_device_that_is_gone (IommudDevice *self)
{
  submit (self, NULL);
}

/**
 * iommud_device_detach_async:
 * @self: a device that is attached or bound
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Detaches the device, frees its HWPT if that is an `auto` one without other devices, and closes
 * the device's cdev, since the kernel knows no other way to unbind it.
 */
void
iommud_device_detach_async (IommudDevice *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;

  g_return_if_fail (IOMMUD_IS_DEVICE (self));

  task = iommud_task_new (self, iommud_device_detach_async, cancellable, callback, user_data);
  what = describe (self);
  if (!check_held (self, what, &error) || !iommud_device_claim (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  submit (self, g_steal_pointer (&task));
}

/**
 * iommud_device_detach_finish:
 * @self: a device
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_device_detach_async().
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT if the device is neither attached nor bound,
 * %IOMMUD_ERROR_BUSY if another operation on it is under way, or if the device was unbound but the
 * kernel would not free its HWPT; and the error that the kernel answers to DETACH, in which case
 * nothing has changed.
 *
 * Returns: whether the device was unbound and its HWPT freed
 */
gboolean
iommud_device_detach_finish (IommudDevice *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_device_detach:
 * @self: a device that is attached or bound
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_device_detach_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the device was unbound and its HWPT freed
 */
gboolean
iommud_device_detach (IommudDevice *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_device_get_host (self)));
  iommud_device_detach_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_device_detach_finish (self, result, error);
}
