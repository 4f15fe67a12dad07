/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: which mappings that were written down are there, and whether a record was lost. */
#include "dirty/store.h"
#include "memory/mapping-check.h"
#include "adoption/adoption.h"

#define SERIAL G_GUINT64_FORMAT
#define HEX "%#" G_GINT64_MODIFIER "x"

static gboolean
check_place (const IommudMappingRecord *record, IommudAdoptedContainer *container, const char *what,
             char **reason)
{
  guint64 last = record->iova + (record->length - 1);
  guint64 bits = record->iova | record->length | record->first_piece | record->piece;
  guint64 alignment = MAX (container->space.alignment, IOMMUD_DIRTY_PAGE_SIZE);

  if (last < record->iova)
    return iommud_adoption_refuse (reason, "%s: it goes past the end", what);
  if ((bits & (alignment - 1)) != 0)
    return iommud_adoption_refuse (reason, "%s: it is not aligned", what);
  if (iommud_mapping_table_find (container->mappings, record->iova, last) != NULL)
    return iommud_adoption_refuse (reason, "%s: another mapping is there", what);
  if (!iommud_mapping_check_addressable (&container->space, record->iova, last, what, NULL))
    return iommud_adoption_refuse (reason, "%s: it lies outside of what can be mapped", what);
  return TRUE;
}

static void
keep_mapping (IommudAdoptedContainer *container, const IommudMappingRecord *record,
              IommudMappedFile *file)
{
  const IommudMapping mapping = {
    .iova = record->iova,
    .length = record->length,
    .file_offset = record->file_offset,
    .flags = record->flags,
    .memory_is_writable = record->memory_is_writable,
    .first_piece = record->first_piece,
    .piece = record->piece,
    .by_address = record->by_address,
    .file = record->by_address ? file : NULL,
  };

  iommud_mapping_table_add (container->mappings, &mapping);
}

static gboolean
check_mapping (IommudAdoption *self, gpointer record, char **reason, GError **error)
{
  IommudMappingRecord *entry = record;
  IommudAdoptedContainer *container = iommud_adoption_find_container (self, entry->container);
  g_autofree char *what = g_strdup_printf ("Mapping at IOVA " HEX " of container %" SERIAL,
                                           entry->iova, entry->container);
  gboolean present;

  if (container == NULL)
    return iommud_adoption_refuse (reason, "%s: the container is not there", what);
  container->n_mappings++;
  if (!check_place (entry, container, what, reason)
      || !iommud_presence_of_mapping (&container->context->access, container->record->ioas_id,
                                      entry->iova, entry->length, &present, error))
    return FALSE;
  if (!present)
    return iommud_adoption_refuse (reason, "%s: the kernel has not all of it mapped", what);
  keep_mapping (container, entry,
                iommud_descriptors_peek_file (self->descriptors, entry->container, entry->iova));
  return TRUE;
}

/* Says so if the kernel has a page mapped that no record has. */
static gboolean
check_page (IommudAdoption *self, IommudAdoptedContainer *container, guint64 iova, GError **error)
{
  guint64 length = container->space.alignment;
  gboolean present;

  length = MAX (length, IOMMUD_DIRTY_PAGE_SIZE);
  if (iommud_mapping_table_find (container->mappings, iova, iova + (length - 1)) != NULL)
    return TRUE;
  if (!iommud_presence_of_mapping (&container->context->access, container->record->ioas_id, iova,
                                   length, &present, error))
    return FALSE;
  if (present)
    iommud_adoption_drop (self,
                          "IOVA " HEX " of container %" SERIAL
                          ": something is mapped there that is not written down",
                          iova, container->record->serial);
  return TRUE;
}

/* Around a mapping: whether it is longer than it was written down. */
static gboolean
check_neighbours (IommudAdoption *self, IommudAdoptedContainer *container,
                  const IommudMapping *mapping, GError **error)
{
  guint64 page = MAX (container->space.alignment, IOMMUD_DIRTY_PAGE_SIZE);
  guint64 last = iommud_mapping_get_last (mapping);

  return (mapping->iova < page || check_page (self, container, mapping->iova - page, error))
         && (last > G_MAXUINT64 - 2 * page || check_page (self, container, last + 1, error));
}

static gboolean
check_all_neighbours (IommudAdoption *self, GError **error)
{
  for (guint i = 0; i < self->record->mappings->len; i++)
    {
      const IommudMappingRecord *record = g_ptr_array_index (self->record->mappings, i);
      IommudAdoptedContainer *container = iommud_adoption_find_container (self, record->container);
      const IommudMapping *mapping =
          iommud_mapping_table_find (container->mappings, record->iova, record->iova);

      if (!check_neighbours (self, container, mapping, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
iommud_adoption_check_memory (IommudAdoption *self, GError **error)
{
  return iommud_adoption_filter (self, self->record->mappings, check_mapping,
                                 (GDestroyNotify) iommud_mapping_record_free, error)
         && check_all_neighbours (self, error);
}

static void
check_count (IommudAdoption *self, const char *owner, guint64 serial, const char *what,
             guint64 expected, guint64 actual)
{
  if (expected != actual)
    iommud_adoption_drop (self,
                          "%s %" SERIAL ": %" G_GUINT64_FORMAT " %s were written down with it, "
                          "and %" G_GUINT64_FORMAT " are known",
                          owner, serial, expected, what, actual);
}

static void
check_counts_of (IommudAdoption *self, const IommudAdoptedContainer *container)
{
  const IommudContainerRecord *record = container->record;

  check_count (self, "Container", record->serial, "HWPTs", record->n_hwpts, container->n_hwpts);
  check_count (self, "Container", record->serial, "devices", record->n_devices,
               container->n_devices);
  check_count (self, "Container", record->serial, "mappings", record->n_mappings,
               container->n_mappings);
  check_count (self, "Container", record->serial, "dirty trackings", 1,
               container->tracking ? 1 : 0);
}

void
iommud_adoption_check_counts (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->contexts->len; i++)
    {
      const IommudContextRecord *record = g_ptr_array_index (self->record->contexts, i);
      const IommudAdoptedContext *context = g_hash_table_lookup (self->contexts, &record->serial);

      check_count (self, "Context", record->serial, "containers", record->n_containers,
                   context->n_containers);
    }
  for (guint i = 0; i < self->record->containers->len; i++)
    {
      const IommudContainerRecord *record = g_ptr_array_index (self->record->containers, i);

      check_counts_of (self, iommud_adoption_find_container (self, record->serial));
    }
}
