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
mark_part (IommudUnmapAndReadPlan *self, const IommudIovaRange *part)
{
  for (guint i = 0; i < self->writable->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (self->writable, IommudIovaRange, i);
      guint64 first = MAX (range->first, part->first);
      guint64 last = MIN (range->last, part->last);

      if (first <= last)
        iommud_dirty_bits_mark (&self->bitmap.bits, first, last);
    }
}

static gboolean
read_part (IommudUnmapAndReadPlan *self, IommudTrackerChoice choice, const IommudIovaRange *part,
           GError **error)
{
  return iommud_trackers_read_part (self->trackers, get_access (self), choice, FALSE,
                                    &self->bitmap.bits, part->first, part->last, error);
}

static gboolean
read_in_peace (IommudUnmapAndReadPlan *self, const IommudIovaRange *part)
{
  g_autoptr (GError) error = NULL;

  if (!self->may_move || !iommud_twin_move_to (self->twin, get_access (self), &error)
      || !read_part (self, IOMMUD_TRACKER_CHOICE_IOMMU, part, &error))
    {
      if (error != NULL)
        g_message ("%s; all of the range counts as dirty", error->message);
      return FALSE;
    }
  return TRUE;
}

/* If the move did not succeed, the devices are moved back at once. If it fails, nothing may be
 * unmapped. */
static gboolean
read_hwpts (IommudUnmapAndReadPlan *self, const IommudIovaRange *part, GError **error)
{
  if (!self->any_hwpt)
    {
      self->exact = read_part (self, IOMMUD_TRACKER_CHOICE_IOMMU, part, error);
      return self->exact;
    }
  self->exact = read_in_peace (self, part);
  return self->exact || iommud_twin_move_back (self->twin, get_access (self), error);
}

/* The devices could write until now, so their logs are read after the unmap. */
static void
read_logs (IommudUnmapAndReadPlan *self, const IommudIovaRange *part)
{
  g_autoptr (GError) error = NULL;

  if (read_part (self, IOMMUD_TRACKER_CHOICE_DEVICE, part, &error))
    return;
  g_message ("%s; all of the range counts as dirty", error->message);
  mark_part (self, part);
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

/* Whether the bitmap is there. */
static gboolean
begin (IommudUnmapAndReadPlan *self, GError **error)
{
  if (self->begun)
    return TRUE;
  self->begun = iommud_dirty_bitmap_open (&self->bitmap, self->first, self->last - self->first + 1,
                                          self->page_size, get_access (self)->what, error);
  return self->begun;
}

/* A part is read and unmapped. If tracking was stopped between two turns, nothing has recorded the
 * rest. */
static void
take_turn (IommudUnmapAndReadPlan *self, GError **error)
{
  IommudIovaRange part = iommud_unmap_plan_get_next (self->unmap);
  gboolean tracked = iommud_trackers_is_complete (self->trackers);

  self->exact = FALSE;
  if (tracked && !read_hwpts (self, &part, error))
    return;
  iommud_unmap_plan_perform (self->unmap);
  if (self->exact)
    move_back (self, error);
  else
    mark_part (self, &part);
  if (tracked)
    read_logs (self, &part);
}

/* If not all of the range is unmapped, or the bitmap cannot be made, the dirty pages are saved for
 * the next read. */
static void
save_bits (IommudUnmapAndReadPlan *self)
{
  if (self->bitmap.bits.words != NULL)
    iommud_trackers_save (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO, &self->bitmap.bits);
  else
    iommud_trackers_mark_all (self->trackers, IOMMUD_TRACKER_CHOICE_AUTO);
  iommud_dirty_bitmap_clear (&self->bitmap);
}

/* Says what is unmapped although the call has failed. */
static void
prefix_error (const IommudUnmapAndReadPlan *self, GError **error)
{
  if (self->unmap->bytes > 0)
    g_prefix_error (error, "%s unmapped, and its dirty pages are kept for the next read. ",
                    self->unmap->done == self->unmap->mappings->len ? "The range was"
                                                                    : "A part of the range was");
}

static void
end (IommudUnmapAndReadPlan *self, GError **error)
{
  iommud_twin_end (self->twin, get_access (self));
  if (*error == NULL)
    {
      iommud_trackers_take_saved (self->trackers, &self->bitmap.bits);
      if (iommud_dirty_bitmap_seal (&self->bitmap, &self->dirty_pages, get_access (self)->what,
                                    error))
        return;
    }
  prefix_error (self, error);
  save_bits (self);
}

void
iommud_unmap_and_read_plan_perform (IommudUnmapAndReadPlan *self)
{
  IommudUnmapPlan *unmap = self->unmap;

  if (!begin (self, &unmap->error))
    return;
  if (unmap->error == NULL)
    take_turn (self, &unmap->error);
  if (iommud_unmap_plan_has_ended (unmap))
    end (self, &unmap->error);
}
