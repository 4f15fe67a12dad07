/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The properties of a device whose values the kernel gives once the device is bound
 * (IOMMU_GET_HW_INFO). */
#pragma once

#include "handle/binding.h"

G_BEGIN_DECLS

#define IOMMUD_N_HARDWARE 3

/* Makes the properties, @properties being the first one's place. */
void iommud_hardware_make_properties (GParamSpec **properties);
/* @index: from 0 to IOMMUD_N_HARDWARE. */
void iommud_hardware_get_property (const IommudBinding *binding, guint index, GValue *value);

G_END_DECLS
