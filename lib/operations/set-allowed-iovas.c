/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saying which IOVAs the kernel may choose from. */
#include "config.h"

#include <errno.h>

#include "iommud-container-mapping.h"
#include "model/container.h"
#include "base/error.h"
#include "model/host.h"
#include "memory/mapping-check.h"
#include "base/sync.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

/* Reserved regions are few, and so are the ranges between them. */
#define MAX_RANGES 4096

typedef struct
{
  IommudContainer *container;
  GArray *ranges; /* of IommudIovaRange, sorted */
  IommudKernelAccess access;
  guint32 ioas_id;
  int errnum;
} Allow;

static void
allow_free (gpointer data)
{
  Allow *self = data;

  g_clear_object (&self->container);
  g_clear_pointer (&self->ranges, g_array_unref);
  iommud_kernel_access_clear (&self->access);
  g_free (self);
}

static char *
describe (const Allow *self)
{
  return g_strdup_printf ("set the allowed IOVAs of container %s",
                          iommud_container_get_name (self->container));
}

static gboolean
check_reserved (const Allow *self, const char *what, GError **error)
{
  const IommudIovaSpace *space = iommud_container_get_space (self->container);

  for (guint i = 0; i < self->ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->ranges, IommudIovaRange, i);

      if (!iommud_mapping_check_addressable (space, range->first, range->last, what, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
plan_allow (gpointer data, GError **error)
{
  Allow *self = data;
  g_autofree char *what = describe (self);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_reserved (self, what, error))
    return FALSE;
  iommud_container_fill_call (self->container, &self->access, g_steal_pointer (&what), NULL);
  self->ioas_id = iommud_container_get_ioas_id (self->container);
  return TRUE;
}

static void
perform_allow (gpointer data)
{
  Allow *self = data;

  self->errnum = iommud_iommufd_ioas_allow_iovas (self->access.syscalls, self->access.iommufd,
                                                  self->ioas_id, self->ranges);
}

static gpointer
publish_allow (gpointer data, GError **error)
{
  Allow *self = data;

  if (self->errnum == 0)
    iommud_container_set_allowed (self->container, self->ranges);
  else
    iommud_error_set_from_errno (
        error, -1, self->access.what, "IOMMU_IOAS_ALLOW_IOVAS", self->errnum,
        self->errnum == EADDRINUSE ? "an attached device reserves some of them" : NULL);
  return NULL;
}

static const IommudOperation allow_operation = {
  .plan = plan_allow,
  .perform = perform_allow,
  .publish = publish_allow,
  .free = allow_free,
};

static int
compare_ranges (gconstpointer a, gconstpointer b)
{
  const IommudIovaRange *first = a;
  const IommudIovaRange *second = b;

  return first->first < second->first ? -1 : first->first > second->first;
}

static gboolean
check_range (const IommudIovaRange *range, const IommudIovaRange *before, const char *what,
             GError **error)
{
  if (range->first >= range->last)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
                   "Cannot %s: a range must end behind its first address " HEX, what, range->first);
      return FALSE;
    }
  if (before == NULL || before->last < range->first)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: the ranges from " HEX " and from " HEX " overlap", what, before->first,
               range->first);
  return FALSE;
}

static gboolean
take_ranges (Allow *self, GVariant *ranges, const char *what, GError **error)
{
  gsize count = g_variant_n_children (ranges);

  if (count > MAX_RANGES)
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_LIMITS_EXCEEDED,
                   "Cannot %s: there may be %d ranges at most", what, MAX_RANGES);
      return FALSE;
    }
  for (gsize i = 0; i < count; i++)
    {
      IommudIovaRange range;

      g_variant_get_child (ranges, i, "(tt)", &range.first, &range.last);
      g_array_append_val (self->ranges, range);
    }
  g_array_sort (self->ranges, compare_ranges);
  for (guint i = 0; i < self->ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->ranges, IommudIovaRange, i);

      if (!check_range (range, i > 0 ? range - 1 : NULL, what, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_call (Allow *self, GVariant *ranges, GError **error)
{
  g_autofree char *what = describe (self);

  return iommud_container_check_alive (self->container, what, error)
         && take_ranges (self, ranges, what, error);
}

/**
 * iommud_container_set_allowed_iovas_async:
 * @self: a container
 * @ranges: first and last address of each range, both inside it, as `a(tt)`; none: all IOVAs
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Says which IOVAs the kernel may choose from where a mapping is made without
 * %IOMMUD_MAP_FLAGS_FIXED. The ranges replace those of an earlier call. A device that reserves an
 * IOVA of them cannot be attached. They limit no mapping at a fixed IOVA.
 */
void
iommud_container_set_allowed_iovas_async (IommudContainer *self, GVariant *ranges,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  g_autoptr (GVariant) owned = NULL;
  GTask *task;
  GError *error = NULL;
  Allow *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));
  g_return_if_fail (g_variant_is_of_type (ranges, G_VARIANT_TYPE ("a(tt)")));

  owned = g_variant_ref_sink (ranges);
  task = iommud_task_new (self, iommud_container_set_allowed_iovas_async, cancellable, callback,
                          user_data);
  data = g_new0 (Allow, 1);
  data->container = g_object_ref (self);
  data->ranges = g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
  if (check_call (data, owned, &error))
    {
      iommud_context_submit (iommud_container_get_context (self), &allow_operation, data, NULL,
                             task);
      return;
    }
  allow_free (data);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_container_set_allowed_iovas_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_set_allowed_iovas_async(). Of a call that failed, the ranges are as before.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that does not end behind its first address,
 * and for ranges that overlap; %IOMMUD_ERROR_ADDRESS_IN_USE where an attached device reserves or
 * cannot address some of them; %IOMMUD_ERROR_LIMITS_EXCEEDED for more than 4096 ranges;
 * %IOMMUD_ERROR_NOT_FOUND where the container is gone.
 *
 * Returns: whether the ranges were set
 */
gboolean
iommud_container_set_allowed_iovas_finish (IommudContainer *self, GAsyncResult *result,
                                           GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_container_set_allowed_iovas:
 * @self: a container
 * @ranges: first and last address of each range, as `a(tt)`; none: all IOVAs
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_set_allowed_iovas_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the ranges were set
 */
gboolean
iommud_container_set_allowed_iovas (IommudContainer *self, GVariant *ranges,
                                    GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_set_allowed_iovas_async (self, ranges, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_set_allowed_iovas_finish (self, result, error);
}
