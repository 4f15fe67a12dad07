/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the given PCI functions of this machine the `dev` steps of a sequence stand for. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _ConformanceDevicePool ConformanceDevicePool;

ConformanceDevicePool *conformance_device_pool_new (const char *const *addresses);
void conformance_device_pool_free (ConformanceDevicePool *self);

/* Finds a function for `id=1,iommu=0,group=2`: the one that the id already has, or a free one, in
 * an IOMMU group with those of the same number and apart from all others. FALSE: there is none. */
gboolean conformance_device_pool_assign (ConformanceDevicePool *self, const char *specification);
/* The address of `vmock.1`; NULL for any other name. */
const char *conformance_device_pool_find (ConformanceDevicePool *self, const char *name);
/* Whether all functions are on their bus: a sequence may have taken one away. */
gboolean conformance_device_pool_is_complete (ConformanceDevicePool *self);

G_END_DECLS
