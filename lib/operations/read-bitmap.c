/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the dirty pages of a container: from its trackers into one bitmap. */
#include "model/container.h"
#include "model/options.h"
#include "base/sync.h"
#include "operations/give-back-bitmap.h"
#include "operations/operation.h"
#include "perform/read-bitmap.h"

typedef struct
{
  IommudContainer *container;
  IommudReadBitmapPlan plan;
  IommudDelivery *delivery; /* the task's */
} Read;

static void
read_free (gpointer data)
{
  Read *self = data;

  g_clear_object (&self->container);
  iommud_read_bitmap_plan_clear (&self->plan);
  g_free (self);
}

static char *
describe (IommudContainer *container, guint64 iova, guint64 length)
{
  return g_strdup_printf ("read the dirty bitmap of %#" G_GINT64_MODIFIER
                          "x bytes at IOVA %#" G_GINT64_MODIFIER "x of container %s",
                          length, iova, iommud_container_get_name (container));
}

static gpointer
plan_read (gpointer data, GError **error)
{
  Read *self = data;
  IommudDirtyTracking *tracking = iommud_container_get_dirty_tracking (self->container);
  g_autofree char *what = describe (self->container, self->plan.iova, self->plan.length);

  if (!iommud_container_check_alive (self->container, what, error)
      || !iommud_dirty_tracking_check_active (tracking, what, error))
    return NULL;
  iommud_operation_fill_access (&self->plan.access, self->container, g_steal_pointer (&what), NULL);
  self->plan.trackers = iommud_container_lend_trackers (self->container);
  return &self->plan;
}

static gpointer
publish_read (gpointer data, GError **error)
{
  Read *self = data;

  iommud_dirty_tracking_return (iommud_container_get_dirty_tracking (self->container));
  if (self->plan.error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->plan.error));
      return NULL;
    }
  iommud_delivery_set (self->delivery, &self->plan.bitmap, self->plan.dirty_pages);
  return NULL;
}

/* The kernel forgets what it reports: after a read that was interrupted, only its intent says that
 * its range counts as dirty. */
static GVariant *
intend (gpointer data)
{
  const Read *self = data;

  return iommud_operation_intend_range ("read-bitmap", self->container, self->plan.iova,
                                        self->plan.length);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((Read *) data)->container, IOMMUD_WRITE_DOWN_TRACKING);
}

static const IommudOperation read_operation = {
  .plan = plan_read,
  .perform = (void (*) (gpointer)) iommud_read_bitmap_plan_perform,
  .publish = publish_read,
  .free = read_free,
  .intent = intend,
  .fact = report,
};

static Read *
read_new (IommudContainer *container, guint64 iova, guint64 length, guint64 page_size,
          IommudReadOptions *options)
{
  g_autoptr (IommudReadOptions) copy = iommud_read_options_copy (options);
  Read *self = g_new0 (Read, 1);

  self->container = g_object_ref (container);
  self->plan.iova = iova;
  self->plan.length = length;
  self->plan.page_size = page_size;
  self->plan.no_clear = copy->no_clear;
  self->plan.tracker = copy->tracker;
  self->plan.bitmap.fd = -1;
  self->delivery = iommud_delivery_new (container, copy->tracker, copy->no_clear);
  return self;
}

static gboolean
check_call (const Read *self, GError **error)
{
  const IommudReadBitmapPlan *plan = &self->plan;
  g_autofree char *what = describe (self->container, plan->iova, plan->length);

  return iommud_container_check_alive (self->container, what, error)
         && iommud_dirty_bitmap_check (plan->iova, plan->length, plan->page_size, what, error);
}

/**
 * iommud_dirty_tracking_read_bitmap_async:
 * @self: the dirty tracking of a container
 * @iova: where the range begins, a multiple of @page_size
 * @length: its length in bytes, a multiple of @page_size
 * @page_size: how much a bit stands for, in bytes: a power of two, 512 or more. Trackers record
 *   pages of 4096 bytes or more; what they report is converted
 * @options: (nullable): how to read it; %NULL: all trackers are read, and the pages are clean
 *   afterwards
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @callback: called when it has ended
 * @user_data: for @callback
 *
 * Reads which pages of a range devices have dirtied since the pages were last read; what all
 * trackers have recorded is joined. Pages that a departed device had dirtied are among them; if its
 * tracker could not be read, these are all pages that the device could write to. Pages that are not
 * mapped are clean.
 *
 * If @callback does not call iommud_dirty_tracking_read_bitmap_finish(), the pages stay dirty for
 * the next read; iommud_dirty_tracking_give_back_bitmap() does the same afterwards. A call that is
 * cancelled after its turn has come ends as if it were not.
 */
