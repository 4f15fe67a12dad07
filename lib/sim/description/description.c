/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a simulated host's description: records made with the usual values, freed whole. */
#include "config.h"

#include "sim/description/description.h"

void
iommud_simulated_replace_string (char **place, const char *value)
{
  char *copy = g_strdup (value);

  g_free (*place);
  *place = copy;
}

IommudSimulatedIommu *
iommud_simulated_iommu_new (const char *name)
{
  IommudSimulatedIommu *self = g_new0 (IommudSimulatedIommu, 1);

  self->name = g_strdup (name);
  self->cache_coherency = TRUE;
  self->isolated_msi = TRUE;
  self->aperture_last = (G_GUINT64_CONSTANT (1) << 48) - 1;
  self->hw_info_type = 1;
  self->regions = g_array_new (FALSE, FALSE, sizeof (IommudSimulatedRegion));
  return self;
}

void
iommud_simulated_iommu_free (IommudSimulatedIommu *self)
{
  g_free (self->name);
  g_array_unref (self->regions);
  g_free (self);
}

IommudSimulatedDevice *
iommud_simulated_device_new (void)
{
  IommudSimulatedDevice *self = g_new0 (IommudSimulatedDevice, 1);

  self->info = iommud_device_info_new ();
  self->plugged = TRUE;
  self->cdev = TRUE;
  self->dirty_tracking = IOMMUD_SIMULATED_AS_IOMMU;
  self->nesting = IOMMUD_SIMULATED_AS_IOMMU;
  self->enforced_coherency = IOMMUD_SIMULATED_AS_IOMMU;
  self->pasid_bits = IOMMUD_SIMULATED_AS_IOMMU;
  self->max_logged_ranges = 256;
  self->log_page_bits = 12;
  self->regions_count = 9;
  self->irqs_count = 5;
  self->regions = g_array_new (FALSE, FALSE, sizeof (IommudSimulatedRegion));
  return self;
}

void
iommud_simulated_device_free (IommudSimulatedDevice *self)
{
  iommud_device_info_unref (self->info);
  g_array_unref (self->regions);
  g_free (self);
}

IommudSimulatedHostDevice *
iommud_simulated_host_device_new (void)
{
  IommudSimulatedHostDevice *self = g_new0 (IommudSimulatedHostDevice, 1);

  self->name = g_strdup ("");
  self->driver = g_strdup ("");
  self->bus = g_strdup ("");
  self->iommu = g_strdup ("");
  self->iommu_group = -1;
  return self;
}

void
iommud_simulated_host_device_free (IommudSimulatedHostDevice *self)
{
  g_free (self->name);
  g_free (self->driver);
  g_free (self->bus);
  g_free (self->iommu);
  g_free (self);
}

static void
clear_fault (gpointer fault)
{
  g_free (((IommudSimulatedFault *) fault)->operation);
}

IommudSimulatedHost *
iommud_simulated_host_new (void)
{
  IommudSimulatedHost *self = g_new0 (IommudSimulatedHost, 1);

  self->iommus = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_simulated_iommu_free);
  self->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_simulated_device_free);
  self->host_devices =
      g_ptr_array_new_with_free_func ((GDestroyNotify) iommud_simulated_host_device_free);
  self->faults = g_array_new (FALSE, FALSE, sizeof (IommudSimulatedFault));
  g_array_set_clear_func (self->faults, clear_fault);
  self->iommufd = TRUE;
  self->kernel = IOMMUD_SIMULATED_LINUX_6_12;
  return self;
}

void
iommud_simulated_host_free (IommudSimulatedHost *self)
{
  g_ptr_array_unref (self->iommus);
  g_ptr_array_unref (self->devices);
  g_ptr_array_unref (self->host_devices);
  g_array_unref (self->faults);
  g_free (self);
}
