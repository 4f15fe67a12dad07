/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying mappings from one container to another of its context: which ones, and from where. */
#include "config.h"

#include "base/error.h"
#include "memory/mapping-check.h"
#include "operations/mapping-job.h"
#include "base/sync.h"
#include "operations/operation.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

static gboolean
check_mapped_to (IommudMappingJob *self, const IommudMapping *mapping, guint64 iova,
                 const char *what, GError **error)
{
  if (mapping != NULL && mapping->iova <= iova)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_FOUND,
               "Cannot %s: nothing is mapped at IOVA " HEX " in container %s", what, iova,
               iommud_container_get_name (self->source));
  return FALSE;
}

static gboolean
check_rights (IommudMappingJob *self, const IommudMapping *mapping, const char *what,
              GError **error)
{
  if (mapping->memory_is_writable || (self->flags & IOMMUD_MAP_FLAGS_WRITABLE) == 0)
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_PERMISSION_DENIED,
               "Cannot %s: what is mapped at IOVA " HEX " in container %s was mapped "
               "read-only, and the copy is to be writable",
               what, mapping->iova, iommud_container_get_name (self->source));
  return FALSE;
}

/* The kernel splits a copy where it splits the source, and at the end of each call. */
static void
set_pieces (IommudMappingJob *self, const IommudMapping *source, guint64 start, IommudMapPart *part)
{
  guint64 left = iommud_mapping_get_end_of_piece (source, start) - start;

  if (left >= part->length)
    {
      iommud_mapping_job_set_pieces (self, &part->mapping, part->length);
      return;
    }
  part->mapping.first_piece = left;
  part->mapping.piece = source->piece;
}

/* Adds the part of one mapping that is to be copied. */
static void
add_part (IommudMappingJob *self, const IommudMapping *source, guint64 iova, guint64 last)
{
  guint64 start = iova - source->iova;
  IommudMapPart part = { .source = iova };

  part.length = MIN (last, iommud_mapping_get_last (source)) - iova + 1;
  part.mapping.iova = self->iova + (iova - self->source_iova);
  part.mapping.file_offset = source->file_offset + start;
  part.mapping.flags = self->flags & ~(guint) IOMMUD_MAP_FLAGS_FIXED;
  part.mapping.memory_is_writable = source->memory_is_writable;
  part.mapping.by_address = source->by_address;
  part.mapping.file = source->file;
  set_pieces (self, source, start, &part);
  iommud_map_plan_add (self->plan, &part);
}

static gboolean
prepare_copy (IommudMappingJob *self, const char *what, GError **error)
{
  IommudMappingTable *mappings =
      iommud_memory_get_mappings (iommud_container_get_memory (self->source));
  guint64 last = self->source_iova + (self->length - 1);
  guint64 copied = 0;
  const IommudMapping *mapping;

  if (!iommud_container_check_alive (self->source, what, error)
      || !iommud_mapping_job_check_room (self, what, error))
    return FALSE;
  mapping = iommud_mapping_table_find (mappings, self->source_iova, last);
  while (copied < self->length)
    {
      guint64 iova = self->source_iova + copied;

      if (!check_mapped_to (self, mapping, iova, what, error)
          || !check_rights (self, mapping, what, error))
        return FALSE;
      add_part (self, mapping, iova, last);
      copied = self->plan->length;
      mapping = iommud_mapping_table_next (mappings, mapping);
    }
  self->plan->source_id = iommud_container_get_ioas_id (self->source);
  return TRUE;
}

static gboolean
check_call (IommudMappingJob *self, GError **error)
{
  g_autofree char *what = iommud_mapping_job_describe (self);

  if (!iommud_container_check_alive (self->container, what, error)
      || !iommud_container_check_alive (self->source, what, error)
      || !iommud_mapping_check_arguments (self->iova, self->length, self->flags, what, error)
      || !iommud_mapping_check_range (self->source_iova, self->length, what, error))
    return FALSE;
  if (iommud_container_get_context (self->source) == iommud_container_get_context (self->container))
    return TRUE;
  g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_INVALID_ARGUMENT,
               "Cannot %s: container %s is in another IOMMUFD context: create one of the two so "
               "that it shares the other's",
               what, iommud_container_get_name (self->source));
  return FALSE;
}

