/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BIND, ATTACH, DETACH and the questions about a device. The order of checks is that of
 * device_cdev.c and vfio_main.c of Linux 6.12. */
#include "config.h"

#include "sim/ioctls/cdev.h"

#include "sim/description/operations.h"
#include "sim/ioctls/device-feature.h"
#include "sim/objects/attachment.h"
#include "sim/objects/binding.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

/* The offsets at which vfio-pci puts regions in the file, and the region that is the configuration
 * space. */
#define REGION_SHIFT 40
#define CONFIG_REGION 7
#define CONFIG_SIZE 256
#define BAR_SIZE 4096

typedef int (*Handler) (IommudSimulatedFunction *function, guint64 address);

typedef struct
{
  unsigned long request;
  IommudSimulatedOperation operation;
  Handler handle; /* NULL for BIND, which alone needs the file */
} Ioctl;

static IommudSimulatedFunction *
get_function (const IommudSimulatedFile *file)
{
  return file->subject;
}

gboolean
iommud_simulated_cdev_is_bound (const IommudSimulatedFile *file)
{
  return get_function (file)->bound_file == file;
}

static int
find_context (IommudSimulatedFiles *files, int fd, IommudSimulatedContext **context)
{
  IommudSimulatedFile *file;
  int errnum = iommud_simulated_files_get (files, fd, &file);

  if (errnum != 0)
    return errnum == ENOTTY ? EBADFD : errnum;
  *context = file->type == IOMMUD_SIMULATED_FILE_IOMMUFD ? file->subject : NULL;
  iommud_simulated_files_put (files, file);
  return *context != NULL ? 0 : EBADFD;
}

/* Binds the device and says its id. */
static int
bind_to_context (IommudSimulatedFile *file, IommudSimulatedContext *context, guint64 address)
{
  IommudSimulatedFunction *function = get_function (file);
  guint32 id;
  int errnum;

  if (function->bound_file != NULL)
    return EINVAL;
  errnum = iommud_simulated_function_bind (function, context, &id);
  if (errnum != 0)
    return errnum;
  if (iommud_simulated_copy_to_user (
          address + G_STRUCT_OFFSET (struct iommud_abi_vfio_bind, out_devid), &id, sizeof id)
      != 0)
    {
      iommud_simulated_function_unbind (function);
      return EFAULT;
    }
  function->bound_file = file;
  return 0;
}

static int
bind (IommudSimulatedFiles *files, IommudSimulatedFile *file, guint64 address)
{
  IommudSimulatedContext *context;
  struct iommud_abi_vfio_bind record;
  int errnum;

  if (iommud_simulated_copy_from_user (&record, address, sizeof record) != 0)
    return EFAULT;
  if (record.argsz < sizeof record || record.flags != 0 || record.iommufd < 0)
    return EINVAL;
  if (iommud_simulated_cdev_is_bound (file))
    return EINVAL;
  errnum = find_context (files, record.iommufd, &context);
  return errnum == 0 ? bind_to_context (file, context, address) : errnum;
}

static int
attach (IommudSimulatedFunction *function, guint64 address)
{
  struct iommud_abi_vfio_attach record;
  int errnum;

  if (iommud_simulated_copy_from_user (&record, address, sizeof record) != 0)
    return EFAULT;
  if (record.argsz < sizeof record || record.flags != 0)
    return EINVAL;
  errnum = iommud_simulated_function_attach (function, &record.pt_id);
  if (errnum != 0)
    return errnum;
  if (iommud_simulated_copy_to_user (address
                                         + G_STRUCT_OFFSET (struct iommud_abi_vfio_attach, pt_id),
                                     &record.pt_id, sizeof record.pt_id)
      == 0)
    return 0;
  iommud_simulated_function_detach (function);
  return EFAULT;
}

static int
detach (IommudSimulatedFunction *function, guint64 address)
{
  struct iommud_abi_vfio_detach record;

  if (iommud_simulated_copy_from_user (&record, address, sizeof record) != 0)
    return EFAULT;
  if (record.argsz < sizeof record || record.flags != 0)
    return EINVAL;
  iommud_simulated_function_detach (function);
  return 0;
}

static guint32
get_info_flags (const IommudDeviceInfo *info)
{
  static const struct
  {
    const char *bus;
    guint32 flags;
  } buses[] = {
    { "pci", IOMMUD_ABI_VFIO_FLAGS_PCI | IOMMUD_ABI_VFIO_FLAGS_RESET },
    { "platform", IOMMUD_ABI_VFIO_FLAGS_PLATFORM | IOMMUD_ABI_VFIO_FLAGS_RESET },
    { "mdev", IOMMUD_ABI_VFIO_FLAGS_PCI },
    { "ap", IOMMUD_ABI_VFIO_FLAGS_AP | IOMMUD_ABI_VFIO_FLAGS_RESET },
    { "ccw", IOMMUD_ABI_VFIO_FLAGS_CCW | IOMMUD_ABI_VFIO_FLAGS_RESET },
    { "fsl-mc", IOMMUD_ABI_VFIO_FLAGS_FSL_MC | IOMMUD_ABI_VFIO_FLAGS_RESET },
    { "cdx", IOMMUD_ABI_VFIO_FLAGS_CDX | IOMMUD_ABI_VFIO_FLAGS_RESET },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (buses); i++)
    if (g_str_equal (info->bus, buses[i].bus))
      return buses[i].flags;
  return 0;
}

