/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why BIND fails: one errno has several causes, and what is around the device tells which. */
#include "handle/bind-error.h"

#include <errno.h>

/* A PCI port's driver does no DMA of its own, so the kernel tolerates it (driver_managed_dma). A
 * VFIO driver may have any name, such as mlx5_vfio_pci, and so may that of an mdev. */
static gboolean
blocks_group (const IommudGroupMember *member)
{
  return *member->driver != '\0' && !member->is_vfio && !g_str_has_prefix (member->driver, "vfio")
         && !g_str_equal (member->driver, "pcieport") && !g_str_equal (member->driver, "pci-stub");
}

char *
iommud_bind_error_find_host_driver (IommudProbe *probe, const IommudDeviceInfo *info)
{
  g_autoptr (GPtrArray) members = iommud_probe_list_group (probe, info->iommu_group);

  for (guint i = 0; members != NULL && i < members->len; i++)
    {
      const IommudGroupMember *member = g_ptr_array_index (members, i);

      if (blocks_group (member))
        return g_strdup_printf ("%s in the same IOMMU group %d is still bound to host driver %s: "
                                "unbind it, or bind it to a VFIO driver too",
                                member->name, info->iommu_group, member->driver);
    }
  return NULL;
}

/* BIND answers EPERM for the first of these, in the kernel's order: interrupts that are not
 * isolated, a group in another context, a group that the host uses. Only the latter two can be seen
 * for sure, so they are looked for first. */
static char *
explain_eperm (IommudProbe *probe, const IommudDeviceInfo *info, const char *group_holder)
{
  g_autofree char *sibling = NULL;
  g_autofree char *interrupts = NULL;
  char *driver;

  if (group_holder != NULL)
    return g_strdup_printf ("IOMMU group %d belongs to another context: %s is in it, and a group "
                            "can be in one context only",
                            info->iommu_group, group_holder);
  driver = iommud_bind_error_find_host_driver (probe, info);
  if (driver != NULL)
    return driver;
  sibling = iommud_probe_describe_sibling_holder (probe, info);
  if (sibling != NULL)
    return g_strdup_printf ("IOMMU group %d belongs to another context, that of %s",
                            info->iommu_group, sibling);
  interrupts = iommud_probe_describe_interrupts (probe, info);
  if (interrupts != NULL)
    return g_strdup_printf ("the device's MSI interrupts are not isolated from other devices (%s), "
                            "and iommufd's parameter allow_unsafe_interrupts is off",
                            interrupts);
  return g_strdup_printf ("IOMMU group %d belongs to another context, of a process that cannot be "
                          "seen",
                          info->iommu_group);
}

/* The kernel answers EINVAL for a device that is bound already, which waiting can help, and for one
 * that it cannot isolate, which it cannot. Only the former has a holder. */
static int
explain_einval (IommudProbe *probe, const IommudDeviceInfo *info, char **cause)
{
  gboolean complete = FALSE;
  g_autofree char *holder = iommud_probe_describe_holder (probe, info, &complete);

  if (holder != NULL)
    {
      *cause = g_strdup_printf ("the device is held by %s", holder);
      return IOMMUD_ERROR_BUSY;
    }
  if (!complete)
    {
      *cause =
          g_strdup ("too many files are open to tell in time which process holds the device, or "
                    "whether its IOMMU cannot isolate it");
      return IOMMUD_ERROR_BUSY;
    }
  *cause = g_strdup ("no other process is seen to hold the device, so its IOMMU cannot isolate it: "
                     "the device has a region that must stay mapped 1:1");
  return IOMMUD_ERROR_NOT_SUPPORTED;
}

static char *
explain_ebusy (IommudProbe *probe, const IommudDeviceInfo *info)
{
  gboolean complete = FALSE;
  g_autofree char *holder = iommud_probe_describe_group_holder (probe, info, &complete);

  if (holder != NULL)
    return g_strdup_printf ("the device's group is in use through /dev/vfio/%d, which %s has open",
                            info->iommu_group, holder);
  if (!complete)
    return g_strdup_printf ("too many files are open to tell in time which process has "
                            "/dev/vfio/%d open, or whether a driver has given the device's group a "
                            "domain of its own",
                            info->iommu_group);
  return g_strdup_printf ("no process is seen to have /dev/vfio/%d open, so a driver has given the "
                          "device's group a domain of its own",
                          info->iommu_group);
}

int
iommud_bind_error_explain (IommudProbe *probe, const IommudDeviceInfo *info,
                           const char *group_holder, int errnum, char **cause)
{
  if (errnum == EINVAL)
    return explain_einval (probe, info, cause);
  if (errnum == EPERM)
    *cause = explain_eperm (probe, info, group_holder);
  else if (errnum == EBUSY)
    *cause = explain_ebusy (probe, info);
  return -1;
}