/**
 * iommud_memory_copy_mapping_async:
 * @self: the memory to map in
 * @source: the memory of a container of the same IOMMUFD context, which may be @self
 * @source_iova: where the range begins in @source, a multiple of the page size
 * @length: its length in bytes, a multiple of the page size
 * @iova: where to map it, a multiple of the page size; ignored if it is not fixed
 * @options: (nullable): how to map it; %NULL: readable, writable and fixed
 * @cancellable: (nullable): cancels the call; what is mapped by then is unmapped again
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Maps what another container has mapped; the kernel pins the memory once for both. The copy of
 * each mapping is a mapping of its own, and stays when the source is unmapped.
 */
void
iommud_memory_copy_mapping_async (IommudMemory *self, IommudMemory *source, guint64 source_iova,
                                  guint64 length, guint64 iova, IommudMapOptions *options,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  IommudMappingJob *job;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (IOMMUD_IS_MEMORY (self));
  g_return_if_fail (IOMMUD_IS_MEMORY (source));

  task = iommud_task_new (self, iommud_memory_copy_mapping_async, cancellable, callback, user_data);
  if (!iommud_operation_has_container (iommud_memory_get_container (self), task)
      || !iommud_operation_has_container (iommud_memory_get_container (source), task))
    return;
  job = iommud_mapping_job_new (iommud_memory_get_container (self), length, iova, options);
  job->source = g_object_ref (iommud_memory_get_container (source));
  job->source_iova = source_iova;
  job->prepare = prepare_copy;
  if (check_call (job, &error))
    {
      iommud_mapping_job_submit (job, cancellable, g_steal_pointer (&task));
      return;
    }
  iommud_mapping_job_free (job);
  g_task_return_error (task, error);
}

/**
 * iommud_memory_copy_mapping_finish:
 * @self: the memory to map in
 * @result: what the callback was given
 * @mapped_iova: (out) (optional): where it is mapped
 * @error: where to put an error
 *
 * Ends iommud_memory_copy_mapping_async(). A call that failed has mapped nothing, unless the kernel
 * refuses to unmap what was mapped by then: #IommudMemory:mappings lists what is left.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that is empty or not aligned, and for a
 * container of another context; %IOMMUD_ERROR_NOT_FOUND if not all of the range is mapped in
 * @source, or one of the containers is gone; %IOMMUD_ERROR_PERMISSION_DENIED for a writable copy of
 * what was mapped read-only; %IOMMUD_ERROR_EXISTS if something is mapped there already;
 * %IOMMUD_ERROR_ADDRESS_IN_USE if an attached device reserves or cannot address those IOVAs;
 * %IOMMUD_ERROR_NO_SPACE if the kernel finds no room; %IOMMUD_ERROR_NO_MEMORY if memory or
 * the locked-memory limit is used up; %IOMMUD_ERROR_LIMITS_EXCEEDED if the container would have
 * more than 64 TiB or 1048576 mappings.
 *
 * Returns: whether the range was mapped
 */
gboolean
iommud_memory_copy_mapping_finish (IommudMemory *self, GAsyncResult *result, guint64 *mapped_iova,
                                   GError **error)
{
  return iommud_mapping_job_finish (self, result, mapped_iova, error);
}

/**
 * iommud_memory_copy_mapping:
 * @self: the memory to map in
 * @source: the memory of a container of the same IOMMUFD context, which may be @self
 * @source_iova: where the range begins in @source, a multiple of the page size
 * @length: its length in bytes, a multiple of the page size
 * @iova: where to map it; ignored if it is not fixed
 * @options: (nullable): how to map it; %NULL: readable, writable and fixed
 * @cancellable: (nullable): cancels the call
 * @mapped_iova: (out) (optional): where it is mapped
 * @error: where to put an error
 *
 * iommud_memory_copy_mapping_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the range was mapped
 */
gboolean
iommud_memory_copy_mapping (IommudMemory *self, IommudMemory *source, guint64 source_iova,
                            guint64 length, guint64 iova, IommudMapOptions *options,
                            GCancellable *cancellable, guint64 *mapped_iova, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_MEMORY (self), FALSE);
  g_return_val_if_fail (IOMMUD_IS_MEMORY (source), FALSE);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (iommud_memory_get_container (self)));
  iommud_memory_copy_mapping_async (self, source, source_iova, length, iova, options, cancellable,
                                    iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_memory_copy_mapping_finish (self, result, mapped_iova, error);
}
