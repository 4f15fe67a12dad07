/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping a part of a file in a container: from the model to a map plan and back. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>

#include "iommud-client-file.h"
#include "iommud-container-mapping.h"
#include "iommud-container-private.h"
#include "iommud-error-private.h"
#include "iommud-host-private.h"
#include "iommud-map.h"
#include "iommud-mapping-check.h"
#include "iommud-sync.h"

#define HEX "%#" G_GINT64_MODIFIER "x"

typedef struct
{
  IommudContainer *container;
  GCancellable *cancellable;
  IommudMapPlan *plan;
  guint64 published; /* how much of it the container lists */
  guint64 *result;   /* the task's */
} Map;

static void
map_free (gpointer data)
{
  Map *self = data;

  iommud_container_release_mappings (self->container, self);
  g_clear_object (&self->container);
  g_clear_object (&self->cancellable);
  iommud_map_plan_free (self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container, guint64 length, guint64 iova, IommudMapFlags flags)
{
  if ((flags & IOMMUD_MAP_FLAGS_FIXED) == 0)
    return g_strdup_printf ("map " HEX " bytes in container %s", length,
                            iommud_container_get_name (container));
  return g_strdup_printf ("map " HEX " bytes at IOVA " HEX " in container %s", length, iova,
                          iommud_container_get_name (container));
}

static gboolean
check_room (Map *self, const char *what, GError **error)
{
  if ((self->plan->flags & IOMMUD_MAP_FLAGS_FIXED) == 0)
    return TRUE;
  return iommud_mapping_check_room (iommud_container_get_mappings (self->container),
                                    iommud_container_get_space (self->container), self->plan->iova,
                                    self->plan->length, what, error);
}

static gboolean
plan_first_turn (Map *self, GError **error)
{
  IommudMapPlan *plan = self->plan;
  g_autofree char *what = describe (self->container, plan->length, plan->iova, plan->flags);

  if (!iommud_container_check_alive (self->container, what, error)
      || !check_room (self, what, error))
    return FALSE;
  iommud_container_hold_mappings (self->container, self);
  iommud_container_fill_call (self->container, &plan->call, g_steal_pointer (&what), NULL);
  plan->ioas_id = iommud_container_get_ioas_id (self->container);
  return TRUE;
}

static gboolean
plan_map (gpointer data, GError **error)
{
  Map *self = data;
  IommudMapPlan *plan = self->plan;

  if (plan->done == 0)
    return plan_first_turn (self, error);
  if (plan->error == NULL)
    g_cancellable_set_error_if_cancelled (self->cancellable, &plan->error);
  plan->undo = plan->error != NULL;
  return TRUE;
}

static void
perform_map (gpointer data)
{
  iommud_map_plan_perform (((Map *) data)->plan);
}

/* Its file is the plan's as long as the plan may have to undo it. */
static void
publish_progress (Map *self)
{
  const IommudMapPlan *plan = self->plan;
  IommudMapping mapping = {
    .iova = plan->iova,
    .length = plan->done,
    .file_offset = plan->offset,
    .flags = plan->flags & ~(guint) IOMMUD_MAP_FLAGS_FIXED,
    .first_piece = iommud_map_first_piece (plan->iova, plan->length, plan->flags),
    .piece = IOMMUD_MAP_PIECE,
  };

  if (plan->done == self->published)
    return;
  if (self->published == 0)
    iommud_container_add_mapping (self->container, &mapping);
  else
    iommud_container_resize_mapping (self->container, plan->iova, plan->done);
  self->published = plan->done;
}

static gpointer
publish_map (gpointer data, GError **error)
{
  Map *self = data;
  IommudMapPlan *plan = self->plan;

  g_object_freeze_notify (G_OBJECT (self->container));
  publish_progress (self);
  g_object_thaw_notify (G_OBJECT (self->container));
  if (!iommud_map_plan_has_ended (plan))
    return NULL;
  if (plan->done > 0)
    iommud_mapping_table_set_file (iommud_container_get_mappings (self->container), plan->iova,
                                   plan->mapped);
  if (plan->error != NULL)
    g_propagate_error (error, g_steal_pointer (&plan->error));
  else
    *self->result = plan->iova;
  return NULL;
}

static gboolean
goes_on (gpointer data)
{
  return !iommud_map_plan_has_ended (((Map *) data)->plan);
}

static gboolean
must_wait (gpointer data)
{
  return iommud_container_mappings_are_held (((Map *) data)->container, data);
}

static const IommudOperation map_operation = {
  .plan = plan_map,
  .perform = perform_map,
  .publish = publish_map,
  .free = map_free,
  .goes_on = goes_on,
  .must_wait = must_wait,
};

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
check_call (IommudContainer *self, int file, guint64 offset, guint64 length, guint64 iova,
            IommudMapFlags flags, int *copy, GError **error)
{
  g_autofree char *what = describe (self, length, iova, flags);

  return iommud_container_check_alive (self, what, error)
         && iommud_mapping_check_arguments (iova, length, flags, what, error)
         && iommud_client_file_check (file, offset, length, flags, what, error)
         && dup_file (file, what, copy, error);
}

/**
 * iommud_container_map_file_async:
 * @self: a container
 * @file: the descriptor of a memfd, or of a regular file on tmpfs or hugetlbfs; it stays the
 *   caller's, who may close it at once
 * @offset: where the part to map begins in the file, in bytes: a multiple of its page size
 * @length: how much to map, in bytes: a multiple of its page size
 * @iova: with %IOMMUD_MAP_FLAGS_FIXED, where to map it: a multiple of the page size; else ignored
 * @flags: at least one of %IOMMUD_MAP_FLAGS_READABLE and %IOMMUD_MAP_FLAGS_WRITABLE
 * @cancellable: (nullable): cancels the call; what is mapped then is taken back
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Maps a part of a file, so that the devices of the container can access it by DMA.
 *
 * A long mapping at a fixed IOVA is made piece by piece. #IommudContainer:mapped-bytes grows
 * meanwhile, and other operations of the container that do not change mappings have their turns.
 */
void
iommud_container_map_file_async (IommudContainer *self, int file, guint64 offset, guint64 length,
                                 guint64 iova, IommudMapFlags flags, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  int copy = -1;
  Map *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  task = iommud_task_new (self, iommud_container_map_file_async, cancellable, callback, user_data);
  if (!check_call (self, file, offset, length, iova, flags, &copy, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  data = g_new0 (Map, 1);
  data->container = g_object_ref (self);
  g_set_object (&data->cancellable, cancellable);
  data->result = g_new0 (guint64, 1);
  g_task_set_task_data (task, data->result, g_free);
  data->plan = iommud_map_plan_new ();
  data->plan->file = copy;
  data->plan->offset = offset;
  data->plan->length = length;
  data->plan->iova = (flags & IOMMUD_MAP_FLAGS_FIXED) != 0 ? iova : 0;
  data->plan->flags = flags;
  iommud_context_submit (iommud_container_get_context (self), &map_operation, data, NULL,
                         g_steal_pointer (&task));
}

/**
 * iommud_container_map_file_finish:
 * @self: a container
 * @result: what the callback was given
 * @iova: (out) (optional): where it is mapped
 * @error: where to put an error
 *
 * Ends iommud_container_map_file_async(). A call that failed has mapped nothing; should the kernel
 * refuse to take back what was mapped until then, the container lists it.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT for a range that is empty, not aligned or past the end,
 * and for a file of another kind or one that is not open or sealed as it must be, and where the
 * file was made shorter; %IOMMUD_ERROR_EXISTS where something is mapped there already;
 * %IOMMUD_ERROR_ADDRESS_IN_USE where an attached device reserves or cannot address those IOVAs;
 * %IOMMUD_ERROR_NO_SPACE where the kernel finds no room; %IOMMUD_ERROR_NO_MEMORY where memory or
 * the locked-memory limit is used up; %IOMMUD_ERROR_LIMITS_EXCEEDED where no file descriptor is
 * left; %IOMMUD_ERROR_NOT_FOUND where the container is gone.
 *
 * Returns: whether the file was mapped
 */
gboolean
iommud_container_map_file_finish (IommudContainer *self, GAsyncResult *result, guint64 *iova,
                                  GError **error)
{
  if (!iommud_task_finish_boolean (self, result, error))
    return FALSE;
  if (iova != NULL)
    *iova = *(guint64 *) g_task_get_task_data (G_TASK (result));
  return TRUE;
}

/**
 * iommud_container_map_file:
 * @self: a container
 * @file: the descriptor of a memfd, or of a regular file on tmpfs or hugetlbfs
 * @offset: where the part to map begins in the file, in bytes
 * @length: how much to map, in bytes
 * @iova: with %IOMMUD_MAP_FLAGS_FIXED, where to map it
 * @flags: at least one of %IOMMUD_MAP_FLAGS_READABLE and %IOMMUD_MAP_FLAGS_WRITABLE
 * @cancellable: (nullable): cancels the call
 * @mapped_iova: (out) (optional): where it is mapped
 * @error: where to put an error
 *
 * iommud_container_map_file_async() that waits, running the host's main context meanwhile.
 *
 * Returns: whether the file was mapped
 */
gboolean
iommud_container_map_file (IommudContainer *self, int file, guint64 offset, guint64 length,
                           guint64 iova, IommudMapFlags flags, GCancellable *cancellable,
                           guint64 *mapped_iova, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), FALSE);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_map_file_async (self, file, offset, length, iova, flags, cancellable,
                                   iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_map_file_finish (self, result, mapped_iova, error);
}
