/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a function, and its abilities: those of its description, or else of its IOMMU. */
#include "config.h"

#include "sim/machine/function.h"

IommudSimulatedFunction *
iommud_simulated_function_new (IommudSimulatedDevice *description,
                               const IommudSimulatedIommu *iommu, const char *usual_driver,
                               gboolean usual_is_vfio)
{
  IommudSimulatedFunction *self = g_new0 (IommudSimulatedFunction, 1);

  self->description = description;
  self->injection = iommud_simulated_injection_new ();
  self->iommu = iommu;
  self->usual_driver = g_strdup (usual_driver);
  self->usual_is_vfio = usual_is_vfio;
  self->driver_override = g_strdup ("");
  self->driver = g_strdup ("");
  return self;
}

void
iommud_simulated_function_free (IommudSimulatedFunction *self)
{
  g_clear_pointer (&self->info, iommud_device_info_unref);
  iommud_simulated_log_stop (&self->log);
  iommud_simulated_device_free (self->description);
  iommud_simulated_injection_unref (self->injection);
  g_free (self->usual_driver);
  g_free (self->driver_override);
  g_free (self->driver);
  g_free (self);
}

gboolean
iommud_simulated_function_is_vfio_driver (const IommudSimulatedFunction *self, const char *driver)
{
  return g_str_has_prefix (driver, "vfio")
         || (self->usual_is_vfio && g_str_equal (driver, self->usual_driver));
}

gboolean
iommud_simulated_function_is_mdev (const IommudSimulatedFunction *self)
{
  return iommud_device_info_is_mdev (self->description->info);
}

gboolean
iommud_simulated_function_is_vfio (const IommudSimulatedFunction *self)
{
  return self->info != NULL && !self->leaving;
}

static gboolean
resolve (int own, gboolean of_iommu)
{
  return own == IOMMUD_SIMULATED_AS_IOMMU ? of_iommu : own;
}

gboolean
iommud_simulated_function_can_track (const IommudSimulatedFunction *self)
{
  return resolve (self->description->dirty_tracking, self->iommu->dirty_tracking);
}

gboolean
iommud_simulated_function_can_nest (const IommudSimulatedFunction *self)
{
  return resolve (self->description->nesting, self->iommu->nesting);
}

gboolean
iommud_simulated_function_can_enforce (const IommudSimulatedFunction *self)
{
  return resolve (self->description->enforced_coherency, self->iommu->enforced_coherency);
}

guint
iommud_simulated_function_get_pasid_bits (const IommudSimulatedFunction *self)
{
  int own = self->description->pasid_bits;

  return own == IOMMUD_SIMULATED_AS_IOMMU ? self->iommu->pasid_bits : (guint) own;
}

guint64
iommud_simulated_function_get_aperture_last (const IommudSimulatedFunction *self)
{
  guint width = self->description->address_width;

  if (width == 0)
    return self->iommu->aperture_last;
  return width >= 64 ? G_MAXUINT64 : (G_GUINT64_CONSTANT (1) << width) - 1;
}

const char *
iommud_simulated_function_get_matching_driver (const IommudSimulatedFunction *self)
{
  return *self->driver_override != '\0' ? self->driver_override : self->usual_driver;
}
