/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts that are equal if two IOMMUs, devices or faults are, and tables of them. */
#include "config.h"

#include "sim/description/shape.h"

static void
append_regions (GString *text, const GArray *regions)
{
  for (guint i = 0; i < regions->len; i++)
    {
      const IommudSimulatedRegion *region = &g_array_index (regions, IommudSimulatedRegion, i);

      g_string_append_printf (text, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x/%d|",
                              region->first, region->last, (int) region->type);
    }
}

char *
iommud_simulated_iommu_describe (const IommudSimulatedIommu *iommu)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text, "%d|%d|%d|%d|%d|%" G_GINT64_MODIFIER "x|%" G_GINT64_MODIFIER "x|%u|%u|",
                   iommu->dirty_tracking, iommu->nesting, iommu->cache_coherency,
                   iommu->enforced_coherency, iommu->isolated_msi, iommu->aperture_first,
                   iommu->aperture_last, iommu->hw_info_type, iommu->pasid_bits);
  append_regions (text, iommu->regions);
  return g_string_free (text, FALSE);
}

static void
append_info (GString *text, const IommudDeviceInfo *info)
{
  const char *strings[] = { info->name,      info->bus,    info->sysfs_path, info->cdev_path,
                            info->vfio_name, info->parent, info->mdev_type,  info->vendor,
                            info->product,   info->iommu,  info->driver };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    g_string_append_printf (text, "%s\n", strings[i]);
  g_string_append_printf (text, "%x|%x|%d|%d|", info->vendor_id, info->product_id,
                          info->iommu_group, info->numa_node);
}

char *
iommud_simulated_device_describe (const IommudSimulatedDevice *device)
{
  GString *text = g_string_new ("device|");

  append_info (text, device->info);
  g_string_append_printf (
      text, "%d|%d|%d|%d|%d|%d|%u|%d|%d|%u|%u|%u|%u|", device->plugged, device->cdev,
      device->dirty_tracking, device->nesting, device->enforced_coherency, device->pasid_bits,
      device->address_width, device->nest_excludes_dirty, device->dma_logging,
      device->max_logged_ranges, device->log_page_bits, device->regions_count, device->irqs_count);
  append_regions (text, device->regions);
  return g_string_free (text, FALSE);
}

char *
iommud_simulated_host_device_describe (const IommudSimulatedHostDevice *device)
{
  return g_strdup_printf ("host-device|%s|%s|%s|%d", device->driver, device->bus, device->iommu,
                          (int) device->iommu_group);
}

char *
iommud_simulated_fault_describe (const IommudSimulatedFault *fault)
{
  return g_strdup_printf ("%s|%u|%d|%u", fault->operation, fault->nth, fault->errnum,
                          fault->delay_ms);
}

static GHashTable *
new_table (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
fill_devices (GHashTable *table, const IommudSimulatedHost *host)
{
  for (guint i = 0; i < host->devices->len; i++)
    {
      const IommudSimulatedDevice *device = g_ptr_array_index (host->devices, i);

      g_hash_table_insert (table, g_strdup (device->info->name),
                           iommud_simulated_device_describe (device));
    }
  for (guint i = 0; i < host->host_devices->len; i++)
    {
      const IommudSimulatedHostDevice *device = g_ptr_array_index (host->host_devices, i);

      g_hash_table_insert (table, g_strdup (device->name),
                           iommud_simulated_host_device_describe (device));
    }
}

IommudSimulatedShape *
iommud_simulated_shape_new (const IommudSimulatedHost *host)
{
  IommudSimulatedShape *self = g_new0 (IommudSimulatedShape, 1);

  self->iommus = new_table ();
  self->devices = new_table ();
  self->faults = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->iommufd = host->iommufd;
  self->kernel = host->kernel;
  for (guint i = 0; i < host->iommus->len; i++)
    {
      const IommudSimulatedIommu *iommu = g_ptr_array_index (host->iommus, i);

      g_hash_table_insert (self->iommus, g_strdup (iommu->name),
                           iommud_simulated_iommu_describe (iommu));
    }
  fill_devices (self->devices, host);
  for (guint i = 0; i < host->faults->len; i++)
    g_hash_table_add (self->faults, iommud_simulated_fault_describe (
                                        &g_array_index (host->faults, IommudSimulatedFault, i)));
  return self;
}

void
iommud_simulated_shape_free (IommudSimulatedShape *self)
{
  g_hash_table_unref (self->iommus);
  g_hash_table_unref (self->devices);
  g_hash_table_unref (self->faults);
  g_free (self);
}

gboolean
iommud_simulated_shape_has (GHashTable *table, const char *name, const char *text)
{
  return g_strcmp0 (g_hash_table_lookup (table, name), text) == 0;
}

GPtrArray *
iommud_simulated_shape_list_gone (GHashTable *table, GHashTable *other)
{
  GPtrArray *gone = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iterator;
  gpointer name;
  gpointer text;

  g_hash_table_iter_init (&iterator, table);
  while (g_hash_table_iter_next (&iterator, &name, &text))
    if (!iommud_simulated_shape_has (other, name, text))
      g_ptr_array_add (gone, g_strdup (name));
  return gone;
}
