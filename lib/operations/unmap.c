/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping in a container: from the model to an unmap plan and back. */
#include "config.h"

#include "iommud-container-mapping.h"

#include <unistd.h>

#include "model/container.h"
#include "operations/dirty-unmap.h"
#include "base/error.h"
#include "model/host.h"
#include "memory/mapping-check.h"
#include "base/sync.h"
#include "perform/unmap.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

typedef struct
{
  guint64 bytes;
  int dirty_bitmap;
  guint64 dirty_pages;
} Result;

static void
result_free (gpointer data)
{
  Result *self = data;

  if (self->dirty_bitmap >= 0)
    close (self->dirty_bitmap);
  g_free (self);
}

typedef struct
{
  IommudContainer *container;
  gboolean all;
  guint64 iova;
  guint64 length;
  guint64 page_size; /* of the dirty bitmap; 0: none is wanted */
  gboolean begun;
  IommudUnmapPlan *plan;
  IommudDirtyUnmap *dirty; /* NULL where no bitmap is wanted */
  guint published;         /* so many of the plan's mappings are out of the container */
  Result *result;          /* the task's */
} Unmap;

static void
unmap_free (gpointer data)
{
  Unmap *self = data;

  iommud_container_release_mappings (self->container, self);
  g_clear_pointer (&self->dirty, iommud_dirty_unmap_free);
  g_clear_object (&self->container);
  iommud_unmap_plan_free (self->plan);
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
  if (!iommud_container_check_alive (self->container, what, error))
    return FALSE;
  if (!self->all && !iommud_mapping_check_range (self->iova, self->length, what, error))
    return FALSE;
  return self->page_size == 0
         || iommud_dirty_unmap_check (self->iova, self->length, self->page_size, what, error);
}

/* The files go with the plan, so that the last one to use a file lets it go on the worker. */
static void
take_mappings (Unmap *self)
{
  IommudMappingTable *mappings = iommud_container_get_mappings (self->container);
  guint64 first = self->all ? 0 : self->iova;
  guint64 last = self->all ? G_MAXUINT64 : self->iova + (self->length - 1);

  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, first, last);
       mapping != NULL && mapping->iova <= last;
       mapping = iommud_mapping_table_next (mappings, mapping))
    {
      g_array_append_val (self->plan->mappings, *mapping);
      iommud_mapping_table_set_file (mappings, mapping->iova, NULL);
    }
}

static gboolean
plan_unmap (gpointer data, GError **error)
{
  Unmap *self = data;
  g_autofree char *what = NULL;

  if (self->begun)
    return TRUE;
  what = describe (self);
  if (!iommud_container_check_alive (self->container, what, error))
    return FALSE;
  if (!self->all
      && !iommud_mapping_check_whole (iommud_container_get_mappings (self->container), self->iova,
                                      self->length, what, error))
    return FALSE;
  if (self->page_size != 0)
    self->dirty = iommud_dirty_unmap_new (self->container, self->iova, self->length,
                                          self->page_size, what, error);
  if (self->page_size != 0 && self->dirty == NULL)
    return FALSE;
  self->begun = TRUE;
  iommud_container_hold_mappings (self->container, self);
  iommud_container_fill_call (self->container, &self->plan->access, g_steal_pointer (&what), NULL);
  self->plan->ioas_id = iommud_container_get_ioas_id (self->container);
  if (self->dirty == NULL)
    self->plan->trackers = iommud_container_get_trackers (self->container);
  take_mappings (self);
  return TRUE;
}

/* All in one turn: meanwhile its devices may be elsewhere. */
static void
unmap_with_bitmap (Unmap *self)
{
  IommudUnmapPlan *plan = self->plan;
  gboolean unmapped;

  if (!iommud_dirty_unmap_begin (self->dirty, &plan->access, &plan->error))
    return;
  while (!iommud_unmap_plan_has_ended (plan))
    iommud_unmap_plan_perform (plan);
  unmapped = plan->error == NULL;
  iommud_dirty_unmap_end (self->dirty, &plan->access, unmapped, unmapped ? &plan->error : NULL);
}

