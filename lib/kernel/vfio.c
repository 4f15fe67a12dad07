/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ioctls of a VFIO cdev: the only code that fills their records. */
#include "config.h"

#include "kernel/vfio.h"

#include "kernel/abi.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

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

int
iommud_vfio_get_info (const IommudSyscalls *syscalls, int fd)
{
  struct iommud_abi_vfio_device_info argument = { .argsz = sizeof (argument) };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_GET_INFO, &argument);
}

static int
probe_feature (const IommudSyscalls *syscalls, int fd, guint32 feature_and_direction)
{
  struct iommud_abi_vfio_feature argument = {
    .argsz = sizeof (argument), .flags = feature_and_direction | IOMMUD_ABI_VFIO_FEATURE_PROBE
  };

  return iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_FEATURE, &argument);
}

int
iommud_vfio_probe_dma_logging (const IommudSyscalls *syscalls, int fd)
{
  static const guint32 features[] = {
    IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START | IOMMUD_ABI_VFIO_FEATURE_SET,
    IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP | IOMMUD_ABI_VFIO_FEATURE_SET,
    IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT | IOMMUD_ABI_VFIO_FEATURE_GET,
  };
  int errnum = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (features) && errnum == 0; i++)
    errnum = probe_feature (syscalls, fd, features[i]);
  return errnum;
}

gboolean
iommud_vfio_has_dma_logging (const IommudSyscalls *syscalls, int fd)
{
  return iommud_vfio_probe_dma_logging (syscalls, fd) == 0;
}

/* The kernel wants the feature's own data right behind the header. */
static int
call_feature (const IommudSyscalls *syscalls, int fd, guint32 flags, gpointer data, gsize size)
{
  struct
  {
    struct iommud_abi_vfio_feature header;
    guint64 data[4];
  } argument = { .header = { .argsz = (guint32) (sizeof (argument.header) + size),
                             .flags = flags } };
  int errnum;

  g_return_val_if_fail (size <= sizeof (argument.data), EINVAL);
  if (size > 0)
    memcpy (argument.data, data, size);
  errnum = iommud_syscalls_ioctl (syscalls, fd, IOMMUD_ABI_VFIO_FEATURE, &argument);
  if (errnum == 0 && size > 0)
    memcpy (data, argument.data, size);
  return errnum;
}

int
iommud_vfio_start_dma_logging (const IommudSyscalls *syscalls, int fd, const GArray *ranges,
                               guint64 *page_size)
{
  g_autofree struct iommud_abi_vfio_dma_logging_range *records =
      g_new0 (struct iommud_abi_vfio_dma_logging_range, ranges->len + 1);
  struct iommud_abi_vfio_dma_logging_control control = { .page_size = *page_size,
                                                         .num_ranges = ranges->len,
                                                         .ranges = (uintptr_t) records };
  int errnum;

  for (guint i = 0; i < ranges->len; i++)
    {
      const IommudIovaRange *range = &g_array_index (ranges, IommudIovaRange, i);

      records[i].iova = range->first;
      records[i].length = range->last - range->first + 1;
    }
  errnum = call_feature (syscalls, fd,
                         IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START | IOMMUD_ABI_VFIO_FEATURE_SET,
                         &control, sizeof (control));
  if (errnum == 0)
    *page_size = control.page_size;
  return errnum;
}

int
iommud_vfio_stop_dma_logging (const IommudSyscalls *syscalls, int fd)
{
  return call_feature (syscalls, fd,
                       IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP | IOMMUD_ABI_VFIO_FEATURE_SET, NULL,
                       0);
}

int
iommud_vfio_report_dma_logging (const IommudSyscalls *syscalls, int fd, guint64 iova,
                                guint64 length, guint64 page_size, guint64 *words)
{
  struct iommud_abi_vfio_dma_logging_report report = {
    .iova = iova, .length = length, .page_size = page_size, .bitmap = (uintptr_t) words
  };

  return call_feature (syscalls, fd,
                       IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT | IOMMUD_ABI_VFIO_FEATURE_GET,
                       &report, sizeof (report));
}