static int
get_info (IommudSimulatedFunction *function, guint64 address)
{
  struct iommud_abi_vfio_device_info record = { 0 };
  guint32 size;

  if (iommud_simulated_copy_from_user (&record, address, IOMMUD_ABI_VFIO_DEVICE_INFO_MIN_SIZE) != 0)
    return EFAULT;
  if (record.argsz < IOMMUD_ABI_VFIO_DEVICE_INFO_MIN_SIZE)
    return EINVAL;
  size = MIN (record.argsz, sizeof record);
  record.flags = get_info_flags (function->description->info);
  record.num_regions = function->description->regions_count;
  record.num_irqs = function->description->irqs_count;
  return iommud_simulated_copy_to_user (address, &record, size);
}

guint64
iommud_simulated_region_get_size (const IommudSimulatedFunction *function, guint32 index)
{
  if (index >= function->description->regions_count)
    return 0;
  if (index == 0)
    return BAR_SIZE;
  return index == CONFIG_REGION ? CONFIG_SIZE : 0;
}

guint64
iommud_simulated_region_get_offset (guint32 index)
{
  return (guint64) index << REGION_SHIFT;
}

static int
get_region_info (IommudSimulatedFunction *function, guint64 address)
{
  struct iommud_abi_vfio_region_info record;

  if (iommud_simulated_copy_from_user (&record, address, sizeof record) != 0)
    return EFAULT;
  if (record.argsz < sizeof record || record.index >= function->description->regions_count)
    return EINVAL;
  record.size = iommud_simulated_region_get_size (function, record.index);
  record.offset = iommud_simulated_region_get_offset (record.index);
  record.flags =
      record.size != 0 ? IOMMUD_ABI_VFIO_REGION_FLAG_READ | IOMMUD_ABI_VFIO_REGION_FLAG_WRITE : 0;
  return iommud_simulated_copy_to_user (address, &record, sizeof record);
}

static int
get_irq_info (IommudSimulatedFunction *function, guint64 address)
{
  struct
  {
    guint32 argsz;
    guint32 flags; /* bit 0: can be signalled through an eventfd */
    guint32 index;
    guint32 count;
  } record;

  if (iommud_simulated_copy_from_user (&record, address, sizeof record) != 0)
    return EFAULT;
  if (record.argsz < sizeof record || record.index >= function->description->irqs_count)
    return EINVAL;
  record.flags = 1;
  record.count = 1;
  return iommud_simulated_copy_to_user (address, &record, sizeof record);
}

static int
reset (IommudSimulatedFunction *function, guint64 address)
{
  iommud_simulated_log_stop (&function->log);
  return 0;
}

static const Ioctl *
find_ioctl (unsigned long request)
{
  static const Ioctl ioctls[] = {
    { IOMMUD_ABI_VFIO_BIND_IOMMUFD, IOMMUD_SIMULATED_BIND, NULL },
    { IOMMUD_ABI_VFIO_ATTACH_IOMMUFD_PT, IOMMUD_SIMULATED_ATTACH, attach },
    { IOMMUD_ABI_VFIO_DETACH_IOMMUFD_PT, IOMMUD_SIMULATED_DETACH, detach },
    { IOMMUD_ABI_VFIO_GET_INFO, IOMMUD_SIMULATED_GET_INFO, get_info },
    { IOMMUD_ABI_VFIO_GET_REGION_INFO, IOMMUD_SIMULATED_GET_REGION_INFO, get_region_info },
    { IOMMUD_ABI_VFIO_GET_IRQ_INFO, IOMMUD_SIMULATED_GET_IRQ_INFO, get_irq_info },
    { IOMMUD_ABI_VFIO_RESET, IOMMUD_SIMULATED_RESET, reset },
    { IOMMUD_ABI_VFIO_FEATURE, IOMMUD_SIMULATED_FEATURE, iommud_simulated_device_feature },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ioctls); i++)
    if (ioctls[i].request == request)
      return &ioctls[i];
  return NULL;
}

int
iommud_simulated_cdev_get_operation (unsigned long request)
{
  const Ioctl *found = find_ioctl (request);

  return found != NULL ? (int) found->operation : IOMMUD_SIMULATED_NO_OPERATION;
}

int
iommud_simulated_cdev_get_feature_operation (unsigned long request, guint64 address)
{
  struct iommud_abi_vfio_feature header;

  if (request != IOMMUD_ABI_VFIO_FEATURE
      || iommud_simulated_copy_from_user (&header, address, sizeof header) != 0
      || (header.flags & IOMMUD_ABI_VFIO_FEATURE_PROBE) != 0)
    return IOMMUD_SIMULATED_NO_OPERATION;
  switch (header.flags & IOMMUD_ABI_VFIO_FEATURE_MASK)
    {
    case IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_START:
      return IOMMUD_SIMULATED_DMA_LOGGING_START;
    case IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_STOP:
      return IOMMUD_SIMULATED_DMA_LOGGING_STOP;
    case IOMMUD_ABI_VFIO_FEATURE_DMA_LOGGING_REPORT:
      return IOMMUD_SIMULATED_DMA_LOGGING_REPORT;
    default:
      return IOMMUD_SIMULATED_NO_OPERATION;
    }
}

int
iommud_simulated_cdev_ioctl (IommudSimulatedFiles *files, IommudSimulatedFile *file,
                             unsigned long request, guint64 address)
{
  const Ioctl *found = find_ioctl (request);

  if (request == IOMMUD_ABI_VFIO_BIND_IOMMUFD)
    return -bind (files, file, address);
  if (!iommud_simulated_cdev_is_bound (file))
    return -EINVAL;
  return found != NULL ? -found->handle (get_function (file), address) : -ENOTTY;
}

void
iommud_simulated_cdev_release (IommudSimulatedFile *file)
{
  IommudSimulatedFunction *function = get_function (file);

  if (iommud_simulated_cdev_is_bound (file))
    {
      function->bound_file = NULL;
      iommud_simulated_log_stop (&function->log);
      iommud_simulated_function_detach (function);
      iommud_simulated_function_unbind (function);
    }
  function->files--;
}
