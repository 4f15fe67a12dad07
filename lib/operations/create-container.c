/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creating a container: an IOAS in a new context, or in that of another container. */
#include <errno.h>
#include <string.h>

#include "model/container.h"
#include "base/error.h"
#include "model/host.h"
#include "base/sync.h"
#include "kernel/features.h"

#define MAX_NAME_LENGTH 64

typedef struct
{
  IommudHost *host;
  IommudContext *context;
  IommudContainerOptions *options;
  guint64 serial;
  gboolean own_context;
  IommudKernelAccess access;
  guint32 ioas_id;
  IommudIovaSpace space;
  gboolean must_probe; /* there was no iommufd to ask when it was last tried */
  char **features;
  gboolean created;
  GError *error;
} Creation;

static void
creation_free (gpointer data)
{
  Creation *self = data;

  if (!self->created)
    iommud_host_release_name (self->host, self->options->name);
  g_clear_object (&self->host);
  g_clear_pointer (&self->context, iommud_context_unref);
  g_clear_object (&self->options);
  iommud_kernel_access_clear (&self->access);
  iommud_iova_space_clear (&self->space);
  g_strfreev (self->features);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
plan_creation (gpointer data, GError **error)
{
  Creation *self = data;
  IommudBackend *backend = iommud_host_get_backend (self->host);
  g_autofree char *what = g_strdup_printf ("create container %s", self->options->name);

  if (!self->own_context
      && !iommud_container_check_alive (self->options->share_context, what, error))
    return FALSE;
  self->access.syscalls = iommud_backend_get_syscalls (backend);
  self->access.probe = g_object_ref (iommud_backend_get_probe (backend));
  self->access.iommufd = iommud_context_get_fd (self->context);
  self->access.what = g_steal_pointer (&what);
  self->must_probe = !iommud_host_get_iommufd_available (self->host);
  return TRUE;
}

static gboolean
check (Creation *self, const char *step, int errnum, const char *cause)
{
  if (errnum == 0)
    return TRUE;
  iommud_error_set_from_errno (&self->error, -1, self->access.what, step, errnum, cause);
  return FALSE;
}

static gboolean
open_context (Creation *self)
{
  int errnum = iommud_iommufd_open (self->access.syscalls, &self->access.iommufd);

  if (errnum == ENOENT || errnum == ENODEV || errnum == ENXIO)
    {
      g_autofree char *description = iommud_error_describe_errno (errnum);

      g_set_error (&self->error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
                   "Cannot %s: /dev/iommu: %s: the kernel's iommufd module is not loaded, or the "
                   "kernel was built without CONFIG_IOMMUFD (try: modprobe iommufd)",
                   self->access.what, description);
      return FALSE;
    }
  return check (self, "/dev/iommu", errnum,
                errnum == EACCES ? "opening it takes the rights of root" : NULL);
}

static gboolean
set_accounting (Creation *self)
{
  int errnum;

  if (self->options->accounting == IOMMUD_ACCOUNTING_USER)
    return TRUE;
  errnum = iommud_iommufd_set_rlimit_mode (self->access.syscalls, self->access.iommufd,
                                           IOMMUD_IOMMUFD_RLIMIT_MODE_PROCESS);
  return check (self, "IOMMU_OPTION_RLIMIT_MODE", errnum,
                errnum == EPERM ? "it takes CAP_SYS_RESOURCE" : NULL);
}

static gboolean
set_huge_pages (Creation *self)
{
  int errnum;

  if (self->options->huge_pages)
    return TRUE;
  errnum = iommud_iommufd_set_huge_pages (self->access.syscalls, self->access.iommufd,
                                          self->ioas_id, FALSE);
  return check (self, "IOMMU_OPTION_HUGE_PAGES", errnum, NULL);
}

static gboolean
make_ioas (Creation *self)
{
  const IommudSyscalls *syscalls = self->access.syscalls;
  int fd = self->access.iommufd;
  int errnum;

  if (!check (self, "IOMMU_IOAS_ALLOC", iommud_iommufd_ioas_alloc (syscalls, fd, &self->ioas_id),
              NULL))
    return FALSE;
  if (set_huge_pages (self)
      && iommud_iova_space_read (&self->space, &self->access, self->ioas_id, &self->error))
    return TRUE;
  errnum = iommud_iommufd_destroy (syscalls, fd, self->ioas_id);
  if (errnum != 0)
    g_message ("%s: IOMMU_DESTROY of IOAS %u: %s; it stays until its context is closed",
               self->access.what, self->ioas_id, g_strerror (errnum));
  return FALSE;
}

static void
perform_creation (gpointer data)
{
  Creation *self = data;

  if (self->own_context && !open_context (self))
    return;
  self->created = (!self->own_context || set_accounting (self)) && make_ioas (self);
  if (self->created && self->must_probe)
    self->features = iommud_features_probe (self->access.syscalls);
  if (!self->created && self->own_context)
    self->access.syscalls->close (self->access.syscalls, self->access.iommufd);
}

static gpointer
publish_creation (gpointer data, GError **error)
{
  Creation *self = data;
  IommudContainer *container;

  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return NULL;
    }
  if (self->own_context)
    iommud_context_set_fd (self->context, self->access.iommufd);
  iommud_context_add_container (self->context);
  iommud_host_take_features (self->host, g_steal_pointer (&self->features));
  container = iommud_container_new (self->host, self->context, self->serial, self->options,
                                    self->ioas_id, &self->space);
  iommud_host_add_container (self->host, container);
  return container;
}