static void
perform_unmap (gpointer data)
{
  Unmap *self = data;

  if (self->dirty != NULL)
    unmap_with_bitmap (self);
  else
    iommud_unmap_plan_perform (self->plan);
}

static void
publish_lengths (Unmap *self)
{
  IommudUnmapPlan *plan = self->plan;

  /* The first that is left may have become shorter. */
  for (guint i = self->published; i < plan->mappings->len && i <= plan->done; i++)
    {
      const IommudMapping *mapping = &g_array_index (plan->mappings, IommudMapping, i);

      iommud_container_resize_mapping (self->container, mapping->iova, mapping->length);
    }
  self->published = plan->done;
}

static void
give_files_back (Unmap *self)
{
  IommudUnmapPlan *plan = self->plan;

  for (guint i = plan->done; i < plan->mappings->len; i++)
    {
      const IommudMapping *mapping = &g_array_index (plan->mappings, IommudMapping, i);

      iommud_mapping_table_set_file (iommud_container_get_mappings (self->container), mapping->iova,
                                     mapping->file);
    }
}

static gpointer
publish_unmap (gpointer data, GError **error)
{
  Unmap *self = data;

  g_object_freeze_notify (G_OBJECT (self->container));
  publish_lengths (self);
  g_object_thaw_notify (G_OBJECT (self->container));
  if (!iommud_unmap_plan_has_ended (self->plan))
    return NULL;
  give_files_back (self);
  self->result->bytes = self->plan->bytes;
  if (self->dirty != NULL)
    iommud_dirty_unmap_publish (self->dirty);
  if (self->dirty != NULL && self->plan->error == NULL)
    self->result->dirty_bitmap =
        iommud_dirty_unmap_steal_fd (self->dirty, &self->result->dirty_pages);
  if (self->plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->plan->error));
  return NULL;
}

static gboolean
goes_on (gpointer data)
{
  return !iommud_unmap_plan_has_ended (((Unmap *) data)->plan);
}

static gboolean
must_wait (gpointer data)
{
  return iommud_container_mappings_are_held (((Unmap *) data)->container, data);
}

static const IommudOperation unmap_operation = {
  .plan = plan_unmap,
  .perform = perform_unmap,
  .publish = publish_unmap,
  .free = unmap_free,
  .goes_on = goes_on,
  .must_wait = must_wait,
};