void
iommud_dirty_tracking_read_bitmap_async (IommudDirtyTracking *self, guint64 iova, guint64 length,
                                         guint64 page_size, IommudReadOptions *options,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  Read *data;

  g_return_if_fail (IOMMUD_IS_DIRTY_TRACKING (self));

  task = iommud_task_new (self, iommud_dirty_tracking_read_bitmap_async, cancellable, callback,
                          user_data);
  if (!iommud_operation_has_container (iommud_dirty_tracking_get_container (self), task))
    return;
  data = read_new (iommud_dirty_tracking_get_container (self), iova, length, page_size, options);
  g_task_set_task_data (task, data->delivery, iommud_delivery_free);
  if (check_call (data, &error))
    {
      iommud_operation_submit (data->container, &read_operation, data, g_steal_pointer (&task));
      return;
    }
  read_free (data);
  g_task_return_error (task, error);
}

/**
 * iommud_dirty_tracking_read_bitmap_finish:
 * @self: the dirty tracking of a container
 * @result: what the callback was given
 * @dirty_pages: (out) (optional): how many bits are set
 * @error: where to put an error
 *
 * Ends iommud_dirty_tracking_read_bitmap_async().
 *
 * The bitmap is a memfd, sealed against any change. It consists of 64-bit words in the byte order
 * of the machine, which is little endian on all present machines that have an IOMMU. Bit n of word
 * m stands for page 64 m + n of the range. The bits behind the last page are clear.
 *
 * Errors: %IOMMUD_ERROR_INVALID_ARGUMENT if dirty tracking is not active, for a range that is
 * empty, not aligned or beyond the last address, and for a page size that is no power of two or too
 * small; %IOMMUD_ERROR_LIMITS_EXCEEDED for a bitmap of more than 128 MiB, and if no file descriptor
 * is left; %IOMMUD_ERROR_NO_MEMORY; %IOMMUD_ERROR_NOT_FOUND if the container is gone; and the error
 * of a tracker that could not be read. A call that fails forgets no dirty page.
 *
 * Returns: the file descriptor of the bitmap, which the caller has to close; -1 on failure
 */
int
iommud_dirty_tracking_read_bitmap_finish (IommudDirtyTracking *self, GAsyncResult *result,
                                          guint64 *dirty_pages, GError **error)
{
  IommudDelivery *delivery;

  if (!iommud_task_finish_boolean (self, result, error))
    return -1;
  delivery = g_task_get_task_data (G_TASK (result));
  if (dirty_pages != NULL)
    *dirty_pages = delivery->dirty_pages;
  return iommud_delivery_take (delivery);
}

/**
 * iommud_dirty_tracking_read_bitmap:
 * @self: the dirty tracking of a container
 * @iova: where the range begins, a multiple of @page_size
 * @length: its length in bytes, a multiple of @page_size
 * @page_size: how much a bit stands for, in bytes: a power of two, 512 or more
 * @options: (nullable): how to read it
 * @cancellable: (nullable): cancels the call while it waits for its turn
 * @dirty_pages: (out) (optional): how many bits are set
 * @error: where to put an error
 *
 * iommud_dirty_tracking_read_bitmap_async() that waits, running the host's main context meanwhile.
 *
 * Returns: the file descriptor of the bitmap, which the caller has to close; -1 on failure
 */
int
iommud_dirty_tracking_read_bitmap (IommudDirtyTracking *self, guint64 iova, guint64 length,
                                   guint64 page_size, IommudReadOptions *options,
                                   GCancellable *cancellable, guint64 *dirty_pages, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  IommudSync sync;

  g_return_val_if_fail (IOMMUD_IS_DIRTY_TRACKING (self), -1);
  iommud_sync_begin (
      &sync, iommud_operation_get_main_context (iommud_dirty_tracking_get_container (self)));
  iommud_dirty_tracking_read_bitmap_async (self, iova, length, page_size, options, cancellable,
                                           iommud_sync_ready, &sync);
  result = iommud_sync_end (&sync);
  return iommud_dirty_tracking_read_bitmap_finish (self, result, dirty_pages, error);
}
