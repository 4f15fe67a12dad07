/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a device's file does not say, for those who are handed it. */
#include "device-details.h"

#include "dictionary.h"

static void
add_strings (GVariantBuilder *details, IommudDevice *device)
{
  static const char *const names[] = { "name", "bus", "sysfs-path", "iommu", "driver" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *value = NULL;

      g_object_get (device, names[i], &value, NULL);
      iommud_dictionary_add (details, names[i], g_variant_new_string (value == NULL ? "" : value));
    }
}

static void
add_numbers (GVariantBuilder *details, IommudDevice *device)
{
  int iommu_group = -1;
  guint vendor_id = 0;
  guint product_id = 0;

  g_object_get (device, "iommu-group", &iommu_group, "vendor-id", &vendor_id, "product-id",
                &product_id, NULL);
  iommud_dictionary_add (details, "iommu-group", g_variant_new_int32 (iommu_group));
  iommud_dictionary_add (details, "vendor-id", g_variant_new_uint32 (vendor_id));
  iommud_dictionary_add (details, "product-id", g_variant_new_uint32 (product_id));
}

static gboolean
is_mdev (IommudDevice *device)
{
  g_autofree char *bus = NULL;

  g_object_get (device, "bus", &bus, NULL);
  return g_strcmp0 (bus, "mdev") == 0;
}

/* @bound: whether the file is bound to an iommufd. */
GVariant *
iommud_device_details (IommudDevice *device, gboolean bound)
{
  GVariantBuilder details;
  guint device_id = 0;

  g_variant_builder_init (&details, G_VARIANT_TYPE_VARDICT);
  add_strings (&details, device);
  add_numbers (&details, device);
  iommud_dictionary_add (&details, "mdev", g_variant_new_boolean (is_mdev (device)));
  iommud_dictionary_add (&details, "bound", g_variant_new_boolean (bound));
  if (bound)
    {
      g_object_get (device, "device-id", &device_id, NULL);
      iommud_dictionary_add (&details, "device-id", g_variant_new_uint32 (device_id));
    }
  return g_variant_builder_end (&details);
}
