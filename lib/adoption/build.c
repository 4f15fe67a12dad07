/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Adoption: making the objects from the records that were kept. */
#include "model/container.h"
#include "model/device.h"
#include "model/hwpt.h"
#include "adoption/adoption.h"

static IommudContext *
take_context (IommudAdoption *self, IommudAdoptedContext *context)
{
  g_autofree char *name = iommud_descriptors_name_context (context->record->serial);

  if (context->context != NULL)
    return context->context;
  context->context = iommud_host_adopt_context (self->host, context->record);
  iommud_context_set_fd (context->context, iommud_descriptors_steal (self->descriptors, name));
  return context->context;
}

static void
build_container (IommudAdoption *self, IommudAdoptedContainer *adopted)
{
  IommudContext *context = take_context (self, adopted->context);

  adopted->container = iommud_container_new (self->host, context, adopted->record, &adopted->space);
  iommud_container_set_lease (adopted->container,
                              g_hash_table_lookup (self->built_leases, &adopted->record->lease));
  iommud_context_add_container (context);
}

static IommudContainer *
get_container (IommudAdoption *self, guint64 serial)
{
  return iommud_adoption_find_container (self, serial)->container;
}

static void
build_device (IommudAdoption *self, const IommudBindingRecord *record)
{
  IommudDevice *device = iommud_adoption_find_device (self, record->sysfs_path);
  g_autofree char *name = iommud_descriptors_name_device (record->name);
  const IommudBinding binding = {
    .cdev = iommud_descriptors_steal (self->descriptors, name),
    .device_id = record->device_id,
    .iommu_capabilities = record->iommu_capabilities,
    .iommu_type = record->iommu_type,
    .max_pasid_width = record->max_pasid_width,
    .dma_logging = record->dma_logging,
    .tracker = record->tracker,
  };

  iommud_container_add_device (get_container (self, record->container), device, &binding);
  if (record->attached && record->hwpt == 0)
    iommud_container_attach (get_container (self, record->container), device, NULL);
}

/* Those on a HWPT are attached in the order in which they came onto it. */
static void
attach_devices (IommudAdoption *self, const IommudHwptRecord *record)
{
  IommudContainer *container = get_container (self, record->container);
  IommudHwpt *hwpt = iommud_container_find_hwpt (container, record->hwpt_id);

  for (guint i = 0; i < record->devices->len; i++)
    {
      const IommudBindingRecord *binding =
          g_hash_table_lookup (self->bindings, g_ptr_array_index (record->devices, i));

      iommud_container_attach (container, iommud_adoption_find_device (self, binding->sysfs_path),
                               hwpt);
    }
}

static void
build_mappings (IommudAdoptedContainer *adopted)
{
  IommudMemory *memory = iommud_container_get_memory (adopted->container);
  const IommudMapping *mapping = iommud_mapping_table_find (adopted->mappings, 0, G_MAXUINT64);

  for (; mapping != NULL; mapping = iommud_mapping_table_next (adopted->mappings, mapping))
    iommud_memory_add_mapping (memory, mapping);
}

static void
build_containers (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->containers->len; i++)
    {
      const IommudContainerRecord *record = g_ptr_array_index (self->record->containers, i);
      IommudAdoptedContainer *adopted = iommud_adoption_find_container (self, record->serial);

      build_container (self, adopted);
      build_mappings (adopted);
    }
}

/* A container is complete before it is listed. */
static void
list_containers (IommudAdoption *self)
{
  for (guint i = 0; i < self->record->containers->len; i++)
    {
      const IommudContainerRecord *record = g_ptr_array_index (self->record->containers, i);

      iommud_host_add_container (self->host, get_container (self, record->serial));
    }
}

void
iommud_adoption_build (IommudAdoption *self)
{
  IommudHostRecord *record = self->record;

  iommud_host_adopt_serials (self->host, record);
  iommud_adoption_build_leases (self);
  build_containers (self);
  for (guint i = 0; i < record->hwpts->len; i++)
    {
      const IommudHwptRecord *hwpt = g_ptr_array_index (record->hwpts, i);

      iommud_container_adopt_hwpt (get_container (self, hwpt->container), hwpt);
    }
  for (guint i = 0; i < record->bindings->len; i++)
    build_device (self, g_ptr_array_index (record->bindings, i));
  for (guint i = 0; i < record->hwpts->len; i++)
    attach_devices (self, g_ptr_array_index (record->hwpts, i));
  for (guint i = 0; i < record->trackings->len; i++)
    iommud_adoption_build_tracking (self, g_ptr_array_index (record->trackings, i));
  list_containers (self);
  iommud_adoption_list_leases (self);
}
