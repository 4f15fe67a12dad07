/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a simulated host consists of, in a form that can be compared with another host. */
#pragma once

#include "sim/description/description.h"

G_BEGIN_DECLS

/* Each table maps a name to a text that says everything about the thing with that name: equal texts
 * mean equal things. */
typedef struct
{
  GHashTable *iommus;
  GHashTable *devices; /* VFIO devices and host devices: they share their names */
  GHashTable *faults;  /* a set of such texts */
  gboolean iommufd;
  int kernel; /* an IommudSimulatedLinux */
} IommudSimulatedShape;

IommudSimulatedShape *iommud_simulated_shape_new (const IommudSimulatedHost *host);
void iommud_simulated_shape_free (IommudSimulatedShape *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (IommudSimulatedShape, iommud_simulated_shape_free)

char *iommud_simulated_iommu_describe (const IommudSimulatedIommu *iommu);
char *iommud_simulated_device_describe (const IommudSimulatedDevice *device);
char *iommud_simulated_host_device_describe (const IommudSimulatedHostDevice *device);
char *iommud_simulated_fault_describe (const IommudSimulatedFault *fault);

/* Whether @table has the same thing under that name. */
gboolean iommud_simulated_shape_has (GHashTable *table, const char *name, const char *text);
/* The names in @table that @other lacks or has with another text. */
GPtrArray *iommud_simulated_shape_list_gone (GHashTable *table, GHashTable *other);

G_END_DECLS
