/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping a part of a file: the kernel's side, a piece at a turn. */
#include "iommud-map.h"

#include "iommud-mapping-check.h"

#include <unistd.h>

IommudMapPlan *
iommud_map_plan_new (void)
{
  IommudMapPlan *self = g_new0 (IommudMapPlan, 1);

  self->file = -1;
  return self;
}

static void
close_file (IommudMapPlan *self)
{
  if (self->file >= 0)
    close (self->file);
  self->file = -1;
}

void
iommud_map_plan_free (IommudMapPlan *self)
{
  iommud_kernel_call_clear (&self->call);
  close_file (self);
  g_clear_pointer (&self->mapped, iommud_mapped_file_unref);
  g_clear_error (&self->error);
  g_free (self);
}

guint64
iommud_map_first_piece (guint64 iova, guint64 length, IommudMapFlags flags)
{
  if ((flags & IOMMUD_MAP_FLAGS_FIXED) == 0)
    return length;
  return MIN (length, IOMMUD_MAP_PIECE - iova % IOMMUD_MAP_PIECE);
}

/* The mapping keeps the file alive. */
static gboolean
map_into_process (IommudMapPlan *self)
{
  int errnum;

  if (self->mapped != NULL)
    return TRUE;
  errnum = iommud_mapped_file_new (self->call.syscalls, self->file, self->offset, self->length,
                                   (self->flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0, &self->mapped);
  close_file (self);
  if (errnum != 0)
    iommud_mapping_set_error (&self->call, "mmap of the file", errnum, &self->error);
  return errnum == 0;
}

static void
map_piece (IommudMapPlan *self)
{
  guint64 iova = self->iova + self->done;
  guint64 length = iommud_map_first_piece (iova, self->length - self->done, self->flags);
  int errnum = iommud_iommufd_ioas_map (self->call.syscalls, self->call.iommufd, self->ioas_id,
                                        iommud_map_flags_to_kernel (self->flags),
                                        iommud_mapped_file_get_address (self->mapped) + self->done,
                                        length, &iova);

  if (errnum != 0)
    {
      iommud_mapping_set_error (&self->call, "IOMMU_IOAS_MAP", errnum, &self->error);
      return;
    }
  if (self->done == 0)
    self->iova = iova;
  self->done += length;
}

/* From the end, so that what is left is one range. */
static void
unmap_piece (IommudMapPlan *self)
{
  guint64 last = self->iova + (self->done - 1);
  guint64 length = (self->flags & IOMMUD_MAP_FLAGS_FIXED) == 0
                       ? self->done
                       : MIN (self->done, last % IOMMUD_MAP_PIECE + 1);
  int errnum = iommud_iommufd_ioas_unmap (self->call.syscalls, self->call.iommufd, self->ioas_id,
                                          last - (length - 1), length);

  if (errnum == 0)
    {
      self->done -= length;
      return;
    }
  g_message ("%s: IOMMU_IOAS_UNMAP of what was mapped before it failed: %s; it stays mapped",
             self->call.what, g_strerror (errnum));
  self->stuck = TRUE;
}

void
iommud_map_plan_perform (IommudMapPlan *self)
{
  if (self->undo)
    unmap_piece (self);
  else if (map_into_process (self))
    map_piece (self);
  if (self->done == 0)
    g_clear_pointer (&self->mapped, iommud_mapped_file_unref);
}

gboolean
iommud_map_plan_has_ended (const IommudMapPlan *self)
{
  if (self->error != NULL)
    return self->done == 0 || self->stuck;
  return self->done == self->length;
}
