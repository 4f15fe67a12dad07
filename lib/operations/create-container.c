/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creating a container: an IOAS in a new context, or in that of another container. */
#include "model/container.h"
#include "iommud-error.h"
#include "model/host.h"
#include "model/lease.h"
#include "operations/end-lease.h"
#include "operations/operation.h"
#include "base/sync.h"
#include "perform/create-container.h"

typedef struct
{
  IommudHost *host;
  IommudContext *context;
  IommudContainerOptions *options;
  guint64 serial;
  IommudCreateContainerPlan plan;
} Creation;

/* If the lease has ended meanwhile, its container ends too. */
static void
tell_lease (const Creation *self)
{
  IommudLease *lease = self->options->lease;

  if (lease == NULL)
    return;
  iommud_lease_end_container (lease);
  iommud_end_lease_go_on (lease);
}

static void
creation_free (gpointer data)
{
  Creation *self = data;

  tell_lease (self);
  if (!self->plan.created)
    iommud_container_table_release_name (iommud_host_get_container_table (self->host),
                                         self->options->name);
  g_clear_object (&self->host);
  g_clear_pointer (&self->context, iommud_context_unref);
  g_clear_object (&self->options);
  iommud_create_container_plan_clear (&self->plan);
  g_free (self);
}

static gpointer
plan_creation (gpointer data, GError **error)
{
  Creation *self = data;
  IommudCreateContainerPlan *plan = &self->plan;
  IommudBackend *backend = iommud_host_get_backend (self->host);
  g_autofree char *what = g_strdup_printf ("create container %s", self->options->name);

  if (!plan->own_context
      && !iommud_container_check_alive (self->options->share_context, what, error))
    return NULL;
  if (self->options->lease != NULL
      && !iommud_lease_check_active (self->options->lease, what, error))
    return NULL;
  plan->access.syscalls = iommud_backend_get_syscalls (backend);
  plan->access.probe = g_object_ref (iommud_backend_get_probe (backend));
  plan->access.iommufd = iommud_context_get_fd (self->context);
  plan->access.what = g_steal_pointer (&what);
  plan->accounting = self->options->accounting;
  plan->huge_pages = self->options->huge_pages;
  plan->orphans = g_array_new (FALSE, FALSE, sizeof (guint32));
  if (!plan->own_context)
    iommud_container_copy_orphans (self->options->share_context, plan->orphans);
  plan->must_probe = !iommud_host_get_iommufd_available (self->host);
  return plan;
}

static IommudContainerRecord *
make_record (const Creation *self)
{
  IommudContainerRecord *record = iommud_container_record_new ();

  record->serial = self->serial;
  record->context = iommud_context_get_serial (self->context);
  iommud_record_set_string (&record->name, self->options->name);
  record->owner = self->options->owner;
  record->ioas_id = self->plan.ioas_id;
  record->accounting = self->options->accounting;
  record->policy = self->options->dirty_tracking;
  record->huge_pages = self->options->huge_pages;
  return record;
}

static gpointer
publish_creation (gpointer data, GError **error)
{
  Creation *self = data;
  IommudCreateContainerPlan *plan = &self->plan;
  g_autoptr (IommudContainerRecord) record = NULL;
  IommudContainer *container;

  if (!plan->own_context)
    iommud_container_set_orphans (self->options->share_context, plan->orphans);
  if (plan->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&plan->error));
      return NULL;
    }
  if (plan->own_context)
    iommud_context_set_fd (self->context, plan->access.iommufd);
  iommud_context_add_container (self->context);
  iommud_host_take_features (self->host, g_steal_pointer (&plan->features));
  record = make_record (self);
  container = iommud_container_new (self->host, self->context, record, &plan->space);
  iommud_container_set_lease (container, self->options->lease);
  iommud_host_add_container (self->host, container);
  return container;
}

static GVariant *
intend (gpointer data)
{
  const Creation *self = data;
  g_autoptr (IommudIntentRecord) record = iommud_intent_record_new ();

  iommud_record_set_string (&record->act, "create-container");
  record->context = iommud_context_get_serial (self->context);
  record->container = self->serial;
  iommud_record_set_string (&record->name, self->options->name);
  record->owner = self->options->owner;
  return iommud_intent_record_to_variant (record);
}

static GVariant *
report (gpointer data)
{
  const Creation *self = data;
  g_autoptr (IommudHostRecord) record = NULL;

  if (self->plan.created)
    return iommud_operation_report (
        iommud_host_find_container (self->host, self->options->name, NULL), IOMMUD_WRITE_DOWN_ALL);
  record = iommud_host_record_new ();
  iommud_host_fill_record (self->host, record);
  return iommud_host_record_to_variant (record);
}

static const IommudOperation creation_operation = {
  .plan = plan_creation,
  .perform = (void (*) (gpointer)) iommud_create_container_plan_perform,
  .publish = publish_creation,
  .free = creation_free,
  .intent = intend,
  .fact = report,
};

