/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapping a file, or copying mappings: the kernel's side, a part at a turn. */
#include "perform/map.h"

#include "memory/mapping-check.h"

#include <errno.h>
#include <unistd.h>

static void
clear_part (gpointer part)
{
  g_clear_pointer (&((IommudMapPart *) part)->mapping.file, iommud_mapped_file_unref);
}

IommudMapPlan *
iommud_map_plan_new (void)
{
  IommudMapPlan *self = g_new0 (IommudMapPlan, 1);

  self->parts = g_array_new (FALSE, FALSE, sizeof (IommudMapPart));
  g_array_set_clear_func (self->parts, clear_part);
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
  close_file (self);
  g_array_unref (self->parts);
  g_clear_pointer (&self->files, iommud_mapped_files_unref);
  g_clear_pointer (&self->undo, iommud_unmap_plan_free);
  iommud_kernel_access_clear (&self->access);
  g_clear_error (&self->error);
  g_free (self);
}

void
iommud_map_plan_add (IommudMapPlan *self, const IommudMapPart *part)
{
  if (part->mapping.file != NULL)
    iommud_mapped_file_ref (part->mapping.file);
  g_array_append_val (self->parts, *part);
  self->length += part->length;
}

IommudMapPart *
iommud_map_plan_get_part (const IommudMapPlan *self, guint index)
{
  return &g_array_index (self->parts, IommudMapPart, index);
}

/* If the kernel does not take the file itself, its part has to stay mapped in this process until
 * UNMAP: without a HWPT, MAP remembers only the address. */
static int
map_memory (IommudMapPlan *self, IommudMapPart *part, guint64 length, guint64 *iova)
{
  const IommudMapping *mapping = &part->mapping;

  if (mapping->file == NULL
      && !iommud_mapped_file_new (self->files, &self->access, self->container, self->file,
                                  mapping->file_offset, self->length, mapping->memory_is_writable,
                                  &part->mapping.file, &self->error))
    return 0;
  part->mapping.by_address = TRUE;
  return iommud_iommufd_ioas_map (self->access.syscalls, self->access.iommufd, self->ioas_id,
                                  iommud_map_flags_to_kernel (self->flags),
                                  iommud_mapped_file_get_address (mapping->file) + mapping->length,
                                  length, iova);
}

static int
map_file (IommudMapPlan *self, IommudMapPart *part, guint64 length, guint64 *iova)
{
  const IommudMapping *mapping = &part->mapping;
  int errnum =
      iommud_iommufd_ioas_map_file (self->access.syscalls, self->access.iommufd, self->ioas_id,
                                    iommud_map_flags_to_kernel (self->flags), self->file,
                                    mapping->file_offset + mapping->length, length, iova);

  if (errnum != ENOTTY || mapping->length > 0)
    return errnum;
  self->by_file = FALSE;
  return map_memory (self, part, length, iova);
}

static int
call_kernel (IommudMapPlan *self, IommudMapPart *part, guint64 length, guint64 *iova)
{
  if (self->source_id == 0)
    return self->by_file ? map_file (self, part, length, iova)
                         : map_memory (self, part, length, iova);
  return iommud_iommufd_ioas_copy (self->access.syscalls, self->access.iommufd, self->ioas_id,
                                   self->source_id, iommud_map_flags_to_kernel (self->flags),
                                   part->source + part->mapping.length, length, iova);
}

static void
set_error (IommudMapPlan *self, int errnum)
{
  if (self->error == NULL)
    iommud_mapping_set_error (&self->access,
                              self->source_id != 0 ? "IOMMU_IOAS_COPY"
                              : self->by_file      ? "IOMMU_IOAS_MAP_FILE"
                                                   : "IOMMU_IOAS_MAP",
                              errnum, &self->error);
}

/* The parts follow each other directly, beginning where the kernel put the first one. */
static void
set_all_mapped (IommudMapPlan *self, guint64 iova)
{
  for (guint i = 0; i < self->parts->len; i++)
    {
      IommudMapPart *part = iommud_map_plan_get_part (self, i);

      part->mapping.iova = iova;
      part->mapping.length = part->length;
      iova += part->length;
    }
  self->part = self->parts->len;
}