static const IommudOperation creation_operation = {
  .plan = plan_creation,
  .perform = perform_creation,
  .publish = publish_creation,
  .free = creation_free,
};

static gboolean
is_name (const char *name)
{
  gsize length = strlen (name);
  gboolean number = TRUE;

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isalnum (name[i]) && strchr ("._-:", name[i]) == NULL)
        return FALSE;
      number = number && g_ascii_isdigit (name[i]);
    }
  return length > 0 && length <= MAX_NAME_LENGTH && !number;
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
                   "Cannot share the context of container %s: it is of another host",
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
  if (options->name == NULL || is_name (options->name))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot create a container: its name must be 1 to %d letters, digits, '.', '_', '-' "
               "or ':', and not a number",
               MAX_NAME_LENGTH);
  return FALSE;
}

/* The caller may change its options while the container is being made. */
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
  if (copy->share_context != NULL && !options->accounting_set)
    copy->accounting = iommud_container_get_accounting (copy->share_context);
  return copy;
}

static gboolean
reserve_name (IommudHost *host, IommudContainerOptions *options, guint64 serial, GError **error)
{
  gboolean named = options->name != NULL;

  for (guint64 number = serial; !named; number++)
    {
      g_free (options->name);
      options->name = g_strdup_printf ("container-%" G_GUINT64_FORMAT, number);
      if (iommud_host_reserve_name (host, options->name))
        return TRUE;
    }
  if (iommud_host_reserve_name (host, options->name))
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
  data->own_context = options->share_context == NULL;
  data->access.iommufd = -1;
  data->context = data->own_context
                      ? iommud_host_new_context (self)
                      : iommud_context_ref (iommud_container_get_context (options->share_context));
  iommud_context_submit (data->context, &creation_operation, data, NULL, task);
}

/**
 * iommud_host_create_container_async:
 * @self: a host
 * @options: (nullable): what it is to be; %NULL asks for nothing in particular
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Makes a container: an IOAS, in an IOMMUFD context of its own unless one is to be shared.
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
  if (!check_options (self, copy, &error) || !reserve_name (self, copy, serial, &error))
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
 * Errors: %IOMMUD_ERROR_EXISTS where the name is taken, %IOMMUD_ERROR_INVALID_ARGUMENT for a name
 * that cannot be one, %IOMMUD_ERROR_NOT_SUPPORTED where the kernel has no iommufd,
 * %IOMMUD_ERROR_PERMISSION_DENIED where this process may not open it or set the accounting,
 * %IOMMUD_ERROR_NOT_FOUND where the container whose context was to be shared is gone.
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
 * @options: (nullable): what it is to be; %NULL asks for nothing in particular
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
