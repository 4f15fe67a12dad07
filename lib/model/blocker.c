/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a device keeps its container from being migrated, in one sentence. */
#include "model/blocker.h"

#include "model/container.h"
#include "model/device.h"
#include "model/hwpt.h"

#define AWAY "detach it before the migration"

static char *
explain_hwpt (IommudDevice *device)
{
  IommudHwpt *hwpt = iommud_device_get_hwpt (device);

  if (iommud_hwpt_get_management (hwpt) == IOMMUD_HWPT_MANAGEMENT_KERNEL)
    return g_strdup ("it is on a HWPT that the kernel made, without dirty tracking, and has no log "
                     "of its own: detach it and attach it with mode auto");
  return g_strdup_printf (
      "HWPT %" G_GUINT64_FORMAT " was made without dirty tracking, by hand or "
      "because a member of IOMMU group %d cannot be tracked, and the device "
      "has no log of its own: attach it to a HWPT with dirty tracking, or " AWAY,
      iommud_hwpt_get_serial (hwpt), iommud_device_get_info (device)->iommu_group);
}

static char *
explain (IommudDevice *device)
{
  const IommudBinding *binding = iommud_device_get_binding (device);

  if (iommud_container_get_policy (iommud_device_get_container (device))
      == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return g_strdup ("its container was made with dirty-tracking off: make one with preferred or "
                     "required");
  if (iommud_device_get_hwpt (device) == NULL)
    return g_strdup ("it has no log of its own, and no IOMMU can record for it: " AWAY);
  if (iommud_binding_iommu_can_track (binding))
    return explain_hwpt (device);
  return g_strdup ("neither its IOMMU nor the device itself can record dirty pages: " AWAY);
}

char *
iommud_blocker_describe (IommudDevice *device)
{
  const IommudDeviceInfo *info = iommud_device_get_info (device);
  g_autofree char *cause = NULL;

  if (!iommud_device_is_attached (device) || iommud_device_is_covered (device))
    return NULL;
  cause = explain (device);
  if (*info->iommu == '\0')
    return g_strdup_printf ("No tracker covers %s, an mdev of %s: %s.", info->name, info->parent,
                            cause);
  return g_strdup_printf ("No tracker covers %s behind IOMMU %s: %s.", info->name, info->iommu,
                          cause);
}
