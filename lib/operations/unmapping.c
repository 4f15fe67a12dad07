/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the operations that unmap share: how mappings leave the model for an unmap plan. */
#include "operations/unmapping.h"

void
iommud_unmapping_take (IommudUnmapping *self, guint64 first, guint64 last)
{
  IommudMappingTable *mappings = iommud_memory_get_mappings (self->memory);

  for (const IommudMapping *mapping = iommud_mapping_table_find (mappings, first, last);
       mapping != NULL && mapping->iova <= last;
       mapping = iommud_mapping_table_next (mappings, mapping))
    {
      g_array_append_val (self->plan->mappings, *mapping);
      iommud_mapping_table_set_file (mappings, mapping->iova, NULL);
    }
}

static void
publish_lengths (IommudUnmapping *self)
{
  IommudUnmapPlan *plan = self->plan;

  /* The first of the remaining ones may have become shorter. */
  for (guint i = self->published; i < plan->mappings->len && i <= plan->done; i++)
    {
      const IommudMapping *mapping = &g_array_index (plan->mappings, IommudMapping, i);

      iommud_memory_resize_mapping (self->memory, mapping->iova, mapping->length);
    }
  self->published = plan->done;
}

static void
give_files_back (IommudUnmapping *self)
{
  IommudUnmapPlan *plan = self->plan;

  for (guint i = plan->done; i < plan->mappings->len; i++)
    {
      const IommudMapping *mapping = &g_array_index (plan->mappings, IommudMapping, i);

      iommud_mapping_table_set_file (iommud_memory_get_mappings (self->memory), mapping->iova,
                                     mapping->file);
    }
}

void
iommud_unmapping_publish (IommudUnmapping *self)
{
  g_object_freeze_notify (G_OBJECT (self->memory));
  publish_lengths (self);
  g_object_thaw_notify (G_OBJECT (self->memory));
  if (iommud_unmap_plan_has_ended (self->plan))
    give_files_back (self);
}
