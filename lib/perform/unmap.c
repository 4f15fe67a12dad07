/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unmapping: the kernel's side, a part at a turn.
 *
 * IOAS_UNMAP of a range with several mappings can fail after some of them have gone, and does not
 * say which. So each call unmaps just one of the kernel's mappings, and what is mapped is always
 * known.
 */
#include "perform/unmap.h"

#include <errno.h>

#include "base/error.h"

static void
clear_mapping (gpointer mapping)
{
  g_clear_pointer (&((IommudMapping *) mapping)->file, iommud_mapped_file_unref);
}

IommudUnmapPlan *
iommud_unmap_plan_new (void)
{
  IommudUnmapPlan *self = g_new0 (IommudUnmapPlan, 1);

  self->mappings = g_array_new (FALSE, FALSE, sizeof (IommudMapping));
  g_array_set_clear_func (self->mappings, clear_mapping);
  return self;
}

void
iommud_unmap_plan_free (IommudUnmapPlan *self)
{
  iommud_kernel_access_clear (&self->access);
  g_array_unref (self->mappings);
  g_clear_error (&self->error);
  g_free (self);
}

static guint64
unmap_piece (IommudUnmapPlan *self)
{
  IommudMapping *mapping = &g_array_index (self->mappings, IommudMapping, self->done);
  guint64 start = iommud_mapping_get_last_piece (mapping);
  guint64 length = mapping->length - start;
  guint64 iova = mapping->iova + start;
  int errnum = iommud_iommufd_ioas_unmap (self->access.syscalls, self->access.iommufd,
                                          self->ioas_id, iova, length);

  if (errnum != 0)
    {
      iommud_error_set_from_errno (&self->error, -1, self->access.what, "IOMMU_IOAS_UNMAP", errnum,
                                   errnum == EBUSY ? "something still uses it" : NULL);
      return 0;
    }
  if (self->trackers != NULL)
    iommud_trackers_forget_range (self->trackers, iova, iova + (length - 1));
  mapping->length = start;
  self->bytes += length;
  if (start > 0)
    return length;
  /* The kernel no longer uses the file. */
  g_clear_pointer (&mapping->file, iommud_mapped_file_unref);
  self->done++;
  return length;
}

IommudIovaRange
iommud_unmap_plan_get_next (const IommudUnmapPlan *self)
{
  IommudIovaRange next = { .first = G_MAXUINT64 };
  guint64 bytes = 0;
  guint n_calls = 0;

  for (guint i = self->done; i < self->mappings->len; i++)
    {
      IommudMapping mapping = g_array_index (self->mappings, IommudMapping, i);
      guint64 end = mapping.length;

      for (;
           mapping.length > 0 && n_calls < IOMMUD_MAPPING_MAX_CALLS && bytes < IOMMUD_MAPPING_PIECE;
           n_calls++)
        {
          guint64 start = iommud_mapping_get_last_piece (&mapping);

          bytes += mapping.length - start;
          mapping.length = start;
        }
      if (mapping.length == end)
        break;
      next.first = MIN (next.first, mapping.iova + mapping.length);
      next.last = MAX (next.last, mapping.iova + (end - 1));
    }
  return next;
}

void
iommud_unmap_plan_perform (IommudUnmapPlan *self)
{
  guint64 bytes = 0;

  for (guint i = 0; i < IOMMUD_MAPPING_MAX_CALLS && bytes < IOMMUD_MAPPING_PIECE
                    && !iommud_unmap_plan_has_ended (self);
       i++)
    bytes += unmap_piece (self);
}

gboolean
iommud_unmap_plan_has_ended (const IommudUnmapPlan *self)
{
  return self->error != NULL || self->done == self->mappings->len;
}
