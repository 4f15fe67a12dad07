/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a device whose values the kernel gives once the device is bound. */
#include "model/device-hardware.h"

enum
{
  CAPABILITIES,
  TYPE,
  PASID_WIDTH,
  N_PROPERTIES,
};

G_STATIC_ASSERT (N_PROPERTIES == IOMMUD_N_HARDWARE);

/* In the order of the bits of iommu_hw_info.out_capabilities, linux/iommufd.h. */
static const char *const capability_names[] = { "dirty-tracking", "pasid-exec", "pasid-priv" };

/* In the order of enum iommu_hw_info_type, linux/iommufd.h. */
static const char *const type_names[] = { "none", "intel-vtd", "arm-smmuv3", "tegra241-cmdqv",
                                          "amd" };

static const char *
get_type_name (const IommudBinding *binding)
{
  if (!iommud_binding_is_bound (binding) || iommud_device_info_is_mdev (binding->info))
    return "";
  return binding->iommu_type < G_N_ELEMENTS (type_names) ? type_names[binding->iommu_type]
                                                         : "unknown";
}

static GStrv
dup_capabilities (guint64 capabilities)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (capability_names); i++)
    if ((capabilities & (G_GUINT64_CONSTANT (1) << i)) != 0)
      g_strv_builder_add (builder, capability_names[i]);
  return g_strv_builder_end (builder);
}

#define FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

void
iommud_hardware_make_properties (GParamSpec **properties)
{
  /**
   * IommudDevice:iommu-capabilities:
   *
   * What its IOMMU can do for it (IOMMU_GET_HW_INFO): `dirty-tracking`, `pasid-exec`,
   * `pasid-priv`. Empty until it is bound.
   */
  properties[CAPABILITIES] =
      g_param_spec_boxed ("iommu-capabilities", NULL, NULL, G_TYPE_STRV, FLAGS);
  /**
   * IommudDevice:iommu-type:
   *
   * The kind of its IOMMU, as the kernel has it (IOMMU_GET_HW_INFO): `intel-vtd`, `arm-smmuv3`,
   * `tegra241-cmdqv`, `amd`; `none` if the IOMMU's driver does not say it, `unknown` if it is none
   * of these. Empty until it is bound, and for an mdev.
   */
  properties[TYPE] = g_param_spec_string ("iommu-type", NULL, NULL, "", FLAGS);
  /**
   * IommudDevice:max-pasid-width:
   *
   * How many bits its PASIDs can have (IOMMU_GET_HW_INFO); 0 if it can have none, and until it is
   * bound.
   */
  properties[PASID_WIDTH] =
      g_param_spec_uint ("max-pasid-width", NULL, NULL, 0, G_MAXUINT8, 0, FLAGS);
}

void
iommud_hardware_get_property (const IommudBinding *binding, guint index, GValue *value)
{
  if (index == CAPABILITIES)
    g_value_take_boxed (value, dup_capabilities (binding->iommu_capabilities));
  else if (index == TYPE)
    g_value_set_string (value, get_type_name (binding));
  else
    g_value_set_uint (value, binding->max_pasid_width);
}
