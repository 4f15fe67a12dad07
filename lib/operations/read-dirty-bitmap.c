/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the dirty pages of a container: from its trackers into one bitmap. */
#include "config.h"

#include "iommud-container-dirty.h"

#include <unistd.h>

#include "model/container.h"
#include "dirty/bitmap.h"
#include "iommud-error.h"
#include "model/host.h"
#include "base/sync.h"

typedef struct
{
  int fd;
  guint64 dirty_pages;
} Result;

typedef struct
{
  IommudContainer *container;
  guint64 iova;
  guint64 length;
  guint64 page_size;
  gboolean no_clear;
  IommudTrackerChoice tracker;
  IommudKernelAccess access;
  IommudTrackers *trackers;
  IommudDirtyBitmap bitmap;
  Result *result; /* the task's */
  GError *error;
} Read;

static void
result_free (gpointer data)
{
  Result *self = data;

  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

static void
read_free (gpointer data)
{
  Read *self = data;

  g_clear_object (&self->container);
  iommud_kernel_access_clear (&self->access);
  iommud_dirty_bitmap_clear (&self->bitmap);
  g_clear_error (&self->error);
  g_free (self);
}

static char *
describe (IommudContainer *container, guint64 iova, guint64 length)
{
  return g_strdup_printf ("read the dirty bitmap of %#" G_GINT64_MODIFIER
                          "x bytes at IOVA %#" G_GINT64_MODIFIER "x of container %s",
                          length, iova, iommud_container_get_name (container));
}

static gboolean
plan_read (gpointer data, GError **error)
{
  Read *self = data;
  g_autofree char *what = describe (self->container, self->iova, self->length);

  if (!iommud_container_check_alive (self->container, what, error)
      || !iommud_container_check_tracking (self->container, what, error))
    return FALSE;
  self->trackers = iommud_container_prepare_trackers (self->container);
  iommud_container_fill_call (self->container, &self->access, g_steal_pointer (&what), NULL);
  return TRUE;
}

/* What was taken for it goes to the next one. */
static void
take_back (Read *self)
{
  if (self->no_clear)
    return;
  if (self->bitmap.bits.words != NULL)
    iommud_trackers_save (self->trackers, self->tracker, &self->bitmap.bits);
  else
    iommud_trackers_mark_all (self->trackers, self->tracker);
}

static void
perform_read (gpointer data)
{
  Read *self = data;

  if (!iommud_dirty_bitmap_open (&self->bitmap, self->iova, self->length, self->page_size,
                                 self->access.what, &self->error)
      || !iommud_trackers_read (self->trackers, &self->access, self->tracker, self->no_clear,
                                &self->bitmap.bits, &self->error))
    return;
  if (!iommud_dirty_bitmap_seal (&self->bitmap, &self->result->dirty_pages, self->access.what,
                                 &self->error))
    take_back (self);
}

static gpointer
publish_read (gpointer data, GError **error)
{
  Read *self = data;

  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else
    self->result->fd = iommud_dirty_bitmap_steal_fd (&self->bitmap);
  return NULL;
}

static const IommudOperation read_operation = {
  .plan = plan_read,
  .perform = perform_read,
  .publish = publish_read,
  .free = read_free,
};

/* @data and @task are taken. */
static void
submit (Read *data, GTask *task)
{
  g_autofree char *what = describe (data->container, data->iova, data->length);
  GError *error = NULL;

  data->bitmap.fd = -1;
  data->result = g_new0 (Result, 1);
  data->result->fd = -1;
  g_task_set_task_data (task, data->result, result_free);
  if (iommud_container_check_alive (data->container, what, &error)
      && iommud_dirty_bitmap_check (data->iova, data->length, data->page_size, what, &error))
    {
      iommud_context_submit (iommud_container_get_context (data->container), &read_operation, data,
                             NULL, task);
      return;
    }
  read_free (data);
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * iommud_container_read_dirty_bitmap_async:
 * @self: a container
 * @iova: where the range begins, a multiple of @page_size
 * @length: its length in bytes, a multiple of @page_size
 * @page_size: how much a bit stands for, in bytes: a power of two, 512 or more. Trackers record
 *   pages of 4096 bytes or more; what they report is converted
 * @no_clear: leave the pages dirty for the next read
 * @tracker: whose bits to read: those of all trackers, of devices' own logs or of IOMMUs
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Reads which pages of a range devices have dirtied since they were last read, joined from all
 * trackers. Pages that a device which has left since had dirtied are among them; where its tracker
 * could not be read, all that it could write to. What is not mapped is clean.
 */
void
iommud_container_read_dirty_bitmap_async (IommudContainer *self, guint64 iova, guint64 length,
                                          guint64 page_size, gboolean no_clear,
                                          IommudTrackerChoice tracker, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data)
{
  Read *data;

  g_return_if_fail (IOMMUD_IS_CONTAINER (self));

  data = g_new0 (Read, 1);
  data->container = g_object_ref (self);
  data->iova = iova;
  data->length = length;
  data->page_size = page_size;
  data->no_clear = no_clear;
  data->tracker = tracker;
  submit (data, iommud_task_new (self, iommud_container_read_dirty_bitmap_async, cancellable,
                                 callback, user_data));
}

/**
 * iommud_container_read_dirty_bitmap_finish:
 * @self: a container
 * @result: what the callback was given
 * @dirty_pages: (out) (optional): how many bits are set
 * @error: where to put an error
 *
 * Ends iommud_container_read_dirty_bitmap_async().
 *
 * The bitmap is a memfd, sealed against any change, of 64-bit words in the machine's order, little
 * endian on all machines that have an IOMMU of today: bit n of word m stands for page 64 m + n of
 * the range. The bits behind the last page are clear.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT where dirty tracking is not active, for a range that is
 * empty, not aligned or beyond the last address, and for a page size that is no power of two or too
 * small; %IOMMUD_ERROR_LIMITS_EXCEEDED for a bitmap of more than 128 MiB, and where no file
 * descriptor is left; %IOMMUD_ERROR_NO_MEMORY; %IOMMUD_ERROR_NOT_FOUND where the container is gone;
 * and the error of a tracker that could not be read. A call that fails forgets no dirty page.
 *
 * Returns: the file descriptor of the bitmap, the caller's to close; -1 on failure
 */
int
iommud_container_read_dirty_bitmap_finish (IommudContainer *self, GAsyncResult *result,
                                           guint64 *dirty_pages, GError **error)
{
  Result *data;
  int fd;

  if (!iommud_task_finish_boolean (self, result, error))
    return -1;
  data = g_task_get_task_data (G_TASK (result));
  fd = data->fd;
  data->fd = -1;
  if (dirty_pages != NULL)
    *dirty_pages = data->dirty_pages;
  return fd;
}

/**
 * iommud_container_read_dirty_bitmap:
 * @self: a container
 * @iova: where the range begins, a multiple of @page_size
 * @length: its length in bytes, a multiple of @page_size
 * @page_size: how much a bit stands for, in bytes: a power of two, 512 or more
 * @no_clear: leave the pages dirty for the next read
 * @tracker: whose bits to read
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @dirty_pages: (out) (optional): how many bits are set
 * @error: where to put an error
 *
 * iommud_container_read_dirty_bitmap_async() that waits, running the host's main context meanwhile.
 *
 * Returns: the file descriptor of the bitmap, the caller's to close; -1 on failure
 */
int
iommud_container_read_dirty_bitmap (IommudContainer *self, guint64 iova, guint64 length,
                                    guint64 page_size, gboolean no_clear,
                                    IommudTrackerChoice tracker, GCancellable *cancellable,
                                    guint64 *dirty_pages, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_CONTAINER (self), -1);
  iommud_sync_begin (&sync, iommud_host_get_main_context (iommud_container_get_host (self)));
  iommud_container_read_dirty_bitmap_async (self, iova, length, page_size, no_clear, tracker,
                                            cancellable, iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_container_read_dirty_bitmap_finish (self, result, dirty_pages, error);
}
