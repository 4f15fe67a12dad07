/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leasing devices: a lease, a fresh iommufd, and each device unbound; all of it, or nothing. */
#include "config.h"

#include <unistd.h>

#include "base/sync.h"
#include "iommud-error.h"
#include "model/host.h"
#include "operations/create-lease.h"
#include "operations/leasing.h"
#include "operations/settle-devices.h"
#include "perform/hand-out.h"

typedef struct
{
  IommudHost *host;
  IommudLease *lease; /* NULL before its devices are claimed */
  IommudLeaseOptions *options;
  GPtrArray *devices; /* of IommudDevice */
  guint n_claimed;    /* of them, the first ones */
  int guard;          /* the client's end; -1: there is none, or it was handed over */
  IommudHandOutPlan *plan;
  IommudDescriptors *files; /* what the call returns */
  gboolean published;
} Leasing;

static void
leasing_free (gpointer data)
{
  Leasing *self = data;

  for (guint i = 0; i < self->n_claimed; i++)
    iommud_leasing_let_go (g_ptr_array_index (self->devices, i));
  if (self->lease != NULL && !self->published)
    iommud_create_lease_undo (self->lease);
  if (self->guard >= 0)
    close (self->guard);
  g_clear_object (&self->lease);
  g_object_unref (self->host);
  g_object_unref (self->options);
  g_ptr_array_unref (self->devices);
  iommud_descriptors_unref (self->files);
  iommud_hand_out_plan_free (self->plan);
  g_free (self);
}

static char *
describe (GPtrArray *devices)
{
  const char *first = iommud_device_get_name (g_ptr_array_index (devices, 0));

  if (devices->len == 1)
    return g_strdup_printf ("lease %s", first);
  return g_strdup_printf ("lease %s and %u other devices", first, devices->len - 1);
}

static gpointer
plan_leasing (gpointer data, GError **error)
{
  Leasing *self = data;
  g_autofree char *what = describe (self->devices);

  for (guint i = 0; i < self->devices->len; i++)
    {
      IommudDevice *device = g_ptr_array_index (self->devices, i);

      if (!iommud_device_check_present (device, what, error))
        return NULL;
      iommud_hand_out_plan_add_device (self->plan, iommud_device_get_info (device), -1);
    }
  iommud_leasing_fill_access (&self->plan->access, self->host, g_steal_pointer (&what));
  self->plan->with_iommufd = TRUE;
  self->plan->accounting = self->options->accounting;
  self->plan->locked_memory = self->options->locked_memory;
  self->plan->pid = (pid_t) self->options->pid;
  self->plan->owner = (uid_t) self->options->owner;
  return self->plan;
}

static gboolean
check_result (Leasing *self, GError **error)
{
  IommudHandOutPlan *plan = self->plan;

  if (plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&plan->error));
  for (guint i = 0; plan->done && i < self->devices->len; i++)
    if (!iommud_device_check_present (g_ptr_array_index (self->devices, i), plan->access.what,
                                      error))
      return FALSE;
  return plan->done;
}

static void
hand_over (Leasing *self)
{
  iommud_hand_out_plan_keep_limit (self->plan);
  iommud_descriptors_add (self->files, "guard", self->guard, NULL);
  self->guard = -1;
  iommud_descriptors_add (self->files, "iommufd", iommud_hand_out_plan_take_iommufd (self->plan),
                          NULL);
  for (guint i = 0; i < self->devices->len; i++)
    {
      g_autofree char *name = iommud_descriptors_name_device (
          iommud_device_get_name (g_ptr_array_index (self->devices, i)));

      iommud_descriptors_add (self->files, name, iommud_hand_out_plan_take_device (self->plan, i),
                              NULL);
    }
}

static gpointer
publish_leasing (gpointer data, GError **error)
{
  Leasing *self = data;

  if (!check_result (self, error))
    return NULL;
  for (guint i = 0; i < self->devices->len; i++)
    iommud_device_set_lease (g_ptr_array_index (self->devices, i), self->lease, TRUE);
  self->published = iommud_create_lease_publish (self->lease, error);
  if (self->published)
    {
      hand_over (self);
      return g_object_ref (self->lease);
    }
  for (guint i = 0; i < self->devices->len; i++)
    iommud_device_set_lease (g_ptr_array_index (self->devices, i), NULL, FALSE);
  return NULL;
}

static const IommudOperation leasing_operation = {
  .plan = plan_leasing,
  .perform = (void (*) (gpointer)) iommud_hand_out_plan_open,
  .publish = publish_leasing,
  .free = leasing_free,
};

static gboolean
claim_devices (Leasing *self, GError **error)
{
  g_autofree char *what = describe (self->devices);

  for (guint i = 0; i < self->devices->len; i++)
    {
      if (!iommud_leasing_claim (self->host, self->lease, g_ptr_array_index (self->devices, i),
                                 what, error))
        return FALSE;
      self->n_claimed++;
    }
  return TRUE;
}

