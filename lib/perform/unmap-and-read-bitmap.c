/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping a range together with its last dirty pages, none of them lost. For workers. */
#include "perform/unmap-and-read-bitmap.h"

#include "base/ranges.h"

IommudUnmapAndReadPlan *
iommud_unmap_and_read_plan_new (guint64 iova, guint64 length, guint64 page_size)
{
  IommudUnmapAndReadPlan *self = g_new0 (IommudUnmapAndReadPlan, 1);

  self->unmap = iommud_unmap_plan_new ();
  self->first = iova;
  self->last = iova + (length - 1);
  self->page_size = page_size;
  self->writable = iommud_ranges_new ();
  self->may_move = TRUE;
  self->bitmap.fd = -1;
  return self;
}

void
iommud_unmap_and_read_plan_free (IommudUnmapAndReadPlan *self)
{
  iommud_unmap_plan_free (self->unmap);
  g_clear_pointer (&self->twin, iommud_twin_free);
  g_array_unref (self->writable);
  iommud_dirty_bitmap_clear (&self->bitmap);
  g_free (self);
}

static const IommudKernelAccess *
get_access (const IommudUnmapAndReadPlan *self)
{
  return &self->unmap->access;
}

static void
mark_range (IommudUnmapAndReadPlan *self)
{
  for (guint i = 0; i < self->writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->writable, IommudIovaRange, i);

      iommud_dirty_bits_mark (&self->bitmap.bits, range->first, range->last);
    }
}

static gboolean
read_in_peace (IommudUnmapAndReadPlan *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->may_move || !iommud_twin_move_to (self->twin, get_access (self), &error)
      || !iommud_trackers_read (self->trackers, get_access (self), IOMMUD_TRACKER_CHOICE_IOMMU,
                                FALSE, &self->bitmap.bits, &error))
    {
      if (error != NULL)
        g_message ("%s; all of the range counts as dirty", error->message);
      return FALSE;
    }
  return TRUE;
}

/* If the move did not succeed, the devices are moved back at once. */
static gboolean
read_hwpts (IommudUnmapAndReadPlan *self, GError **error)
{
  if (!self->any_hwpt)
    {
      self->exact =
          iommud_trackers_read (self->trackers, get_access (self), IOMMUD_TRACKER_CHOICE_IOMMU,
                                FALSE, &self->bitmap.bits, error);
      return self->exact;
    }
  self->exact = read_in_peace (self);
  return self->exact || iommud_twin_move_back (self->twin, get_access (self), error);
}

/* If it fails, nothing may be unmapped. */
static gboolean
begin (IommudUnmapAndReadPlan *self, GError **error)
{
  if (!iommud_dirty_bitmap_open (&self->bitmap, self->first, self->last - self->first + 1,
                                 self->page_size, get_access (self)->what, error))
    return FALSE;
  if (read_hwpts (self, error))
    return TRUE;
  iommud_trackers_save (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO, &self->bitmap.bits);
  return FALSE;
}

/* The devices could write until now, so their logs are read after the unmap. */
static void
read_logs (IommudUnmapAndReadPlan *self)
{
  g_autoptr (GError) error = NULL;

  if (iommud_trackers_read (self->trackers, get_access (self), IOMMUD_TRACKER_CHOICE_DEVICE, FALSE,
                            &self->bitmap.bits, &error))
    return;
  g_message ("%s; all of the range counts as dirty", error->message);
  mark_range (self);
}

/* An earlier error is kept, and also says what became of the devices. */
static void
move_back (IommudUnmapAndReadPlan *self, GError **error)
{
  g_autoptr (GError) move_error = NULL;

  if (iommud_twin_move_back (self->twin, get_access (self), &move_error))
    return;
  if (*error == NULL)
    g_propagate_error (error, g_steal_pointer (&move_error));
  else
    g_prefix_error (error, "%s. ", move_error->message);
}

/* If not all of the range is unmapped, or the bitmap cannot be made, the dirty pages are saved for
 * the next read. */
static void
end (IommudUnmapAndReadPlan *self, GError **error)
{
  gboolean unmapped = *error == NULL;

  if (self->exact)
    move_back (self, error);
  else
    mark_range (self);
  read_logs (self);
  if (*error == NULL
      && iommud_dirty_bitmap_seal (&self->bitmap, &self->dirty_pages, get_access (self)->what,
                                   error))
    {
      iommud_trackers_forget_range (self->trackers, self->first, self->last);
      return;
    }
  if (unmapped)
    g_prefix_error (error,
                    "The range was unmapped, and its dirty pages are kept for the next read. ");
  if (self->bitmap.bits.words != NULL)
    iommud_trackers_save (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO, &self->bitmap.bits);
  else
    iommud_trackers_mark_all (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO);
  iommud_dirty_bitmap_clear (&self->bitmap);
}

void
iommud_unmap_and_read_plan_perform (IommudUnmapAndReadPlan *self)
{
  IommudUnmapPlan *unmap = self->unmap;

  if (!begin (self, &unmap->error))
    return;
  while (!iommud_unmap_plan_has_ended (unmap))
    iommud_unmap_plan_perform (unmap);
  end (self, &unmap->error);
}
