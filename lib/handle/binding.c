/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A device bound to a context, as the kernel sees it: open cdev, device id, trackers. */
#include "handle/binding.h"

#include <errno.h>

#include "base/error.h"
#include "handle/bind-error.h"

void
iommud_kernel_access_clear (IommudKernelAccess *self)
{
  g_clear_pointer (&self->what, g_free);
  g_clear_pointer (&self->group_holder, g_free);
  g_clear_object (&self->probe);
}

void
iommud_binding_copy (IommudBinding *self, const IommudBinding *source)
{
  *self = *source;
  iommud_device_info_ref (self->info);
}

void
iommud_binding_clear (IommudBinding *self)
{
  g_clear_pointer (&self->info, iommud_device_info_unref);
}

gboolean
iommud_binding_is_bound (const IommudBinding *self)
{
  return self->cdev >= 0;
}

gboolean
iommud_binding_iommu_can_track (const IommudBinding *self)
{
  return (self->iommu_capabilities & IOMMUD_IOMMUFD_CAPABILITY_DIRTY_TRACKING) != 0;
}

IommudTrackerKind
iommud_binding_get_tracker (const IommudBinding *self, gboolean hwpt_tracks)
{
  if (hwpt_tracks && self->tracker == IOMMUD_TRACKER_CHOICE_IOMMU)
    return IOMMUD_TRACKER_KIND_IOMMU;
  if (self->dma_logging)
    return IOMMUD_TRACKER_KIND_DEVICE;
  return hwpt_tracks ? IOMMUD_TRACKER_KIND_IOMMU : IOMMUD_TRACKER_KIND_NONE;
}

const char *
iommud_binding_explain_lacking_tracker (const IommudBinding *self, IommudDirtyTrackingPolicy policy,
                                        IommudTrackerChoice tracker)
{
  if (tracker == IOMMUD_TRACKER_CHOICE_AUTO)
    return NULL;
  if (policy == IOMMUD_DIRTY_TRACKING_POLICY_OFF)
    return "the container was made with dirty-tracking off, so no tracker is used";
  if (tracker == IOMMUD_TRACKER_CHOICE_DEVICE)
    return self->dma_logging ? NULL
                             : "the device has no log of its own DMA: use tracker auto or iommu";
  return iommud_binding_iommu_can_track (self)
             ? NULL
             : "its IOMMU cannot track dirty pages: use tracker auto or device";
}

gboolean
iommud_binding_open (IommudBinding *self, const IommudKernelAccess *access, GError **error)
{
  const char *path = self->info->cdev_path;
  dev_t number;
  int errnum;

  if (*path == '\0')
    {
      g_set_error (error, IOMMUD_ERROR, IOMMUD_ERROR_NOT_SUPPORTED,
                   "Cannot %s: %s has no node below /dev/vfio/devices: this kernel was built "
                   "without CONFIG_VFIO_DEVICE_CDEV, or the device is a no-IOMMU one",
                   access->what, self->info->name);
      return FALSE;
    }
  errnum = iommud_probe_find_node_number (access->probe, self->info, &number)
               ? iommud_syscalls_open (access->syscalls, path, number, &self->cdev)
               : ENODEV;
  /* Once more: meanwhile the name may have got another device, and the number too. */
  if (errnum == 0 && !iommud_probe_owns_node (access->probe, self->info, self->cdev))
    {
      access->syscalls->close (access->syscalls, self->cdev);
      errnum = ENODEV;
    }
  if (errnum == 0)
    return TRUE;
  self->cdev = -1;
  iommud_error_set_from_errno (error,
                               errnum == ENOENT || errnum == ENODEV ? IOMMUD_ERROR_DEVICE_GONE : -1,
                               access->what, path, errnum, iommud_syscalls_get_open_cause (errnum));
  return FALSE;
}

