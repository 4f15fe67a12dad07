/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices of an IOMMU group, as sysfs has them. */
#pragma once

#include "probe/probe.h"

G_BEGIN_DECLS

/* An array of IommudGroupMember; an empty one if @iommu_group is no group. Safe to call from any
 * thread. */
GPtrArray *iommud_group_list_members (gint32 iommu_group);

G_END_DECLS
