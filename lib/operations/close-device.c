/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Closing a device under a lease: the client has closed its file, and the device is given back. */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/host.h"
#include "operations/leasing.h"

typedef struct
{
  IommudLease *lease;
  IommudDevice *device;
  IommudFindHoldersPlan *plan;
} Closing;

static void
closing_free (gpointer data)
{
  Closing *self = data;

  iommud_leasing_let_go (self->device);
  iommud_find_holders_plan_free (self->plan);
  g_object_unref (self->device);
  g_object_unref (self->lease);
  g_free (self);
}

static char *
describe (IommudLease *lease, IommudDevice *device)
{
  return g_strdup_printf ("close %s under lease %s", iommud_device_get_name (device),
                          iommud_lease_get_name (lease));
}

static gboolean
check_handed_out (IommudLease *lease, IommudDevice *device, const char *what, GError **error)
{
  if (!iommud_lease_check_active (lease, what, error))
    return FALSE;
  if (iommud_device_get_lease (device) == lease && iommud_device_is_handed_out (device))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: it was not handed out under that lease, or was given back already",
               what);
  return FALSE;
}

static gpointer
plan_closing (gpointer data, GError **error)
{
  Closing *self = data;
  g_autofree char *what = describe (self->lease, self->device);

  if (!check_handed_out (self->lease, self->device, what, error))
    return NULL;
  g_ptr_array_add (self->plan->infos,
                   iommud_device_info_ref (iommud_device_get_info (self->device)));
  return self->plan;
}

static gpointer
publish_closing (gpointer data, GError **error)
{
  Closing *self = data;
  g_autofree char *what = describe (self->lease, self->device);
  g_autofree char *holders = iommud_found_holders_describe (self->plan->holders, 0);

  if (!check_handed_out (self->lease, self->device, what, error))
    return NULL;
  if (!iommud_find_holders_plan_is_held (self->plan, 0))
    {
      gboolean bound = iommud_device_get_container (self->device) != NULL;

      iommud_device_set_lease (self->device, bound ? self->lease : NULL, FALSE);
      iommud_leasing_write_down (self->lease);
      return NULL;
    }
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_BUSY, "Cannot %s: %s: close it there first", what,
               holders != NULL ? holders
                               : "too many files are open to tell in time who has it open");
  return NULL;
}

static const IommudOperation closing_operation = {
  .plan = plan_closing,
  .perform = (void (*) (gpointer)) iommud_find_holders_plan_search,
  .publish = publish_closing,
  .free = closing_free,
};

static void
submit (IommudLease *lease, IommudDevice *device, GTask *task)
{
  Closing *data = g_new0 (Closing, 1);

  data->lease = g_object_ref (lease);
  data->device = g_object_ref (device);
  data->plan = iommud_leasing_new_search (iommud_lease_get_host (lease));
  iommud_leasing_submit (lease, &closing_operation, data, task);
}

/**
 * iommud_lease_close_device_async:
 * @self: a lease
 * @device: a device that was opened under it
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Gives a device back: the client has closed its file. If no process has it open any more, the
 * device leaves the lease, or goes on in the container that has bound it.
 */
void
iommud_lease_close_device_async (IommudLease *self, IommudDevice *device, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;

  g_return_if_fail (IOMMUD_IS_LEASE (self));
  g_return_if_fail (IOMMUD_IS_DEVICE (device));

  task = iommud_task_new (self, iommud_lease_close_device_async, cancellable, callback, user_data);
  what = describe (self, device);
  if (!check_handed_out (self, device, what, &error) || !iommud_device_claim (device, what, &error))
    g_task_return_error (task, error);
  else
    submit (self, device, g_steal_pointer (&task));
}

/**
 * iommud_lease_close_device_finish:
 * @self: a lease
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_lease_close_device_async().
 *
 * Errors: %IOMMUD_ERROR_BUSY if a process has it open, which the message names, or if another
 * operation on it is under way; %IOMMUD_ERROR_INVALID_ARGUMENT if it is not open under the lease;
 * %IOMMUD_ERROR_NOT_FOUND if the lease has ended; %IOMMUD_ERROR_DEVICE_GONE if the device has left
 * the host.
 *
 * Returns: whether it was given back
 */
gboolean
iommud_lease_close_device_finish (IommudLease *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_lease_close_device:
 * @self: a lease
 * @device: a device that was opened under it
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_lease_close_device_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether it was given back
 */
gboolean
iommud_lease_close_device (IommudLease *self, IommudDevice *device, GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_LEASE (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_lease_get_host (self)));
  iommud_lease_close_device_async (self, device, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_lease_close_device_finish (self, result, error);
}
