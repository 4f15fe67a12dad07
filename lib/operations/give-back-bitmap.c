/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bitmap on its way to its reader: if it does not arrive, its pages are saved for the next read.
 */
#include "operations/give-back-bitmap.h"

#include <unistd.h>

#include "model/host.h"
#include "operations/operation.h"
#include "perform/give-back-bitmap.h"

typedef struct
{
  IommudContainer *container;
  IommudGiveBackBitmapPlan plan;
  IommudJournal *journal; /* of the delivery */
  guint64 number;
} GiveBack;

/* Until it has arrived, the journal knows of a bitmap: should the process end, its pages are dirty
 * in the next life. */
static void
note_departure (IommudDelivery *self)
{
  IommudHost *host = iommud_container_get_host (self->container);
  const IommudDirtyBits *bits = &self->bitmap.bits;

  self->journal = host != NULL ? iommud_host_get_journal (host) : NULL;
  if (self->journal != NULL && !self->keep && self->dirty_pages > 0)
    self->number = iommud_journal_add_intent (
        self->journal,
        iommud_operation_intend_range ("deliver-bitmap", self->container, bits->iova,
                                       iommud_dirty_bits_get_last (bits) - bits->iova + 1));
}

static void
note_arrival (IommudContainer *container, const IommudJournal *journal, guint64 number)
{
  IommudHost *host = iommud_container_get_host (container);

  if (host != NULL && iommud_host_get_journal (host) == journal)
    iommud_operation_close_intent (host, number);
}

static void
give_back_free (gpointer data)
{
  GiveBack *self = data;

  note_arrival (self->container, self->journal, self->number);
  iommud_give_back_bitmap_plan_clear (&self->plan);
  g_clear_object (&self->container);
  g_free (self);
}

/* If tracking was stopped meanwhile, no read will ask for the pages. */
static gpointer
plan_give_back (gpointer data, GError **error)
{
  GiveBack *self = data;

  if (!iommud_container_check_alive (self->container, "save dirty pages", error)
      || !iommud_dirty_tracking_check_active (iommud_container_get_dirty_tracking (self->container),
                                              "save dirty pages", error))
    return NULL;
  self->plan.trackers = iommud_container_lend_trackers (self->container);
  return &self->plan;
}

static gpointer
publish_give_back (gpointer data, GError **error)
{
  iommud_dirty_tracking_return (
      iommud_container_get_dirty_tracking (((GiveBack *) data)->container));
  return NULL;
}

/* No read may begin before. */
static gboolean
is_urgent (gpointer data)
{
  return TRUE;
}

static GVariant *
intend (gpointer data)
{
  const GiveBack *self = data;
  const IommudDirtyBits *bits = &self->plan.bitmap.bits;

  return iommud_operation_intend_range ("give-back-bitmap", self->container, bits->iova,
                                        iommud_dirty_bits_get_last (bits) - bits->iova + 1);
}

static GVariant *
report (gpointer data)
{
  return iommud_operation_report (((GiveBack *) data)->container, IOMMUD_WRITE_DOWN_TRACKING);
}

static const IommudOperation give_back_operation = {
  .plan = plan_give_back,
  .perform = (void (*) (gpointer)) iommud_give_back_bitmap_plan_perform,
  .publish = publish_give_back,
  .free = give_back_free,
  .is_urgent = is_urgent,
  .intent = intend,
  .fact = report,
};

IommudDelivery *
iommud_delivery_new (IommudContainer *container, IommudTrackerChoice tracker, gboolean keep)
{
  IommudDelivery *self = g_new0 (IommudDelivery, 1);

  self->container = g_object_ref (container);
  self->tracker = tracker;
  self->keep = keep;
  self->bitmap.fd = -1;
  return self;
}

void
iommud_delivery_set (IommudDelivery *self, IommudDirtyBitmap *bitmap, guint64 dirty_pages)
{
  self->bitmap = *bitmap;
  self->bitmap.fd = iommud_dirty_bitmap_steal_fd (bitmap);
  self->dirty_pages = dirty_pages;
  note_departure (self);
}

int
iommud_delivery_take (IommudDelivery *self)
{
  return iommud_dirty_bitmap_steal_fd (&self->bitmap);
}

static void
give_back (IommudDelivery *self)
{
  GiveBack *data = g_new0 (GiveBack, 1);

  data->container = g_object_ref (self->container);
  data->plan.tracker = self->tracker;
  data->plan.bitmap = self->bitmap;
  data->plan.bitmap.fd = iommud_dirty_bitmap_steal_fd (&self->bitmap);
  data->journal = self->journal;
  data->number = self->number;
  self->number = 0;
  iommud_operation_submit (self->container, &give_back_operation, data, NULL);
}

void
iommud_delivery_free (gpointer data)
{
  IommudDelivery *self = data;

  if (self->bitmap.fd >= 0 && !self->keep && self->dirty_pages > 0
      && iommud_container_check_alive (self->container, "save dirty pages", NULL))
    give_back (self);
  note_arrival (self->container, self->journal, self->number);
  iommud_dirty_bitmap_clear (&self->bitmap);
  g_object_unref (self->container);
  g_free (self);
}

/**
 * iommud_dirty_tracking_give_back_bitmap:
 * @self: the dirty tracking of a container
 * @result: what the callback was given
 * @bitmap: the bitmap that the finish function returned; it is closed
 *
 * Takes back a bitmap that could not be delivered to where it was to go: that of
 * iommud_dirty_tracking_read_bitmap_async() or iommud_dirty_tracking_unmap_and_read_bitmap_async().
 * When the last reference to @result is dropped, its pages are dirty again for the next read. The
 * same happens by itself if the callback does not call the finish function.
 */
void
iommud_dirty_tracking_give_back_bitmap (IommudDirtyTracking *self, GAsyncResult *result, int bitmap)
{
  IommudDelivery *delivery;

  g_return_if_fail (IOMMUD_IS_DIRTY_TRACKING (self));
  g_return_if_fail (g_task_is_valid (result, self));
  g_return_if_fail (bitmap >= 0);

  delivery = g_task_get_task_data (G_TASK (result));
  iommud_dirty_bitmap_clear (&delivery->bitmap);
  delivery->bitmap.fd = bitmap;
}
