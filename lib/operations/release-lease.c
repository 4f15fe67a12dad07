/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Releasing a lease: its end on request, whoever has its guard. */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/device.h"
#include "model/host.h"
#include "operations/end-lease.h"

static gboolean
has_handed_out (IommudLease *lease)
{
  GListModel *devices = iommud_lease_get_devices (lease);

  for (guint i = 0; i < g_list_model_get_n_items (devices); i++)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, i);

      if (iommud_device_is_handed_out (device))
        return TRUE;
    }
  return FALSE;
}

/**
 * iommud_lease_release_async:
 * @self: a lease
 * @reason: (nullable): why, for the people who use what was handed out
 * @cancellable: (nullable): not used: a release that has begun cannot be stopped
 * @callback: called when all is freed that this process can free
 * @user_data: for @callback
 *
 * Ends the lease, whoever has its guard. Its containers are freed, and each device that no process
 * has open is available again. What a process still has open stays in the lease, which is
 * `lingering` until that process has closed it or has ended: a descriptor cannot be taken back.
 * Then #IommudLease::release-requested asks for it.
 */
void
iommud_lease_release_async (IommudLease *self, const char *reason, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;

  g_return_if_fail (IOMMUD_IS_LEASE (self));

  task = iommud_task_new (self, iommud_lease_release_async, cancellable, callback, user_data);
  if (iommud_lease_get_host (self) == NULL)
    {
      g_task_return_new_error (task, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
                               "Cannot release lease %s: it has ended",
                               iommud_lease_get_name (self));
      g_object_unref (task);
      return;
    }
  if (has_handed_out (self))
    iommud_lease_emit_release_requested (self, reason != NULL ? reason : "the lease was released");
  iommud_end_lease_for (self, task);
}

/**
 * iommud_lease_release_finish:
 * @self: a lease
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_lease_release_async(). If the lease is `lingering` now, something of it is still in
 * use: see #IommudLease:holders.
 *
 * Errors: %IOMMUD_ERROR_NOT_FOUND if the lease is over already.
 *
 * Returns: whether the lease was ended
 */
gboolean
iommud_lease_release_finish (IommudLease *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_lease_release:
 * @self: a lease
 * @reason: (nullable): why, for the people who use what was handed out
 * @cancellable: (nullable): not used
 * @error: where to put an error
 *
 * iommud_lease_release_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the lease was ended
 */
gboolean
iommud_lease_release (IommudLease *self, const char *reason, GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_LEASE (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_lease_get_host (self)));
  iommud_lease_release_async (self, reason, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_lease_release_finish (self, result, error);
}