/* An mdev has no IOMMU of its own to ask: the kernel answers ENOENT. */
static gboolean
ask_for_trackers (IommudBinding *self, const IommudKernelAccess *access, GError **error)
{
  IommudHwInfo hw_info = { 0 };
  int errnum = 0;

  if (!iommud_device_info_is_mdev (self->info))
    errnum =
        iommud_iommufd_get_hw_info (access->syscalls, access->iommufd, self->device_id, &hw_info);
  if (errnum != 0)
    {
      iommud_error_set_from_errno (error, -1, access->what, "IOMMU_GET_HW_INFO", errnum, NULL);
      return FALSE;
    }
  self->iommu_capabilities = hw_info.capabilities;
  self->iommu_type = hw_info.data_type;
  self->max_pasid_width = hw_info.max_pasid_log2;
  self->dma_logging = iommud_vfio_has_dma_logging (access->syscalls, self->cdev);
  return TRUE;
}

gboolean
iommud_binding_bind (IommudBinding *self, const IommudKernelAccess *access, GError **error)
{
  int errnum;

  if (!iommud_binding_open (self, access, error))
    return FALSE;
  errnum =
      iommud_vfio_bind_iommufd (access->syscalls, self->cdev, access->iommufd, &self->device_id);
  if (errnum != 0)
    {
      g_autofree char *cause = NULL;
      int code = iommud_bind_error_explain (access->probe, self->info, access->group_holder, errnum,
                                            &cause);

      iommud_error_set_from_errno (error, code, access->what, "VFIO_DEVICE_BIND_IOMMUFD", errnum,
                                   cause);
    }
  else if (ask_for_trackers (self, access, error))
    return TRUE;
  iommud_binding_unbind (self, access);
  return FALSE;
}

void
iommud_binding_unbind (IommudBinding *self, const IommudKernelAccess *access)
{
  if (self->cdev >= 0)
    access->syscalls->close (access->syscalls, self->cdev);
  self->cdev = -1;
  self->device_id = 0;
  self->iommu_capabilities = 0;
  self->iommu_type = 0;
  self->max_pasid_width = 0;
  self->dma_logging = FALSE;
}

int
iommud_binding_try_attach (IommudBinding *self, const IommudKernelAccess *access, guint32 *pt_id)
{
  return iommud_vfio_attach (access->syscalls, self->cdev, pt_id);
}

/* NULL if the errno says it all. */
static const char *
get_attach_cause (int errnum)
{
  switch (errnum)
    {
    case EINVAL:
      return "the device does not fit this HWPT: its IOMMU, its dirty tracking or its group "
             "differs";
    case EADDRINUSE:
      return "a mapping or an allowed range of the container lies in a range that the device "
             "reserves";
    case ENOMEM:
      return "the kernel is out of memory, or the locked-memory limit (RLIMIT_MEMLOCK) was reached";
    case EFAULT:
      return "memory that was mapped into the container is gone";
    default:
      return NULL;
    }
}

void
iommud_binding_set_attach_error (IommudBinding *self, const IommudKernelAccess *access, int errnum,
                                 GError **error)
{
  g_autofree char *group = NULL;

  if (errnum == EINVAL && access->group_holder != NULL)
    group = g_strdup_printf ("%s is in the same IOMMU group %d, and a group has one HWPT",
                             access->group_holder, self->info->iommu_group);
  iommud_error_set_from_errno (error, errnum == EINVAL ? IOMMUD_ERROR_INCOMPATIBLE : -1,
                               access->what, "VFIO_DEVICE_ATTACH_IOMMUFD_PT", errnum,
                               group != NULL ? group : get_attach_cause (errnum));
}

gboolean
iommud_binding_detach (IommudBinding *self, const IommudKernelAccess *access, GError **error)
{
  int errnum = iommud_vfio_detach (access->syscalls, self->cdev);

  if (errnum == 0)
    return TRUE;
  iommud_error_set_from_errno (error, -1, access->what, "VFIO_DEVICE_DETACH_IOMMUFD_PT", errnum,
                               NULL);
  return FALSE;
}

gboolean
iommud_binding_shares_group (const IommudBinding *self, const IommudKernelAccess *access)
{
  g_autoptr (GPtrArray) members = iommud_probe_list_group (access->probe, self->info->iommu_group);

  return members != NULL && members->len > 1;
}
