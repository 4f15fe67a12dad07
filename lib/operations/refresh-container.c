/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refreshing a container: what others who have its context have done away with leaves the model. */
#include "base/sync.h"
#include "iommud-error.h"
#include "model/container.h"
#include "model/device.h"
#include "model/hwpt.h"
#include "operations/operation.h"
#include "perform/refresh-container.h"

/* How many mappings are looked at in one turn. There may be a million. */
#define MAPPINGS_AT_ONCE 1024

typedef struct
{
  IommudContainer *container;
  GPtrArray *hwpts; /* of IommudHwpt; in the order of the plan's */
  IommudRefreshContainerPlan *plan;
  guint64 next; /* the IOVA from which on mappings were not looked at yet */
  gboolean begun;
  gboolean more;
  gboolean mappings_changed;
} Refresh;

static void
refresh_free (gpointer data)
{
  Refresh *self = data;

  iommud_memory_release (iommud_container_get_memory (self->container), self);
  g_ptr_array_unref (self->hwpts);
  g_object_unref (self->container);
  iommud_refresh_container_plan_free (self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container)
{
  return g_strdup_printf ("refresh container %s", iommud_container_get_name (container));
}

/* Newest first: a HWPT's children are younger than it is. */
static void
add_hwpts (Refresh *self)
{
  GListModel *hwpts = iommud_container_get_hwpts (self->container);

  for (guint i = g_list_model_get_n_items (hwpts); i > 0; i--)
    {
      g_autoptr (IommudHwpt) hwpt = g_list_model_get_item (hwpts, i - 1);
      const IommudRefreshedHwpt entry = { .hwpt_id = iommud_hwpt_get_id (hwpt) };

      g_array_append_val (self->plan->hwpts, entry);
      g_ptr_array_add (self->hwpts, g_steal_pointer (&hwpt));
    }
}

static void
add_mappings (Refresh *self)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->container));

  self->more = FALSE;
  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, self->next, G_MAXUINT64);
       mapping != NULL; mapping = iommud_mapping_table_next (mappings, mapping))
    {
      const IommudRefreshedMapping entry = { .iova = mapping->iova,
                                             .length = mapping->length,
                                             .first_piece = mapping->first_piece,
                                             .piece = mapping->piece };

      self->next = mapping->iova;
      self->more = self->plan->mappings->len == MAPPINGS_AT_ONCE;
      if (self->more)
        return;
      g_array_append_val (self->plan->mappings, entry);
    }
}

static gpointer
plan_refresh (gpointer data, GError **error)
{
  Refresh *self = data;
  g_autofree char *what = describe (self->container);

  if (!iommud_container_check_alive (self->container, what, error))
    return NULL;
  iommud_memory_hold (iommud_container_get_memory (self->container), self);
  if (!self->begun)
    add_hwpts (self);
  self->begun = TRUE;
  add_mappings (self);
  iommud_operation_fill_access (&self->plan->access, self->container, g_steal_pointer (&what),
                                NULL);
  self->plan->ioas_id = iommud_container_get_ioas_id (self->container);
  self->plan->trackers = iommud_container_lend_trackers (self->container);
  return self->plan;
}

/* The kernel frees no HWPT that a device is on: so they were detached. */
static void
remove_hwpt (Refresh *self, IommudHwpt *hwpt)
{
  GListModel *devices = iommud_hwpt_get_devices (hwpt);
  gboolean listed = TRUE;

  while (listed && g_list_model_get_n_items (devices) > 0)
    {
      g_autoptr (IommudDevice) device = g_list_model_get_item (devices, 0);

      listed = g_list_model_get_n_items (devices) > 1
               || iommud_hwpt_get_management (hwpt) != IOMMUD_HWPT_MANAGEMENT_KERNEL;
      iommud_container_detach (self->container, device);
    }
  if (listed)
    iommud_container_remove_hwpt (self->container, hwpt);
}

static void
publish_hwpts (Refresh *self)
{
  for (guint i = 0; i < self->hwpts->len; i++)
    if (g_array_index (self->plan->hwpts, IommudRefreshedHwpt, i).gone)
      remove_hwpt (self, g_ptr_array_index (self->hwpts, i));
}

