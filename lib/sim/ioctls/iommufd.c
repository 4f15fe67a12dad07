/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of an iommufd's ioctls. */
#include "config.h"

#include "sim/ioctls/iommufd.h"

#include "sim/description/operations.h"
#include "sim/ioctls/dirty.h"
#include "sim/ioctls/fault-queue.h"
#include "sim/ioctls/hw-info.h"
#include "sim/ioctls/hwpt.h"
#include "sim/ioctls/invalidate.h"
#include "sim/ioctls/ioas.h"
#include "sim/ioctls/map.h"
#include "sim/ioctls/option.h"
#include "sim/ioctls/vfio-container.h"

#include "kernel/abi.h"

#include <errno.h>

typedef struct
{
  guint number;
  IommudSimulatedOperation operation;
  guint32 size;
  guint32 min_size;
  IommudSimulatedHandler handle;
  IommudSimulatedLinux since;
} Ioctl;

typedef union
{
  struct iommud_abi_destroy destroy;
  struct iommud_abi_ioas_alloc ioas_alloc;
  struct iommud_abi_ioas_allow_iovas allow_iovas;
  struct iommud_abi_ioas_copy copy;
  struct iommud_abi_ioas_iova_ranges iova_ranges;
  struct iommud_abi_ioas_map map;
  struct iommud_abi_ioas_map_file map_file;
  struct iommud_abi_ioas_unmap unmap;
  struct iommud_abi_option option;
  struct iommud_abi_hwpt_alloc hwpt_alloc;
  struct iommud_abi_hw_info hw_info;
  struct iommud_abi_hwpt_set_dirty_tracking set_dirty_tracking;
  struct iommud_abi_hwpt_get_dirty_bitmap get_dirty_bitmap;
  struct iommud_abi_hwpt_invalidate invalidate;
  struct iommud_abi_fault_alloc fault_alloc;
  struct iommud_abi_vfio_ioas vfio_ioas;
} Record;

#define WHOLE(type) sizeof (struct type), sizeof (struct type)
#define FROM(type, min_size) sizeof (struct type), min_size

static int
destroy (IommudSimulatedCommand *command)
{
  const struct iommud_abi_destroy *record = command->record;
  IommudSimulatedObject *object =
      iommud_simulated_context_get (command->context, record->id, IOMMUD_SIMULATED_ANY);

  return object != NULL ? iommud_simulated_object_destroy (object) : ENOENT;
}

static const Ioctl ioctls[] = {
  { IOMMUD_ABI_NR_DESTROY, IOMMUD_SIMULATED_DESTROY, WHOLE (iommud_abi_destroy), destroy },
  { IOMMUD_ABI_NR_IOAS_ALLOC, IOMMUD_SIMULATED_IOAS_ALLOC, WHOLE (iommud_abi_ioas_alloc),
    iommud_simulated_ioas_alloc },
  { IOMMUD_ABI_NR_IOAS_ALLOW_IOVAS, IOMMUD_SIMULATED_IOAS_ALLOW_IOVAS,
    WHOLE (iommud_abi_ioas_allow_iovas), iommud_simulated_ioas_allow_iovas },
  { IOMMUD_ABI_NR_IOAS_COPY, IOMMUD_SIMULATED_IOAS_COPY, WHOLE (iommud_abi_ioas_copy),
    iommud_simulated_ioas_copy },
  { IOMMUD_ABI_NR_IOAS_IOVA_RANGES, IOMMUD_SIMULATED_IOAS_IOVA_RANGES,
    WHOLE (iommud_abi_ioas_iova_ranges), iommud_simulated_ioas_iova_ranges },
  { IOMMUD_ABI_NR_IOAS_MAP, IOMMUD_SIMULATED_IOAS_MAP, WHOLE (iommud_abi_ioas_map),
    iommud_simulated_ioas_map_memory },
  { IOMMUD_ABI_NR_IOAS_MAP_FILE, IOMMUD_SIMULATED_IOAS_MAP_FILE, WHOLE (iommud_abi_ioas_map_file),
    iommud_simulated_ioas_map_file, IOMMUD_SIMULATED_LINUX_6_13 },
  { IOMMUD_ABI_NR_IOAS_UNMAP, IOMMUD_SIMULATED_IOAS_UNMAP, WHOLE (iommud_abi_ioas_unmap),
    iommud_simulated_ioas_unmap },
  { IOMMUD_ABI_NR_OPTION, IOMMUD_SIMULATED_OPTION, WHOLE (iommud_abi_option),
    iommud_simulated_option },
  { IOMMUD_ABI_NR_HWPT_ALLOC, IOMMUD_SIMULATED_HWPT_ALLOC,
    FROM (iommud_abi_hwpt_alloc, IOMMUD_ABI_HWPT_ALLOC_MIN_SIZE), iommud_simulated_hwpt_alloc },
  { IOMMUD_ABI_NR_GET_HW_INFO, IOMMUD_SIMULATED_GET_HW_INFO,
    FROM (iommud_abi_hw_info, IOMMUD_ABI_HW_INFO_MIN_SIZE), iommud_simulated_get_hw_info },
  { IOMMUD_ABI_NR_HWPT_SET_DIRTY_TRACKING, IOMMUD_SIMULATED_SET_DIRTY_TRACKING,
    WHOLE (iommud_abi_hwpt_set_dirty_tracking), iommud_simulated_set_dirty_tracking },
  { IOMMUD_ABI_NR_HWPT_GET_DIRTY_BITMAP, IOMMUD_SIMULATED_GET_DIRTY_BITMAP,
    WHOLE (iommud_abi_hwpt_get_dirty_bitmap), iommud_simulated_get_dirty_bitmap },
  { IOMMUD_ABI_NR_HWPT_INVALIDATE, IOMMUD_SIMULATED_HWPT_INVALIDATE,
    WHOLE (iommud_abi_hwpt_invalidate), iommud_simulated_hwpt_invalidate },
  { IOMMUD_ABI_NR_FAULT_QUEUE_ALLOC, IOMMUD_SIMULATED_FAULT_QUEUE_ALLOC,
    WHOLE (iommud_abi_fault_alloc), iommud_simulated_fault_queue_alloc },
  { IOMMUD_ABI_NR_VFIO_IOAS, IOMMUD_SIMULATED_VFIO_IOAS, WHOLE (iommud_abi_vfio_ioas),
    iommud_simulated_vfio_ioas },
};

static const Ioctl *
find_ioctl (IommudSimulatedLinux version, unsigned long request)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ioctls); i++)
    if (IOMMUD_ABI_IOCTL (ioctls[i].number) == request && ioctls[i].since <= version)
      return &ioctls[i];
  return NULL;
}

int
iommud_simulated_iommufd_get_operation (IommudSimulatedLinux version, unsigned long request)
{
  const Ioctl *found = find_ioctl (version, request);

  return found != NULL ? (int) found->operation : IOMMUD_SIMULATED_NO_OPERATION;
}

int
iommud_simulated_iommufd_ioctl (IommudSimulatedCommand *command, unsigned long request)
{
  const Ioctl *found = find_ioctl (command->version, request);
  Record record;
  int errnum;

  if (found == NULL)
    return iommud_simulated_vfio_container_ioctl (command->context, request, command->address,
                                                  command->account);
  command->record = &record;
  command->size = found->size;
  errnum = iommud_simulated_command_load (command, found->min_size);
  return errnum != 0 ? -errnum : -found->handle (command);
}
