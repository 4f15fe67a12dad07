/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving an attached device another tracker: from the model to a plan and back. */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/container.h"
#include "model/device.h"
#include "model/host.h"
#include "model/hwpt.h"
#include "operations/operation.h"
#include "perform/set-tracker.h"

typedef struct
{
  IommudDevice *device;
  IommudContainer *container;
  IommudTrackerChoice tracker;
  IommudSetTrackerPlan plan;
} SetTracker;

static void
set_tracker_free (gpointer data)
{
  SetTracker *self = data;

  iommud_device_end_claim (self->device);
  iommud_set_tracker_plan_clear (&self->plan);
  g_clear_object (&self->device);
  g_clear_object (&self->container);
  g_free (self);
}

static char *
describe (IommudDevice *device)
{
  return g_strdup_printf ("set the tracker of %s", iommud_device_get_name (device));
}

static gboolean
check_attached (IommudDevice *device, const char *what, GError **error)
{
  if (iommud_device_is_attached (device))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: it is not attached: name the tracker when you attach it", what);
  return FALSE;
}

static gboolean
hwpt_tracks (IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  return hwpt != NULL && (iommud_hwpt_get_flags (hwpt) & IOMMUD_HWPT_FLAGS_DIRTY_TRACKING) != 0;
}

static const char *
explain_lacking (IommudDevice *device, IommudDirtyTrackingPolicy policy,
                 IommudTrackerChoice tracker)
{
  const char *cause =
      iommud_binding_explain_lacking_tracker (iommud_device_get_binding (device), policy, tracker);

  if (cause == NULL && tracker == IOMMUD_TRACKER_CHOICE_IOMMU && !hwpt_tracks (device))
    return "its HWPT was made without dirty tracking: attach it to a HWPT with dirty tracking "
           "first";
  return cause;
}

static gboolean
check_tracker (IommudContainer *container, IommudDevice *device, IommudTrackerChoice tracker,
               const char *what, GError **error)
{
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (container);
  const char *cause =
      explain_lacking (device, iommud_dirty_tracking_get_policy (tracking), tracker);

  if (cause == NULL)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED, "Cannot %s: %s", what, cause);
  return FALSE;
}

static gboolean
check_call (IommudDevice *device, IommudTrackerChoice tracker, const char *what, GError **error)
{
  return check_attached (device, what, error)
         && check_tracker (iommud_device_get_container (device), device, tracker, what, error);
}

/* What was checked at the call may have changed since. */
static gpointer
plan_set_tracker (gpointer data, GError **error)
{
  SetTracker *self = data;
  IommudSetTrackerPlan *plan = &self->plan;
  IommudHwpt *hwpt = iommud_device_get_hwpt (self->device);
  g_autofree char *what = describe (self->device);

  if (!check_call (self->device, self->tracker, what, error))
    return NULL;
  g_set_object (&self->container, iommud_device_get_container (self->device));
  iommud_binding_copy (&plan->binding, iommud_device_get_binding (self->device));
  plan->binding.tracker = self->tracker;
  plan->before = iommud_device_get_tracker (self->device);
  plan->after = iommud_binding_get_tracker (&plan->binding, hwpt_tracks (self->device));
  plan->hwpt_id = hwpt != NULL ? iommud_hwpt_get_id (hwpt) : 0;
  plan->last_on_hwpt = hwpt != NULL && !iommud_hwpt_tracks_any (hwpt, self->device);
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what), NULL);
  plan->trackers = iommud_container_lend_trackers (self->container);
  return plan;
}

static gpointer
publish_set_tracker (gpointer data, GError **error)
{
  SetTracker *self = data;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  if (self->plan.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan.error));
  else
    iommud_device_put_tracker (self->device, self->tracker);
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const SetTracker *self = data;

  return iommud_operation_intend ("set-tracker", self->container, self->device,
                                  iommud_device_get_hwpt (self->device));
}

static GVariant *
report (gpointer data)
{
  const SetTracker *self = data;

  return iommud_operation_report_device (self->container, self->device);
}

/* What has claimed an unplugged device must not wait for a long mapping: the kernel blocks until
 * the device's file is closed. */
static gboolean
is_urgent (gpointer data)
{
  return iommud_device_is_gone (((SetTracker *) data)->device);
}

static const IommudOperation set_tracker_operation = {
  .plan = plan_set_tracker,
  .perform = (void (*) (gpointer)) iommud_set_tracker_plan_perform,
  .publish = publish_set_tracker,
  .free = set_tracker_free,
  .is_urgent = is_urgent,
  .intent = intend,
  .fact = report,
};

/**
 * iommud_device_set_tracker_async:
 * @self: a device that is attached
 * @tracker: what is to record the pages that the device writes to
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Gives the device another tracker. If dirty tracking is active, the new tracker runs before the
 * old one is read for the last time and stopped, and what that had recorded is saved for the next
 * read: no dirty page is lost. The device stays on its HWPT; for one without dirty tracking, attach
 * it to another HWPT first.
 */
void
iommud_device_set_tracker_async (IommudDevice *self, IommudTrackerChoice tracker,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  SetTracker *data;

  g_return_if_fail (IOMMUD_IS_DEVICE (self));

  task = iommud_task_new (self, iommud_device_set_tracker_async, cancellable, callback, user_data);
  what = describe (self);
  if (!check_call (self, tracker, what, &error) || !iommud_device_claim (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (SetTracker, 1);
  data->device = g_object_ref (self);
  data->tracker = tracker;
  data->plan.binding.cdev = -1;
  iommud_operation_submit (iommud_device_get_container (self), &set_tracker_operation, data,
                           g_steal_pointer (&task));
}

/**
 * iommud_device_set_tracker_finish:
 * @self: a device
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_device_set_tracker_async().
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT if the device is not attached,
 * %IOMMUD_ERROR_NOT_SUPPORTED if the tracker cannot record for it (it has no log, or its HWPT was
 * made without dirty tracking, or its container with dirty tracking off), %IOMMUD_ERROR_BUSY if
 * another operation on it is under way; and the error of the tracker if that does not start. After
 * an error nothing has changed.
 *
 * Returns: whether the device has the tracker
 */
gboolean
iommud_device_set_tracker_finish (IommudDevice *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_device_set_tracker:
 * @self: a device that is attached
 * @tracker: what is to record the pages that the device writes to
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_device_set_tracker_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the device has the tracker
 */
gboolean
iommud_device_set_tracker (IommudDevice *self, IommudTrackerChoice tracker,
                           GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DEVICE (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_device_get_host (self)));
  iommud_device_set_tracker_async (self, tracker, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_device_set_tracker_finish (self, result, error);
}