static void
publish_mappings (Refresh *self)
{
  IommudMemory *memory = iommud_container_get_memory (self->container);

  for (guint i = 0; i < self->plan->mappings->len; i++)
    {
      const IommudRefreshedMapping *mapping =
          &g_array_index (self->plan->mappings, IommudRefreshedMapping, i);

      if (mapping->present == mapping->length)
        continue;
      iommud_memory_resize_mapping (memory, mapping->iova, mapping->present);
      self->mappings_changed = TRUE;
    }
}

static gpointer
publish_refresh (gpointer data, GError **error)
{
  Refresh *self = data;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  publish_hwpts (self);
  if (self->plan->error == NULL)
    publish_mappings (self);
  g_ptr_array_set_size (self->hwpts, 0);
  g_array_set_size (self->plan->hwpts, 0);
  g_array_set_size (self->plan->mappings, 0);
  iommud_memory_set_space (iommud_container_get_memory (self->container), &self->plan->space);
  if (self->plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan->error));
  else
    iommud_container_set_accounting (self->container, self->plan->accounting);
  return NULL;
}

static gboolean
goes_on (gpointer data)
{
  return ((Refresh *) data)->more;
}

/* A long mapping that is being made or unmade is not all there. */
static gboolean
must_wait (gpointer data)
{
  return iommud_memory_is_held (iommud_container_get_memory (((Refresh *) data)->container), data);
}

static GVariant *
intend (gpointer data)
{
  return iommud_operation_intend ("refresh-container", ((Refresh *) data)->container, NULL, NULL);
}

/* There may be very many mappings, and usually all are as they were. */
static GVariant *
report (gpointer data)
{
  const Refresh *self = data;
  IommudWriteDownParts parts = IOMMUD_WRITE_DOWN_ALL & ~IOMMUD_WRITE_DOWN_MAPPINGS;

  return iommud_operation_report (
      self->container, self->mappings_changed ? parts | IOMMUD_WRITE_DOWN_MAPPINGS : parts);
}

static const IommudOperation refresh_operation = {
  .plan = plan_refresh,
  .perform = (void (*) (gpointer)) iommud_refresh_container_plan_perform,
  .publish = publish_refresh,
  .free = refresh_free,
  .goes_on = goes_on,
  .must_wait = must_wait,
  .intent = intend,
  .fact = report,
};

/**
 * iommud_container_refresh_async:
 * @self: a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Compares what is known of the container with the kernel, by questions that change nothing: a HWPT
 * that is gone leaves the container, its devices are detached, and a mapping that is gone is no
 * longer listed; of a mapping that is gone in part, what is there from its beginning on stays
 * listed. This is for a container that is #IommudContainer:shared. What others have made, and to
 * which HWPT they have attached a device, the kernel cannot be asked for.
 */
void
iommud_container_refresh_async (IommudContainer *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char *what = NULL;
  GError *error = NULL;
  Refresh *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  task = iommud_task_new (self, iommud_container_refresh_async, cancellable, callback, user_data);
  what = describe (self);
  if (!iommud_container_check_alive (self, what, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Refresh, 1);
  data->container = g_object_ref (self);
  data->hwpts = g_ptr_array_new_with_free_func (g_object_unref);
  data->plan = iommud_refresh_container_plan_new ();
  iommud_operation_submit (self, &refresh_operation, data, g_steal_pointer (&task));
}

/**
 * iommud_container_refresh_finish:
 * @self: a container
 * @result: what the callback was given
 * @error: where to put an error
 *
 * Ends iommud_container_refresh_async().
 *
 * Errors: %IOMMUD_ERROR_NOT_FOUND if the container is gone, or the kernel no longer has its IOAS;
 * %IOMMUD_ERROR_FAILED if the kernel did not say whether something is there;
 * %IOMMUD_ERROR_NO_MEMORY if the kernel is out of memory. Then what was found out before is known.
 *
 * Returns: whether all of the container was compared
 */
gboolean
iommud_container_refresh_finish (IommudContainer *self, GAsyncResult *result, GError **error)
{
  return iommud_task_finish_boolean (self, result, error);
}

/**
 * iommud_container_refresh:
 * @self: a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @error: where to put an error
 *
 * iommud_container_refresh_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether all of the container was compared
 */
gboolean
iommud_container_refresh (IommudContainer *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (self));
  iommud_container_refresh_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_refresh_finish (self, result, error);
}
