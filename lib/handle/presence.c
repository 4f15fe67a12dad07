/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel still has what was written down: questions that change nothing. */
#include "handle/presence.h"

#include <errno.h>

#include "base/error.h"

/* @there and @gone are the errnos that mean that the object is there or is gone; any other errno
 * says neither. */
static gboolean
decide (const IommudKernelAccess *access, const char *step, int errnum, int there, int gone,
        gboolean *present, GError **error)
{
  *present = errnum == there;
  if (errnum == there || errnum == gone)
    return TRUE;
  iommud_error_set_from_errno (error, IOMMUD_ERROR_FAILED, access->what, step, errnum,
                               "the kernel did not say whether the object is there");
  return FALSE;
}

/* No object has the id 0, and only an iommufd answers that it has no such IOAS. */
gboolean
iommud_presence_of_context (const IommudKernelAccess *access, gboolean *present, GError **error)
{
  IommudIovaSpace space = { 0 };
  int errnum = iommud_iommufd_ioas_iova_ranges (access->syscalls, access->iommufd, 0, &space.ranges,
                                                &space.alignment);

  if (errnum == EINVAL || errnum == EBADF)
    errnum = ENOTTY;
  return decide (access, "IOMMU_IOAS_IOVA_RANGES", errnum, ENOENT, ENOTTY, present, error);
}

gboolean
iommud_presence_of_ioas (const IommudKernelAccess *access, guint32 ioas_id, IommudIovaSpace *space,
                         gboolean *present, GError **error)
{
  int errnum;

  iommud_iova_space_clear (space);
  errnum = iommud_iommufd_ioas_iova_ranges (access->syscalls, access->iommufd, ioas_id,
                                            &space->ranges, &space->alignment);
  return decide (access, "IOMMU_IOAS_IOVA_RANGES", errnum, 0, ENOENT, present, error);
}

/* A kernel without GET_DIRTY_BITMAP cannot be asked; in that case, what was written down is
 * believed. */
gboolean
iommud_presence_of_hwpt (const IommudKernelAccess *access, guint32 hwpt_id, gboolean *present,
                         GError **error)
{
  int errnum = iommud_iommufd_find_hwpt (access->syscalls, access->iommufd, hwpt_id);

  if (errnum == ENOTTY)
    errnum = 0;
  return decide (access, "IOMMU_HWPT_GET_DIRTY_BITMAP", errnum, 0, ENOENT, present, error);
}

/* The range is copied onto itself: if all of it is mapped, its place is taken; if not, there is
 * nothing to copy.
 */
gboolean
iommud_presence_of_mapping (const IommudKernelAccess *access, guint32 ioas_id, guint64 iova,
                            guint64 length, gboolean *present, GError **error)
{
  guint64 target = iova;
  int errnum = iommud_iommufd_ioas_copy (
      access->syscalls, access->iommufd, ioas_id, ioas_id,
      IOMMUD_IOMMUFD_MAP_FIXED_IOVA | IOMMUD_IOMMUFD_MAP_READABLE, iova, length, &target);

  return decide (access, "IOMMU_IOAS_COPY", errnum, EEXIST, ENOENT, present, error);
}

gboolean
iommud_presence_of_device (const IommudKernelAccess *access, guint32 device_id,
                           guint64 *capabilities, gboolean *present, GError **error)
{
  IommudHwInfo info = { 0 };
  int errnum = iommud_iommufd_get_hw_info (access->syscalls, access->iommufd, device_id, &info);

  *capabilities = info.capabilities;
  return decide (access, "IOMMU_GET_HW_INFO", errnum, 0, ENOENT, present, error);
}

gboolean
iommud_presence_of_binding (const IommudKernelAccess *access, int cdev, gboolean *present,
                            GError **error)
{
  int errnum = iommud_vfio_get_info (access->syscalls, cdev);

  return decide (access, "VFIO_DEVICE_GET_INFO", errnum, 0, EINVAL, present, error);
}

gboolean
iommud_presence_of_dma_logging (const IommudKernelAccess *access, int cdev, gboolean *present,
                                GError **error)
{
  int errnum = iommud_vfio_probe_dma_logging (access->syscalls, cdev);

  return decide (access, "VFIO_DEVICE_FEATURE", errnum, 0, ENOTTY, present, error);
}