/* @data and @task are taken. */
static void
submit (Unmap *data, GTask *task)
{
  g_autofree char *what = describe (data);
  GError *error = NULL;

  data->plan = iommud_unmap_plan_new ();
  data->result = g_new0 (Result, 1);
  data->result->dirty_bitmap = -1;
  g_task_set_task_data (task, data->result, result_free);
  if (check_call (data, what, &error))
    {
      iommud_context_submit (iommud_container_get_context (data->container), &unmap_operation, data,
                             NULL, task);
      return;
    }
  unmap_free (data);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_container_unmap_async:
 * @self: a container
 * @iova: where the range begins, a multiple of the page size
 * @length: its length in bytes, a multiple of the page size
 * @dirty_page_size: 0, or the page size of a dirty bitmap of the range that is to be returned: a
 *   power of two
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Unmaps all that is mapped in a range. Mappings are unmapped whole or not at all.
 *
 * With a dirty bitmap, all that devices wrote to the range until it was unmapped is in it. Devices
 * whose IOMMU records are moved for that to a HWPT that does not have the range. Behind IOMMUs
 * whose driver would stop their DMA meanwhile (VT-d and AMD in Linux 6.12), and wherever the kernel
 * refuses the move, all of the range that is mapped for writing counts as dirty instead. Without a
 * bitmap, what nobody has read is forgotten with the mapping.
 */
void
iommud_container_unmap_async (IommudContainer *self, guint64 iova, guint64 length,
                              guint64 dirty_page_size, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  Unmap *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  data = g_new0 (Unmap, 1);
  data->container = g_object_ref (self);
  data->iova = iova;
  data->length = length;
  data->page_size = dirty_page_size;
  submit (data,
          iommud_task_new (self, iommud_container_unmap_async, cancellable, callback, user_data));
}

/**
 * iommud_container_unmap_finish:
 * @self: a container
 * @result: what the callback was given
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @dirty_bitmap: (out) (optional): a sealed memfd with the dirty bitmap, the caller's to close; -1
 *   where none was asked for
 * @dirty_pages: (out) (optional): how many bits of the bitmap are set
 * @error: where to put an error
 *
 * Ends iommud_container_unmap_async(). Of a call that failed, the container lists what is still
 * mapped.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that is empty, not aligned or would split a
 * mapping, and for a bitmap of a container whose dirty tracking is not active;
 * %IOMMUD_ERROR_NOT_FOUND where nothing is mapped there, or the container is gone;
 * %IOMMUD_ERROR_BUSY where the kernel says that something still uses it.
 *
 * Returns: whether all of it was unmapped
 */
gboolean
iommud_container_unmap_finish (IommudContainer *self, GAsyncResult *result, guint64 *bytes,
                               int *dirty_bitmap, guint64 *dirty_pages, GError **error)
{
  Result *data;

  if (!iommud_task_finish_boolean (self, result, error))
    return FALSE;
  data = g_task_get_task_data (G_TASK (result));
  if (bytes != NULL)
    *bytes = data->bytes;
  if (dirty_pages != NULL)
    *dirty_pages = data->dirty_pages;
  if (dirty_bitmap == NULL)
    return TRUE;
  *dirty_bitmap = data->dirty_bitmap;
  data->dirty_bitmap = -1;
  return TRUE;
}

/**
 * iommud_container_unmap:
 * @self: a container
 * @iova: where the range begins, a multiple of the page size
 * @length: its length in bytes, a multiple of the page size
 * @dirty_page_size: 0, or the page size of a dirty bitmap of the range that is to be returned
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @dirty_bitmap: (out) (optional): a sealed memfd with the dirty bitmap, the caller's to close; -1
 *   where none was asked for
 * @dirty_pages: (out) (optional): how many bits of the bitmap are set
 * @error: where to put an error
 *
 * iommud_container_unmap_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether all of it was unmapped
 */
gboolean
iommud_container_unmap (IommudContainer *self, guint64 iova, guint64 length,
                        guint64 dirty_page_size, GCancellable *cancellable, guint64 *bytes,
                        int *dirty_bitmap, guint64 *dirty_pages, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_unmap_async (self, iova, length, dirty_page_size, cancellable, iommud_sync_ready,
                                &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_unmap_finish (self, result, bytes, dirty_bitmap, dirty_pages, error);
}

/**
 * iommud_container_unmap_all_async:
 * @self: a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Unmaps all that is mapped in a container, which may be nothing.
 */
void
iommud_container_unmap_all_async (IommudContainer *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  Unmap *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  data = g_new0 (Unmap, 1);
  data->container = g_object_ref (self);
  data->all = TRUE;
  submit (data, iommud_task_new (self, iommud_container_unmap_all_async, cancellable, callback,
                                 user_data));
}

/**
 * iommud_container_unmap_all_finish:
 * @self: a container
 * @result: what the callback was given
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @error: where to put an error
 *
 * Ends iommud_container_unmap_all_async(). Of a call that failed, the container lists what is still
 * mapped.
 *
 * Errors: %IOMMUD_ERROR_BUSY where the kernel says that something still uses a mapping;
 * %IOMMUD_ERROR_NOT_FOUND where the container is gone.
 *
 * Returns: whether nothing is mapped any more
 */
gboolean
iommud_container_unmap_all_finish (IommudContainer *self, GAsyncResult *result, guint64 *bytes,
                                   GError **error)
{
  return iommud_container_unmap_finish (self, result, bytes, NULL, NULL, error);
}

/**
 * iommud_container_unmap_all:
 * @self: a container
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @bytes: (out) (optional): how much was unmapped, in bytes
 * @error: where to put an error
 *
 * iommud_container_unmap_all_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether nothing is mapped any more
 */
gboolean
iommud_container_unmap_all (IommudContainer *self, GCancellable *cancellable, guint64 *bytes,
                            GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_unmap_all_async (self, cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_unmap_all_finish (self, result, bytes, error);
}