static void
submit (GTask *task, gpointer data)
{
  Leasing *self = data;
  GError *error = NULL;

  self->lease = iommud_create_lease (self->host, self->options, &self->guard, &error);
  if (self->lease != NULL && claim_devices (self, &error))
    {
      iommud_leasing_submit (self->lease, &leasing_operation, self, task);
      return;
    }
  leasing_free (self);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static gboolean
check_devices (IommudHost *host, GPtrArray *devices, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  if (devices->len == 0)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot lease devices: none is named");
      return FALSE;
    }
  for (guint i = 0; i < devices->len; i++)
    {
      IommudDevice *device = g_ptr_array_index (devices, i);

      if (!g_hash_table_add (seen, device))
        {
          g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                       "Cannot lease devices: %s is named twice", iommud_device_get_name (device));
          return FALSE;
        }
      if (iommud_device_get_host (device) != host)
        {
          g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_DEVICE_GONE,
                       "Cannot lease %s: it is not on this host, or no longer",
                       iommud_device_get_name (device));
          return FALSE;
        }
    }
  return TRUE;
}

/**
 * iommud_host_lease_devices_async:
 * @self: a host
 * @devices: (element-type IommudDevice): devices that nothing else has, each once
 * @options: (nullable): what is known of the lease; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Makes a lease and opens what a virtual machine monitor needs: a fresh iommufd, and each device
 * unbound. This host keeps no copy of them, so that the kernel frees everything when the last
 * process that has them ends.
 */
void
iommud_host_lease_devices_async (IommudHost *self, GPtrArray *devices, IommudLeaseOptions *options,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task;
  GError *error = NULL;
  Leasing *data;

  g_return_if_fail (IOMMUD_IS_HOST (self));
  g_return_if_fail (devices != NULL);

  task = iommud_task_new (self, iommud_host_lease_devices_async, cancellable, callback, user_data);
  if (!check_devices (self, devices, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  data = g_new0 (Leasing, 1);
  data->host = g_object_ref (self);
  data->options = iommud_lease_options_copy (options);
  data->devices = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < devices->len; i++)
    g_ptr_array_add (data->devices, g_object_ref (g_ptr_array_index (devices, i)));
  data->guard = -1;
  data->plan = iommud_hand_out_plan_new ();
  data->files = iommud_leasing_new_files (task);
  iommud_settle_devices ((IommudDevice *const *) data->devices->pdata, devices->len, task, submit,
                         data);
}

/**
 * iommud_host_lease_devices_finish:
 * @self: a host
 * @result: what the callback was given
 * @files: (out) (transfer full) (optional): the open files: `guard`, `iommufd`, and each device by
 *   the name that #IommudDescriptors says
 * @error: where to put an error
 *
 * Ends iommud_host_lease_devices_async().
 *
 * Errors: %IOMMUD_ERROR_BUSY if a container, another lease or an operation has one of the devices
 * or a device of the same IOMMU group, or a host driver has one of the latter;
 * %IOMMUD_ERROR_DEVICE_GONE if a device has left the host; %IOMMUD_ERROR_EXISTS if the name is
 * taken; %IOMMUD_ERROR_INVALID_ARGUMENT if the name is not valid, or a device is named twice or
 * none is; %IOMMUD_ERROR_NOT_SUPPORTED if the kernel has no iommufd, or no cdev for a device;
 * %IOMMUD_ERROR_PERMISSION_DENIED if this process may not open the files, or not raise the limit of
 * locked memory; %IOMMUD_ERROR_NOT_FOUND if the process whose limit that is has ended;
 * %IOMMUD_ERROR_LIMITS_EXCEEDED if no file descriptor is left, or the host has 65536 leases. Then
 * nothing is left of the call.
 *
 * Returns: (transfer full): the new lease
 */
IommudLease *
iommud_host_lease_devices_finish (IommudHost *self, GAsyncResult *result, IommudDescriptors **files,
                                  GError **error)
{
  IommudLease *lease;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  lease = g_task_propagate_pointer (G_TASK (result), error);
  if (files != NULL)
    *files = lease != NULL ? iommud_descriptors_ref (g_task_get_task_data (G_TASK (result))) : NULL;
  return lease;
}

/**
 * iommud_host_lease_devices:
 * @self: a host
 * @devices: (element-type IommudDevice): devices that nothing else has, each once
 * @options: (nullable): what is known of the lease; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @files: (out) (transfer full) (optional): the open files
 * @error: where to put an error
 *
 * iommud_host_lease_devices_async() that waits, running the host's main context meanwhile.
 *
 * Returns: (transfer full): the new lease
 */
IommudLease *
iommud_host_lease_devices (IommudHost *self, GPtrArray *devices, IommudLeaseOptions *options,
                           GCancellable *cancellable, IommudDescriptors **files, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  iommud_sync_begin (&sync, iommud_host_get_main_context (self));
  iommud_host_lease_devices_async (self, devices, options, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_host_lease_devices_finish (self, result, files, error);
}
