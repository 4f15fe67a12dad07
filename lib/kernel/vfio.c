/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of a VFIO cdev: the only code that fills their records. */
#include "config.h"

#include "kernel/vfio.h"

#include "kernel/abi.h"

int
iommud_vfio_open (const IommudSyscalls *syscalls, const char *cdev_path, int *fd)
{
  return iommud_syscalls_open (syscalls, cdev_path, fd);
}

int
iommud_vfio_bind_iommufd (const IommudSyscalls *syscalls, int fd, int iommufd, guint32 *device_id)
{
  struct iommud_abi_vfio_bind argument = { .argsz = sizeof (argument), .iommufd = iommufd };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_BIND_IOMMUFD, &argument);

  if (errnum == 0)
    *device_id = argument.out_devid;
  return errnum;
}

int
iommud_vfio_attach (const IommudSyscalls *syscalls, int fd, guint32 *pt_id)
{
  struct iommud_abi_vfio_attach argument = { .argsz = sizeof (argument), .pt_id = *pt_id };
  int errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT, &argument);

  if (errnum == 0)
    *pt_id = argument.pt_id;
  return errnum;
}

int
iommud_vfio_detach (const IommudSyscalls *syscalls, int fd)
{
  struct iommud_abi_vfio_detach argument = { .argsz = sizeof (argument) };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT, &argument);
}

static gboolean
has_feature (const IommudSyscalls *syscalls, int fd, guint32 feature, guint32 direction)
{
  struct iommud_abi_vfio_feature argument = {
    .argsz = sizeof (argument), .flags = feature | direction | IOMMUD_ABI_VFIO_FEATURE_PROBE
  };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_FEATURE, &argument) == 0;
}

gboolean
iommud_vfio_has_dma_logging (const IommudSyscalls *syscalls, int fd)
{
  return has_feature (syscalls, fd, IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START,
                      IOMMUD_ABI_VFIO_FEATURE_SET)
         && has_feature (syscalls, fd, IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP,
                         IOMMUD_ABI_VFIO_FEATURE_SET)
         && has_feature (syscalls, fd, IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT,
                         IOMMUD_ABI_VFIO_FEATURE_GET);
}
