/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting which IOVAs the kernel may choose from. */
#include "config.h"

#include "model/container.h"
#include "base/error.h"
#include "memory/mapping-check.h"
#include "base/sync.h"
#include "operations/operation.h"
#include "perform/set-allowed-iovas.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

/* Reserved regions are few, and so are the ranges between them. */
#define MAX_RANGES 4096

typedef struct
{
  IommudContainer *container;
  IommudSetAllowedIovasPlan plan;
} Allow;

static void
allow_free (gpointer data)
{
  Allow *self = data;

  g_clear_object (&self->container);
  iommud_set_allowed_iovas_plan_clear (&self->plan);
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
  const IommudIovaSpace *space =
      iommud_memory_get_space (iommud_container_get_memory (self->container));

  for (guint i = 0; i < self->plan.ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->plan.ranges, IommudIovaRange, i);

      if (!iommud_mapping_check_addressable (space, range->first, range->last, what, error))
        return FALSE;
    }
  return TRUE;
}

static gpointer
plan_allow (gpointer data, GError **error)
{
  Allow *self = data;
  g_autofree char *what = describe (self);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_reserved (self, what, error))
    return NULL;
  iommud_operation_fill_access (&self->plan.access, self->container, g_steal_pointer (&what), NULL);
  self->plan.ioas_id = iommud_container_get_ioas_id (self->container);
  return &self->plan;
}

static gpointer
publish_allow (gpointer data, GError **error)
{
  Allow *self = data;

  if (self->plan.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan.error));
  else
    iommud_memory_set_allowed (iommud_container_get_memory (self->container), self->plan.ranges);
  return NULL;
}

static GVariant *
intend (gpointer data)
{
  const Allow *self = data;

  return iommud_operation_intend ("set-allowed-iovas", self->container, NULL, NULL);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((Allow *) data)->container, 0);
}

static const IommudOperation allow_operation = {
  .plan = plan_allow,
  .perform = (void (*) (gpointer)) iommud_set_allowed_iovas_plan_perform,
  .publish = publish_allow,
  .free = allow_free,
  .intent = intend,
  .fact = report,
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
      g_array_append_val (self->plan.ranges, range);
    }
  g_array_sort (self->plan.ranges, compare_ranges);
  for (guint i = 0; i < self->plan.ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->plan.ranges, IommudIovaRange, i);

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
 * iommud_memory_set_allowed_iovas_async:
 * @self: the memory of a container
 * @ranges: the first and last address of each range, both inside it, as `a(tt)`; if there is no
 *   range, all IOVAs are allowed
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Sets which IOVAs the kernel may choose from for mappings that are not fixed. The ranges replace
 * those of an earlier call. A device that reserves one of these IOVAs cannot be attached. The
 * ranges do not limit mappings at a fixed IOVA.
 */
void
iommud_memory_set_allowed_iovas_async (IommudMemory *self, GVariant *ranges,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (GVariant) owned = NULL;
  GError *error = NULL;
  Allow *data;

  g_return_if_fail (IOMMUD_IS_MEMORY (self));
  g_return_if_fail (g_variant_is_of_type (ranges, G_VARIANT_TYPE ("a(tt)")));

  owned = g_variant_ref_sink (ranges);
  task = iommud_task_new (self, iommud_memory_set_allowed_iovas_async, cancellable, callback,
                          user_data);
  if (!iommud_operation_has_container (iommud_memory_get_container (self), task))
    return;
  data = g_new0 (Allow, 1);
  data->container = g_object_ref (iommud_memory_get_container (self));
  data->plan.ranges = g_array_new (FALSE, FALSE, sizeof (IommudIovaRange));
  if (check_call (data, owned, &error))
    {
      iommud_operation_submit (data->container, &allow_operation, data, g_steal_pointer (&task));
      return;
    }
  allow_free (data);
  g_task_return_error (task, error);
}

/**
 * iommud_memory_set_allowed_iovas_finish:
 * @self: the memory of a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_memory_set_allowed_iovas_async(). After a call that failed, the ranges are as before.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that does not end after its first address, and
 * for ranges that overlap; %IOMMUD_ERROR_ADDRESS_IN_USE if an attached device reserves or cannot
 * address some of them; %IOMMUD_ERROR_LIMITS_EXCEEDED for more than 4096 ranges;
 * %IOMMUD_ERROR_NO_MEMORY if the kernel is out of memory; %IOMMUD_ERROR_NOT_FOUND if the container
 * is gone.
 *
 * Returns: whether the ranges were set
 */
gboolean
iommud_memory_set_allowed_iovas_finish (IommudMemory *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_memory_set_allowed_iovas:
 * @self: the memory of a container
 * @ranges: the first and last address of each range, as `a(tt)`
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_memory_set_allowed_iovas_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the ranges were set
 */
gboolean
iommud_memory_set_allowed_iovas (IommudMemory *self, GVariant *ranges, GCancellable *cancellable,
                                 GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_MEMORY (self), FALSE);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (iommud_memory_get_container (self)));
  iommud_memory_set_allowed_iovas_async (self, ranges, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_memory_set_allowed_iovas_finish (self, result, error);
}
