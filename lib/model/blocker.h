/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a device blocks the migration of its container, in one sentence, from plain facts. */
#pragma once

#include "probe/device-info.h"
#include "iommud-types.h"

G_BEGIN_DECLS

/* An attached device that no tracker covers. */
typedef struct
{
  const IommudDeviceInfo *info;
  IommudDirtyTrackingPolicy policy; /* of its container */
  gboolean iommu_can_track;
  const char *container;
  guint64 hwpt_serial; /* 0: it is attached to the IOAS, as an mdev is */
  IommudHwptManagement hwpt_management;
} IommudBlockerFacts;

char *iommud_blocker_describe (const IommudBlockerFacts *facts);

G_END_DECLS
