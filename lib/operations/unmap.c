/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping a range, or all, of a container: from the model to an unmap plan and back. */
#include "config.h"

#include "base/sync.h"
#include "memory/mapping-check.h"
#include "operations/operation.h"
#include "operations/unmapping.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

typedef struct
{
  IommudContainer *container;
  gboolean all;
  guint64 iova;
  guint64 length;
  gboolean begun;
  IommudUnmapping unmapping;
  guint64 *bytes; /* the task's */
} Unmap;

static void
unmap_free (gpointer data)
{
  Unmap *self = data;

  iommud_memory_release (self->unmapping.memory, self);
  iommud_unmap_plan_free (self->unmapping.plan);
  g_clear_object (&self->container);
  g_free (self);
}

static char *
describe (const Unmap *self)
{
  const char *name = iommud_container_get_name (self->container);

  if (self->all)
    return g_strdup_printf ("unmap all of container %s", name);
  return g_strdup_printf ("unmap " HEX " bytes at IOVA " HEX " of container %s", self->length,
                          self->iova, name);
}

static gboolean
check_call (const Unmap *self, const char *what, GError **error)
{
  return iommud_container_check_alive (self->container, what, error)
         && (self->all || iommud_mapping_check_range (self->iova, self->length, what, error));
}

static gboolean
begin (Unmap *self, GError **error)
{
  IommudUnmapPlan *plan = self->unmapping.plan;
  g_autofree char *what = describe (self);

  if (!iommud_container_check_alive (self->container, what, error))
    return FALSE;
  if (!self->all
      && !iommud_mapping_check_whole (iommud_memory_get_mappings (self->unmapping.memory),
                                      self->iova, self->length, what, error))
    return FALSE;
  self->begun = TRUE;
  iommud_memory_hold (self->unmapping.memory, self);
  iommud_operation_fill_access (&plan->access, self->container, g_steal_pointer (&what), NULL);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  iommud_unmapping_take (&self->unmapping, self->all ? 0 : self->iova,
                         self->all ? G_MAXUINT64 : self->iova + (self->length - 1));
  return TRUE;
}

static gpointer
plan_unmap (gpointer data, GError **error)
{
  Unmap *self = data;
  IommudUnmapPlan *plan = self->unmapping.plan;

  if (!self->begun && !begin (self, error))
    return NULL;
  plan->trackers =
      iommud_dirty_tracking_lend (iommud_container_get_dirty_tracking (self->container), NULL);
  return plan;
}

static gpointer
publish_unmap (gpointer data, GError **error)
{
  Unmap *self = data;
  IommudUnmapPlan *plan = self->unmapping.plan;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  iommud_unmapping_publish (&self->unmapping);
  *self->bytes = plan->bytes;
  if (plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&plan->error));
  return NULL;
}

static gboolean
goes_on (gpointer data)
{
  return !iommud_unmap_plan_has_ended (((Unmap *) data)->unmapping.plan);
}

static gboolean
must_wait (gpointer data)
{
  return iommud_memory_is_held (((Unmap *) data)->unmapping.memory, data);
}

static GVariant *
intend (gpointer data)
{
  const Unmap *self = data;

  return iommud_operation_intend_range ("unmap", self->container, self->iova,
                                        self->all ? 0 : self->length);
}

static GVariant *
report (gpointer data)
{
  const Unmap *self = data;

  return iommud_operation_report_range (self->container, self->iova, self->all ? 0 : self->length);
}

static const IommudOperation unmap_operation = {
  .plan = plan_unmap,
  .perform = (void (*) (gpointer)) iommud_unmap_plan_perform,
  .publish = publish_unmap,
  .free = unmap_free,
  .goes_on = goes_on,
  .must_wait = must_wait,
  .intent = intend,
  .fact = report,
};

static void
submit (IommudMemory *memory, gboolean all, guint64 iova, guint64 length, GTask *task)
{
  g_autoptr (GTask) owned = task;
  g_autofree char *what = NULL;
  GError *error = NULL;
  Unmap *data;

  if (!iommud_operation_has_container (iommud_memory_get_container (memory), task))
    return;
  data = g_new0 (Unmap, 1);
  data->container = g_object_ref (iommud_memory_get_container (memory));
  data->all = all;
  data->iova = iova;
  data->length = length;
  data->unmapping.memory = memory;
  data->unmapping.plan = iommud_unmap_plan_new ();
  data->bytes = g_new0 (guint64, 1);
  g_task_set_task_data (task, data->bytes, g_free);
  what = describe (data);
  if (check_call (data, what, &error))
    {
      iommud_operation_submit (data->container, &unmap_operation, data, g_steal_pointer (&owned));
      return;
    }
  unmap_free (data);
  g_task_return_error (task, error);
}