static guint64
map_whole (IommudMapPlan *self)
{
  IommudMapPart *first = iommud_map_plan_get_part (self, 0);
  guint64 iova = 0;
  int errnum = call_kernel (self, first, self->length, &iova);

  if (errnum != 0)
    set_error (self, errnum);
  if (self->error == NULL)
    set_all_mapped (self, iova);
  return self->length;
}

static guint64
map_piece (IommudMapPlan *self)
{
  IommudMapPart *part = iommud_map_plan_get_part (self, self->part);
  guint64 start = part->mapping.length;
  guint64 end = MIN (part->length, iommud_mapping_get_end_of_piece (&part->mapping, start));
  guint64 iova = part->mapping.iova + start;
  int errnum = call_kernel (self, part, end - start, &iova);

  if (errnum != 0)
    set_error (self, errnum);
  if (self->error != NULL)
    return 0;
  part->mapping.length = end;
  if (end == part->length)
    self->part++;
  return end - start;
}

/* Logs must cover what their devices can write to and, if the IOVA is known, must do so before the
 * devices can write to it. This is checked at every turn, because tracking may have started
 * meanwhile. */
static void
let_logs_cover (IommudMapPlan *self)
{
  guint64 first = iommud_map_plan_get_part (self, 0)->mapping.iova;

  if ((self->flags & IOMMUD_MAP_FLAGS_WRITABLE) != 0)
    iommud_trackers_cover (self->trackers, &self->access, first, first + (self->length - 1),
                           &self->error);
}

static void
map_some (IommudMapPlan *self)
{
  guint64 bytes = 0;

  if ((self->flags & IOMMUD_MAP_FLAGS_FIXED) == 0)
    {
      map_whole (self);
      if (self->error == NULL)
        let_logs_cover (self);
      return;
    }
  let_logs_cover (self);
  for (guint i = 0; self->part < self->parts->len && self->error == NULL
                    && i < IOMMUD_MAPPING_MAX_CALLS && bytes < IOMMUD_MAPPING_PIECE;
       i++)
    bytes += map_piece (self);
}

/* The files move to the plan, so that the last reference to a file is dropped on this worker. */
static void
begin_undo (IommudMapPlan *self)
{
  self->undo = iommud_unmap_plan_new ();
  self->undo->access.syscalls = self->access.syscalls;
  self->undo->access.iommufd = self->access.iommufd;
  self->undo->access.what = g_strdup (self->access.what);
  self->undo->ioas_id = self->ioas_id;
  self->undo->trackers = self->trackers;
  for (guint i = 0; i < self->parts->len; i++)
    {
      IommudMapPart *part = iommud_map_plan_get_part (self, i);

      if (part->mapping.length > 0)
        g_array_append_val (self->undo->mappings, part->mapping);
      else
        clear_part (part);
      part->mapping.file = NULL;
    }
}

/* The parts say what is mapped now, after all turns so far. */
static void
undo_some (IommudMapPlan *self)
{
  IommudUnmapPlan *undo = self->undo;

  iommud_unmap_plan_perform (undo);
  for (guint i = 0; i < undo->mappings->len; i++)
    {
      IommudMapping *left = &g_array_index (undo->mappings, IommudMapping, i);
      IommudMapPart *part = iommud_map_plan_get_part (self, i);

      part->mapping.length = left->length;
      if (undo->error != NULL)
        part->mapping.file = g_steal_pointer (&left->file);
    }
  if (undo->error != NULL)
    g_message ("%s; it stays mapped, after: %s", undo->error->message, self->error->message);
}

void
iommud_map_plan_perform (IommudMapPlan *self)
{
  if (self->undo != NULL)
    undo_some (self);
  else if (self->error == NULL)
    map_some (self);
  if (self->error != NULL && self->undo == NULL)
    begin_undo (self);
  if (iommud_map_plan_has_ended (self))
    close_file (self);
}

gboolean
iommud_map_plan_has_ended (const IommudMapPlan *self)
{
  if (self->undo != NULL)
    return iommud_unmap_plan_has_ended (self->undo);
  return self->error == NULL && self->part == self->parts->len;
}
