/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening an iommufd under a lease: a fresh context, or a copy of that of a container of the lease.
 */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/container.h"
#include "model/host.h"
#include "operations/leasing.h"
#include "operations/operation.h"
#include "perform/hand-out.h"

#define FILE_NAME "iommufd"

typedef struct
{
  IommudLease *lease;
  IommudContainer *container; /* NULL: a fresh context is opened */
  IommudHandOutPlan *plan;
  IommudDescriptors *files; /* what the call returns */
} OpenIommufd;

static void
opening_free (gpointer data)
{
  OpenIommufd *self = data;

  iommud_hand_out_plan_free (self->plan);
  iommud_descriptors_unref (self->files);
  g_clear_object (&self->container);
  g_object_unref (self->lease);
  g_free (self);
}

static char *
describe (IommudLease *lease, IommudContainer *container)
{
  if (container == NULL)
    return g_strdup_printf ("open an iommufd under lease %s", iommud_lease_get_name (lease));
  return g_strdup_printf ("open the iommufd of container %s under lease %s",
                          iommud_container_get_name (container), iommud_lease_get_name (lease));
}

static gboolean
check_container (IommudLease *lease, IommudContainer *container, const char *what, GError **error)
{
  if (container == NULL)
    return TRUE;
  if (!iommud_container_check_alive (container, what, error))
    return FALSE;
  if (iommud_container_get_lease (container) == lease)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: the container was not made under that lease", what);
  return FALSE;
}

static gpointer
plan_opening (gpointer data, GError **error)
{
  OpenIommufd *self = data;
  g_autofree char *what = describe (self->lease, self->container);

  if (!iommud_lease_check_active (self->lease, what, error)
      || !check_container (self->lease, self->container, what, error))
    return NULL;
  if (self->container != NULL)
    self->plan->context_fd = iommud_context_get_fd (iommud_container_get_context (self->container));
  self->plan->with_iommufd = TRUE;
  iommud_leasing_fill_access (&self->plan->access, iommud_lease_get_host (self->lease),
                              g_steal_pointer (&what));
  return self->plan;
}

/* Only those of the lease can be in the context. */
static void
mark_shared (OpenIommufd *self)
{
  GListModel *containers = iommud_lease_get_containers (self->lease);
  IommudContext *context = iommud_container_get_context (self->container);

  if (iommud_context_is_shared (context))
    return;
  iommud_context_set_shared (context);
  for (guint i = 0; i < g_list_model_get_n_items (containers); i++)
    {
      g_autoptr (IommudContainer) container = g_list_model_get_item (containers, i);

      if (iommud_container_get_context (container) == context)
        iommud_container_notify_shared (container);
    }
}

static gpointer
publish_opening (gpointer data, GError **error)
{
  OpenIommufd *self = data;
  IommudHandOutPlan *plan = self->plan;

  if (plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&plan->error));
  if (!plan->done || !iommud_lease_check_active (self->lease, plan->access.what, error))
    return NULL;
  if (self->container != NULL)
    mark_shared (self);
  iommud_descriptors_add (self->files, FILE_NAME, iommud_hand_out_plan_take_iommufd (plan), NULL);
  return NULL;
}

/* Only a container that is shared changes. */
static GVariant *
intend (gpointer data)
{
  const OpenIommufd *self = data;

  return iommud_operation_intend ("open-iommufd", self->container, NULL, NULL);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((OpenIommufd *) data)->container, 0);
}

static const IommudOperation sharing_operation = {
  .plan = plan_opening,
  .perform = (void (*) (gpointer)) iommud_hand_out_plan_open,
  .publish = publish_opening,
  .free = opening_free,
  .intent = intend,
  .fact = report,
};

static const IommudOperation opening_operation = {
  .plan = plan_opening,
  .perform = (void (*) (gpointer)) iommud_hand_out_plan_open,
  .publish = publish_opening,
  .free = opening_free,
};

static void
submit (IommudLease *lease, IommudContainer *container, IommudAccounting accounting, GTask *task)
{
  OpenIommufd *data = g_new0 (OpenIommufd, 1);

  data->lease = g_object_ref (lease);
  g_set_object (&data->container, container);
  data->plan = iommud_hand_out_plan_new ();
  data->plan->accounting = accounting;
  data->files = iommud_leasing_new_files (task);
  if (container != NULL)
    iommud_operation_submit (container, &sharing_operation, data, task);
  else
    iommud_leasing_submit (lease, &opening_operation, data, task);
}

/**
 * iommud_lease_open_iommufd_async:
 * @self: a lease
 * @container: (nullable): a container of the lease whose context is to be shared; %NULL: none
 * @accounting: whom the kernel charges for memory that is pinned through a fresh context; a context
 *   that is shared has its own
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Opens `/dev/iommu` for the lease's client. Without @container it is a fresh context, of which
 * this host keeps nothing. With @container it is a copy of that container's context: whoever has it
 * can change everything in there, so the container is #IommudContainer:shared from then on.
 */
void
iommud_lease_open_iommufd_async (IommudLease *self, IommudContainer *container,
                                 IommudAccounting accounting, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;

  g_return_if_fail (IOMMUD_IS_LEASE (self));
  g_return_if_fail (container == NULL || IOMMUD_IS_CONTAINER (container));

  task = iommud_task_new (self, iommud_lease_open_iommufd_async, cancellable, callback, user_data);
  what = describe (self, container);
  if (!iommud_lease_check_active (self, what, &error)
      || !check_container (self, container, what, &error))
    g_task_return_error (task, error);
  else
    submit (self, container, accounting, g_steal_pointer (&task));
}

/**
 * iommud_lease_open_iommufd_finish:
 * @self: a lease
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_lease_open_iommufd_async().
 *
 * Errors: %IOMMUD_ERROR_NOT_FOUND if the lease has ended or the container is gone,
 * %IOMMUD_ERROR_INVALID_ARGUMENT if the container is not of the lease, %IOMMUD_ERROR_NOT_SUPPORTED
 * if the kernel has no iommufd, %IOMMUD_ERROR_PERMISSION_DENIED if this process may not open it or
 * set the accounting, %IOMMUD_ERROR_LIMITS_EXCEEDED if no file descriptor is left.
 *
 * Returns: the open file, to be closed by the caller; -1 on error
 */
int
iommud_lease_open_iommufd_finish (IommudLease *self, GAsyncResult *result, GError **error)
{
  if (!iommud_task_finish_boolean (self, result, error))
    return -1;
  return iommud_descriptors_steal (g_task_get_task_data (G_TASK (result)), FILE_NAME);
}

/**
 * iommud_lease_open_iommufd:
 * @self: a lease
 * @container: (nullable): a container of the lease whose context is to be shared; %NULL: none
 * @accounting: whom the kernel charges for memory that is pinned through a fresh context
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_lease_open_iommufd_async() that waits, running the host's main context meanwhile.
 *
 * Returns: the open file, to be closed by the caller; -1 on error
 */
int
iommud_lease_open_iommufd (IommudLease *self, IommudContainer *container,
                           IommudAccounting accounting, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_LEASE (self), -1);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_lease_get_host (self)));
  iommud_lease_open_iommufd_async (self, container, accounting, cancellable, iommud_sync_ready,
                                   &sync);
  result = iommud_sync_end (&sync);
  return iommud_lease_open_iommufd_finish (self, result, error);
}
