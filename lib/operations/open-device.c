/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a device under a lease: unbound, or a copy of the file that a container of the lease has
 * bound. */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/container.h"
#include "model/host.h"
#include "operations/end-lease.h"
#include "operations/leasing.h"
#include "operations/settle-devices.h"
#include "operations/operation.h"
#include "perform/hand-out.h"

/* What the file is called on its way to the caller. */
#define BOUND "bound"
#define UNBOUND "unbound"

typedef struct
{
  IommudLease *lease;
  IommudDevice *device;
  IommudContainer *container; /* NULL: it is opened unbound */
  IommudHandOutPlan *plan;
  IommudDescriptors *files; /* what the call returns */
} OpenDevice;

static void
opening_free (gpointer data)
{
  OpenDevice *self = data;

  iommud_leasing_let_go (self->device);
  iommud_hand_out_plan_free (self->plan);
  iommud_descriptors_unref (self->files);
  g_clear_object (&self->container);
  g_object_unref (self->device);
  g_object_unref (self->lease);
  g_free (self);
}

static char *
describe (IommudLease *lease, IommudDevice *device)
{
  return g_strdup_printf ("open %s under lease %s", iommud_device_get_name (device),
                          iommud_lease_get_name (lease));
}

/* An operation ahead in the queue may have detached the device. */
static gboolean
check_unmoved (OpenDevice *self, const char *what, GError **error)
{
  if (iommud_device_get_container (self->device) == self->container)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY,
               "Cannot %s: it was detached from its container meanwhile: call again", what);
  return FALSE;
}

static gpointer
plan_opening (gpointer data, GError **error)
{
  OpenDevice *self = data;
  g_autofree char *what = describe (self->lease, self->device);
  const IommudBinding *binding = iommud_device_get_binding (self->device);

  if (!iommud_lease_check_active (self->lease, what, error)
      || !iommud_device_check_present (self->device, what, error)
      || !check_unmoved (self, what, error))
    return NULL;
  iommud_hand_out_plan_add_device (self->plan, binding->info, binding->cdev);
  iommud_leasing_fill_access (&self->plan->access, iommud_lease_get_host (self->lease),
                              g_steal_pointer (&what));
  return self->plan;
}

static gpointer
publish_opening (gpointer data, GError **error)
{
  OpenDevice *self = data;
  IommudHandOutPlan *plan = self->plan;

  if (plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&plan->error));
  if (!plan->done || !iommud_lease_check_active (self->lease, plan->access.what, error)
      || !iommud_device_check_present (self->device, plan->access.what, error))
    return NULL;
  if (!iommud_device_is_handed_out (self->device))
    {
      iommud_device_set_lease (self->device, self->lease, TRUE);
      iommud_leasing_write_down (self->lease);
    }
  iommud_descriptors_add (self->files, self->container != NULL ? BOUND : UNBOUND,
                          iommud_hand_out_plan_take_device (plan, 0), NULL);
  return NULL;
}

static const IommudOperation opening_operation = {
  .plan = plan_opening,
  .perform = (void (*) (gpointer)) iommud_hand_out_plan_open,
  .publish = publish_opening,
  .free = opening_free,
};

static void
submit (IommudLease *lease, IommudDevice *device, GTask *task)
{
  IommudContainer *container = iommud_device_get_container (device);
  OpenDevice *data = g_new0 (OpenDevice, 1);

  data->lease = g_object_ref (lease);
  data->device = g_object_ref (device);
  g_set_object (&data->container, container);
  data->plan = iommud_hand_out_plan_new ();
  data->files = iommud_leasing_new_files (task);
  if (container != NULL)
    iommud_operation_submit (container, &opening_operation, data, task);
  else
    iommud_leasing_submit (lease, &opening_operation, data, task);
}

static void
claim_and_submit (GTask *task, gpointer user_data)
{
  IommudLease *self = g_task_get_source_object (task);
  g_autoptr (IommudDevice) device = user_data;
  g_autofree char *what = describe (self, device);
  GError *error = NULL;

  if (iommud_lease_check_active (self, what, &error)
      && iommud_leasing_claim (iommud_lease_get_host (self), self, device, what, &error))
    {
      submit (self, device, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_lease_open_device_async:
 * @self: a lease
 * @device: a device that nothing else has, or that is bound to a container of the lease
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Opens a device for the lease's client. If a container of the lease has bound it, the client gets
 * a copy of that file, with which it can use the device but also detach it. If not, it is opened
 * unbound, for the client to bind, and belongs to the lease from then on.
 */
void
iommud_lease_open_device_async (IommudLease *self, IommudDevice *device, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (IOMMUD_IS_LEASE (self));
  g_return_if_fail (IOMMUD_IS_DEVICE (device));

  task = iommud_task_new (self, iommud_lease_open_device_async, cancellable, callback, user_data);
  iommud_settle_devices (&device, 1, task, claim_and_submit, g_object_ref (device));
}

/**
 * iommud_lease_open_device_finish:
 * @self: a lease
 * @result: what the callback was given
 * @bound: (out) (optional): whether it is a copy of a file that is bound already
 * @error: where to put an error
 *
 * Ends iommud_lease_open_device_async().
 *
 * Errors: %IOMMUD_ERROR_BUSY if a container, another lease or an operation has the device or one of
 * the same IOMMU group, or a host driver has one of the latter; %IOMMUD_ERROR_DEVICE_GONE if it has
 * left the host; %IOMMUD_ERROR_NOT_FOUND if the lease has ended; %IOMMUD_ERROR_NOT_SUPPORTED if the
 * device has no cdev; %IOMMUD_ERROR_PERMISSION_DENIED if this process may not open it;
 * %IOMMUD_ERROR_LIMITS_EXCEEDED if no file descriptor is left.
 *
 * Returns: the open file, to be closed by the caller; -1 on error
 */
int
iommud_lease_open_device_finish (IommudLease *self, GAsyncResult *result, gboolean *bound,
                                 GError **error)
{
  IommudDescriptors *files;
  gboolean is_bound;

  if (!iommud_task_finish_boolean (self, result, error))
    return -1;
  files = g_task_get_task_data (G_TASK (result));
  is_bound = iommud_descriptors_peek (files, BOUND) >= 0;
  if (bound != NULL)
    *bound = is_bound;
  return iommud_descriptors_steal (files, is_bound ? BOUND : UNBOUND);
}

/**
 * iommud_lease_open_device:
 * @self: a lease
 * @device: a device that nothing else has, or that is bound to a container of the lease
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @bound: (out) (optional): whether it is a copy of a file that is bound already
 * @error: where to put an error
 *
 * iommud_lease_open_device_async() that waits, running the host's main context meanwhile.
 *
 * Returns: the open file, to be closed by the caller; -1 on error
 */
int
iommud_lease_open_device (IommudLease *self, IommudDevice *device, GCancellable *cancellable,
                          gboolean *bound, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_LEASE (self), -1);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_lease_get_host (self)));
  iommud_lease_open_device_async (self, device, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_lease_open_device_finish (self, result, bound, error);
}
