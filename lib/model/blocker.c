/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a device blocks the migration of its container, in one sentence, from plain facts. */
#include "model/blocker.h"

#define AWAY "detach it before the migration"

static char *
explain_hwpt (const IommudBlockerFacts *facts)
{
  if (facts->hwpt_management == IOMMUD_HWPT_MANAGEMENT_KERNEL)
    return g_strdup ("it is on a HWPT that the kernel made, without dirty tracking, and has no log "
                     "of its own: detach it and attach it with mode auto");
  return g_strdup_printf (
      "HWPT %s/%" G_GUINT64_FORMAT " was made without dirty tracking, by hand or "
      "because a member of IOMMU group %d cannot be tracked, and the device "
      "has no log of its own: attach it to a HWPT with dirty tracking, or " AWAY,
      facts->container, facts->hwpt_serial, facts->info->iommu_group);
}

static char *
explain (const IommudBlockerFacts *facts)
{
  if (facts->policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return g_strdup ("its container was made with dirty-tracking off: make one with preferred or "
                     "required");
  if (facts->hwpt_serial == 0)
    return g_strdup ("it has no log of its own, and no IOMMU can record for it: " AWAY);
  if (facts->iommu_can_track)
    return explain_hwpt (facts);
  return g_strdup ("neither its IOMMU nor the device itself can record dirty pages: " AWAY);
}

char *
iommud_blocker_describe (const IommudBlockerFacts *facts)
{
  const IommudDeviceInfo *info = facts->info;
  g_autofree char *cause = explain (facts);

  if (*info->iommu == '\0')
    return g_strdup_printf ("No tracker covers %s, an mdev of %s: %s.", info->name, info->parent,
                            cause);
  return g_strdup_printf ("No tracker covers %s behind IOMMU %s: %s.", info->name, info->iommu,
                          cause);
}