/* What has the context of a lease can change everything in it. */
static gboolean
check_lease (IommudHost *host, IommudContainerOptions *options, GError **error)
{
  IommudContainer *shared = options->share_context;

  if (options->lease != NULL
      && !iommud_lease_check_active (options->lease, "create a container", error))
    return FALSE;
  if (options->lease != NULL && iommud_lease_get_host (options->lease) != host)
    g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                 "Cannot create a container under lease %s: it belongs to another host",
                 iommud_lease_get_name (options->lease));
  else if (shared != NULL && iommud_container_get_lease (shared) != options->lease)
    g_set_error (
        error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
        "Cannot share the context of container %s: it belongs to another lease, or only one "
        "of the two belongs to a lease",
        iommud_container_get_name (shared));
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_options (IommudHost *host, IommudContainerOptions *options, GError **error)
{
  IommudContainer *shared = options->share_context;

  if (shared != NULL && !iommud_container_check_alive (shared, "share a context", error))
    return FALSE;
  if (shared != NULL && iommud_container_get_host (shared) != host)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot share the context of container %s: it belongs to another host",
                   iommud_container_get_name (shared));
      return FALSE;
    }
  if (shared != NULL && options->accounting != iommud_container_get_accounting (shared))
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot share the context of container %s: accounting is a setting of the whole "
                   "context, and that one has another",
                   iommud_container_get_name (shared));
      return FALSE;
    }
  if (!check_lease (host, options, error))
    return FALSE;
  if (options->name == NULL || iommud_container_name_is_valid (options->name))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot create a container: its name must be 1 to %d letters, digits, '.', '_', '-' "
               "or ':', and not a number",
               IOMMUD_MAX_NAME_LENGTH);
  return FALSE;
}

/* The caller may change its options during the call. */
static IommudContainerOptions *
copy_options (IommudContainerOptions *options)
{
  IommudContainerOptions *copy = iommud_container_options_new ();

  if (options == NULL)
    return copy;
  copy->name = g_strdup (options->name);
  copy->owner = options->owner;
  copy->dirty_tracking = options->dirty_tracking;
  copy->accounting = options->accounting;
  copy->huge_pages = options->huge_pages;
  g_set_object (&copy->share_context, options->share_context);
  g_set_object (&copy->lease, options->lease);
  if (copy->lease != NULL)
    copy->owner = iommud_lease_get_owner (copy->lease);
  if (copy->share_context != NULL && !options->accounting_set)
    copy->accounting = iommud_container_get_accounting (copy->share_context);
  return copy;
}

static gboolean
check_limit (IommudHost *host, GError **error)
{
  if (!iommud_container_table_is_full (iommud_host_get_container_table (host)))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
               "Cannot create a container: a host can have %d", IOMMUD_MAX_CONTAINERS);
  return FALSE;
}

static gboolean
reserve_name (IommudHost *host, IommudContainerOptions *options, GError **error)
{
  gboolean named = options->name != NULL;

  if (!check_limit (host, error))
    return FALSE;
  for (guint64 number =
           iommud_container_table_next_name_number (iommud_host_get_container_table (host));
       !named; number++)
    {
      g_free (options->name);
      options->name = g_strdup_printf ("container-%" G_GUINT64_FORMAT, number);
      if (iommud_container_table_reserve_name (iommud_host_get_container_table (host),
                                               options->name))
        return TRUE;
    }
  if (iommud_container_table_reserve_name (iommud_host_get_container_table (host), options->name))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_EXISTS,
               "Cannot create container %s: there is one of that name", options->name);
  return FALSE;
}

static void
submit (IommudHost *self, IommudContainerOptions *options, guint64 serial, GTask *task)
{
  Creation *data = g_new0 (Creation, 1);

  data->host = g_object_ref (self);
  data->options = options;
  data->serial = serial;
  if (options->lease != NULL)
    iommud_lease_begin_container (options->lease);
  data->plan.own_context = options->share_context == NULL;
  data->plan.access.iommufd = -1;
  data->context = data->plan.own_context
                      ? iommud_host_new_context (self)
                      : iommud_context_ref (iommud_container_get_context (options->share_context));
  iommud_queue_submit (iommud_context_get_queue (data->context), &creation_operation, data, self,
                       task);
}

/**
 * iommud_host_create_container_async:
 * @self: a host
 * @options: (nullable): what the container is to be; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Creates a container: an IOAS, in an IOMMUFD context of its own unless it shares one.
 */
void
iommud_host_create_container_async (IommudHost *self, IommudContainerOptions *options,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (IommudContainerOptions) copy = NULL;
  GError *error = NULL;
  guint64 serial;

  g_return_if_fail (IOMMUD_IS_HOST (self));

  task =
      iommud_task_new (self, iommud_host_create_container_async, cancellable, callback, user_data);
  copy = copy_options (options);
  serial = iommud_host_next_container_serial (self);
  if (!check_options (self, copy, &error) || !reserve_name (self, copy, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  submit (self, g_steal_pointer (&copy), serial, g_steal_pointer (&task));
}

/**
 * iommud_host_create_container_finish:
 * @self: a host
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_host_create_container_async().
 *
 * Errors: %IOMMUD_ERROR_EXISTS if the name is taken, %IOMMUD_ERROR_INVALID_ARGUMENT for a name that
 * is not valid, %IOMMUD_ERROR_NOT_SUPPORTED if the kernel has no iommufd,
 * %IOMMUD_ERROR_PERMISSION_DENIED if this process may not open it or set the accounting,
 * %IOMMUD_ERROR_NOT_FOUND if the container whose context was to be shared is gone,
 * %IOMMUD_ERROR_LIMITS_EXCEEDED if no file descriptor is left, or the host has 65536 containers.
 *
 * Returns: (transfer full): the new container
 */
IommudContainer *
iommud_host_create_container_finish (IommudHost *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * iommud_host_create_container:
 * @self: a host
 * @options: (nullable): what the container is to be; %NULL: the defaults
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_host_create_container_async() that waits, running the host's main context meanwhile.
 *
 * Returns: (transfer full): the new container
 */
IommudContainer *
iommud_host_create_container (IommudHost *self, IommudContainerOptions *options,
                              GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_HOST (self), NULL);
  iommud_sync_begin (&sync, iommud_host_get_main_context (self));
  iommud_host_create_container_async (self, options, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_host_create_container_finish (self, result, error);
}