static gboolean
finish (IommudMemory *self, GAsyncResult *result, guint64 *bytes, GError **error)
{
  if (!iommud_task_finish_boolean (self, result, error))
    return FALSE;
  if (bytes != NULL)
    *bytes = *(const guint64 *) g_task_get_task_data (G_TASK (result));
  return TRUE;
}

/**
 * iommud_memory_unmap_async:
 * @self: the memory of a container
 * @iova: where the range begins, a multiple of the page size
 * @length: its length in bytes, a multiple of the page size
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Unmaps everything that is mapped in a range. Mappings are unmapped whole or not at all. Dirty
 * pages of the range that were not read are forgotten with the mapping;
 * iommud_dirty_tracking_unmap_and_read_bitmap_async() reads them.
 */
void
iommud_memory_unmap_async (IommudMemory *self, guint64 iova, guint64 length,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (IOMMUD_IS_MEMORY (self));

  submit (self, FALSE, iova, length,
          iommud_task_new (self, iommud_memory_unmap_async, cancellable, callback, user_data));
}

/**
 * iommud_memory_unmap_finish:
 * @self: the memory of a container
 * @result: what the callback was given
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @error: where to put an error
 *
 * Ends iommud_memory_unmap_async(). After a call that failed, #IommudMemory:mappings lists what is
 * still mapped.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that is empty, not aligned or would split a
 * mapping; %IOMMUD_ERROR_NOT_FOUND if nothing is mapped there, or the container is gone;
 * %IOMMUD_ERROR_BUSY if the kernel says that something still uses it.
 *
 * Returns: whether all of it was unmapped
 */
gboolean
iommud_memory_unmap_finish (IommudMemory *self, GAsyncResult *result, guint64 *bytes,
                            GError **error)
{
  return finish (self, result, bytes, error);
}

/**
 * iommud_memory_unmap:
 * @self: the memory of a container
 * @iova: where the range begins, a multiple of the page size
 * @length: its length in bytes, a multiple of the page size
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @error: where to put an error
 *
 * iommud_memory_unmap_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether all of it was unmapped
 */
gboolean
iommud_memory_unmap (IommudMemory *self, guint64 iova, guint64 length, GCancellable *cancellable,
                     guint64 *bytes, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_MEMORY (self), FALSE);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (iommud_memory_get_container (self)));
  iommud_memory_unmap_async (self, iova, length, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_memory_unmap_finish (self, result, bytes, error);
}

/**
 * iommud_memory_unmap_all_async:
 * @self: the memory of a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Unmaps everything that is mapped in a container. It also succeeds if nothing is mapped.
 */
void
iommud_memory_unmap_all_async (IommudMemory *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (IOMMUD_IS_MEMORY (self));

  submit (self, TRUE, 0, 0,
          iommud_task_new (self, iommud_memory_unmap_all_async, cancellable, callback, user_data));
}

/**
 * iommud_memory_unmap_all_finish:
 * @self: the memory of a container
 * @result: what the callback was given
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @error: where to put an error
 *
 * Ends iommud_memory_unmap_all_async(). After a call that failed, #IommudMemory:mappings lists what
 * is still mapped.
 *
 * Errors: %IOMMUD_ERROR_BUSY if the kernel says that something still uses a mapping;
 * %IOMMUD_ERROR_NOT_FOUND if the container is gone.
 *
 * Returns: whether nothing is mapped any longer
 */
gboolean
iommud_memory_unmap_all_finish (IommudMemory *self, GAsyncResult *result, guint64 *bytes,
                                GError **error)
{
  return finish (self, result, bytes, error);
}

/**
 * iommud_memory_unmap_all:
 * @self: the memory of a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @error: where to put an error
 *
 * iommud_memory_unmap_all_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether nothing is mapped any longer
 */
gboolean
iommud_memory_unmap_all (IommudMemory *self, GCancellable *cancellable, guint64 *bytes,
                         GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_MEMORY (self), FALSE);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (iommud_memory_get_container (self)));
  iommud_memory_unmap_all_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_memory_unmap_all_finish (self, result, bytes, error);
}
