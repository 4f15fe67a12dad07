/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping a part of a file in a container: from the model to a map plan and back. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>

#include "memory/client-file.h"
#include "base/error.h"
#include "model/host.h"
#include "memory/mapping-check.h"
#include "operations/mapping-job.h"
#include "base/sync.h"
#include "operations/operation.h"

static gboolean
prepare_map (IommudMappingJob *self, const char *what, GError **error)
{
  IommudHost *host = iommud_container_get_host (self->container);
  IommudMapPart part = { .length = self->length };

  if (!iommud_mapping_job_check_room (self, what, error))
    return FALSE;
  part.mapping.iova = self->iova;
  part.mapping.file_offset = self->source_offset;
  part.mapping.flags = self->flags & ~(guint) IOMMUD_MAP_FLAGS_FIXED;
  part.mapping.memory_is_writable = (self->flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0;
  iommud_mapping_job_set_pieces (self, &part.mapping, self->length);
  iommud_map_plan_add (self->plan, &part);
  self->plan->files = iommud_mapped_files_ref (iommud_host_get_mapped_files (host));
  self->plan->by_file = g_strv_contains (iommud_host_get_features (host), "map-file");
  return TRUE;
}

static gboolean
dup_file (int file, const char *what, int *copy, GError **error)
{
  *copy = fcntl (file, F_DUPFD_CLOEXEC, 3);
  if (*copy >= 0)
    return TRUE;
  iommud_error_set_from_errno (error, -1, what, "a copy of the file descriptor", errno, NULL);
  return FALSE;
}

static gboolean
check_call (IommudMappingJob *self, int file, GError **error)
{
  g_autofree char *what = iommud_mapping_job_describe (self);

  return iommud_container_check_alive (self->container, what, error)
         && iommud_mapping_check_arguments (self->iova, self->length, self->flags, what, error)
         && iommud_client_file_check (file, self->source_offset, self->length, self->flags, what,
                                      error)
         && dup_file (file, what, &self->plan->file, error);
}

/**
 * iommud_memory_map_file_async:
 * @self: the memory of a container
 * @file: the descriptor of a memfd, or of a regular file on tmpfs or hugetlbfs; the caller keeps
 *   it, and may close it at once
 * @offset: where the part to map begins in the file, in bytes: a multiple of its page size
 * @length: how much to map, in bytes: a multiple of its page size
 * @iova: where to map it, a multiple of the page size; ignored if it is not fixed
 * @options: (nullable): how to map it; %NULL: readable, writable and fixed
 * @cancellable: (nullable): cancels the call; what is mapped by then is unmapped again
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Maps a part of a file, so that the devices of the container can access it by DMA.
 *
 * A long mapping at a fixed IOVA is made piece by piece. #IommudMemory:mapped-bytes grows
 * meanwhile, and other operations of the container that do not change mappings have their turns.
 */
void
iommud_memory_map_file_async (IommudMemory *self, int file, guint64 offset, guint64 length,
                              guint64 iova, IommudMapOptions *options, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  IommudMappingJob *job;
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (IOMMUD_IS_MEMORY (self));

  task = iommud_task_new (self, iommud_memory_map_file_async, cancellable, callback, user_data);
  if (!iommud_operation_has_container (iommud_memory_get_container (self), task))
    return;
  job = iommud_mapping_job_new (iommud_memory_get_container (self), length, iova, options);
  job->source_offset = offset;
  job->prepare = prepare_map;
  if (check_call (job, file, &error))
    {
      iommud_mapping_job_submit (job, cancellable, g_steal_pointer (&task));
      return;
    }
  iommud_mapping_job_free (job);
  g_task_return_error (task, error);
}

/**
 * iommud_memory_map_file_finish:
 * @self: the memory of a container
 * @result: what the callback was given
 * @mapped_iova: (out) (optional): where it is mapped
 * @error: where to put an error
 *
 * Ends iommud_memory_map_file_async(). A call that failed has mapped nothing, unless the kernel
 * refuses to unmap what was mapped by then: #IommudMemory:mappings lists what is left.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that is empty, not aligned or past the end,
 * for a file of another kind or one that is not open or sealed as it must be, and if the file was
 * made shorter during the call; %IOMMUD_ERROR_EXISTS if something is mapped there already;
 * %IOMMUD_ERROR_ADDRESS_IN_USE if an attached device reserves or cannot address those IOVAs;
 * %IOMMUD_ERROR_NO_SPACE if the kernel finds no room; %IOMMUD_ERROR_NO_MEMORY if memory or the
 * locked-memory limit is used up; %IOMMUD_ERROR_LIMITS_EXCEEDED if no file descriptor is left, and
 * if the container would have more than 64 TiB or 1048576 mappings; %IOMMUD_ERROR_NOT_FOUND if the
 * container is gone.
 *
 * Returns: whether the file was mapped
 */
gboolean
iommud_memory_map_file_finish (IommudMemory *self, GAsyncResult *result, guint64 *mapped_iova,
                               GError **error)
{
  return iommud_mapping_job_finish (self, result, mapped_iova, error);
}

/**
 * iommud_memory_map_file:
 * @self: the memory of a container
 * @file: the descriptor of a memfd, or of a regular file on tmpfs or hugetlbfs
 * @offset: where the part to map begins in the file, in bytes
 * @length: how much to map, in bytes
 * @iova: where to map it; ignored if it is not fixed
 * @options: (nullable): how to map it; %NULL: readable, writable and fixed
 * @cancellable: (nullable): cancels the call
 * @mapped_iova: (out) (optional): where it is mapped
 * @error: where to put an error
 *
 * iommud_memory_map_file_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the file was mapped
 */
gboolean
iommud_memory_map_file (IommudMemory *self, int file, guint64 offset, guint64 length, guint64 iova,
                        IommudMapOptions *options, GCancellable *cancellable, guint64 *mapped_iova,
                        GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_MEMORY (self), FALSE);
  iommud_sync_begin (&sync, iommud_operation_get_main_context (iommud_memory_get_container (self)));
  iommud_memory_map_file_async (self, file, offset, length, iova, options, cancellable,
                                iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_memory_map_file_finish (self, result, mapped_iova, error);
}
