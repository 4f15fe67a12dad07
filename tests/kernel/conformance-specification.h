/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a `dev` step says: the specification of a device, in words. */
#pragma once

#include "sim/kernel.h"

G_BEGIN_DECLS

/* What a specification says beyond the device's own record. */
typedef struct
{
  guint id;
  guint iommu;
  gint32 group; /* -1: one of its own */
  gboolean msi;
  char *driver; /* a host driver's, instead of VFIO's */
} ConformanceSpecification;

void conformance_specification_clear (ConformanceSpecification *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ConformanceSpecification, conformance_specification_clear)
/* @device: as it was made; what @text says of it goes in there. */
gboolean conformance_specification_parse (const char *text, IommudSimulatedDevice *device,
                                          ConformanceSpecification *self);
void conformance_specification_add_region (IommudSimulatedDevice *device, guint64 first,
                                           guint64 last, IommudSimulatedRegionType type);
gboolean conformance_specification_parse_number (const char *text, guint64 largest, guint64 *value);

G_END_DECLS
