/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The record of a new HWPT. The order of checks is that of hw_pagetable.c of Linux 6.12. */
#include "config.h"

#include "sim/ioctls/hwpt.h"

#include "sim/objects/binding.h"
#include "sim/objects/hwpt.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

#define PAGING_FLAGS (IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT | IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING)

static int
alloc_paging (IommudSimulatedIoas *ioas, IommudSimulatedFunction *function,
              const struct iommud_abi_hwpt_alloc *record, IommudSimulatedHwpt **hwpt)
{
  gboolean nest_parent = (record->flags & IOMMUD_ABI_HWPT_ALLOC_NEST_PARENT) != 0;
  gboolean dirty_tracking = (record->flags & IOMMUD_ABI_HWPT_ALLOC_DIRTY_TRACKING) != 0;
  int errnum;

  if (record->data_len != 0 || (record->flags & ~(guint32) PAGING_FLAGS) != 0)
    return EOPNOTSUPP;
  errnum = iommud_simulated_hwpt_new_paging (ioas, function, nest_parent, dirty_tracking, hwpt);
  if (errnum != 0)
    return errnum;
  errnum = iommud_simulated_hwpt_fill (*hwpt);
  if (errnum != 0)
    iommud_simulated_object_destroy (&(*hwpt)->object);
  return errnum;
}

static int
check_stage_1 (const struct iommud_abi_hwpt_alloc *record)
{
  struct iommud_abi_hwpt_vtd_s1 data;

  if (record->data_type != IOMMUD_ABI_HWPT_DATA_VTD_S1 || record->data_len < sizeof data)
    return EINVAL;
  if (iommud_simulated_copy_from_user (&data, record->data_uptr, sizeof data) != 0)
    return EFAULT;
  return data.reserved != 0 ? EOPNOTSUPP : 0;
}

static int
check_nested (const IommudSimulatedHwpt *parent, const IommudSimulatedFunction *function,
              const struct iommud_abi_hwpt_alloc *record)
{
  if ((record->flags & ~(guint32) IOMMUD_ABI_HWPT_FAULT_ID_VALID) != 0 || record->data_len == 0)
    return EOPNOTSUPP;
  if (parent->automatic || !parent->nest_parent
      || parent->domain.iommu->hw_info_type != function->iommu->hw_info_type)
    return EINVAL;
  if (!iommud_simulated_function_can_nest (function))
    return EOPNOTSUPP;
  return check_stage_1 (record);
}

static int
alloc_nested (IommudSimulatedHwpt *parent, IommudSimulatedFunction *function,
              const struct iommud_abi_hwpt_alloc *record, IommudSimulatedHwpt **hwpt)
{
  IommudSimulatedObject *queue = NULL;
  int errnum = check_nested (parent, function, record);

  if (errnum == 0)
    errnum = iommud_simulated_injection_take (function->injection, IOMMUD_SIMULATED_DRIVER_ALLOC);
  if (errnum == 0 && (record->flags & IOMMUD_ABI_HWPT_FAULT_ID_VALID) != 0)
    {
      queue = iommud_simulated_context_get (parent->object.context, record->fault_id,
                                            IOMMUD_SIMULATED_FAULT_QUEUE);
      errnum = queue != NULL ? 0 : ENOENT;
    }
  if (errnum == 0)
    *hwpt = iommud_simulated_hwpt_new_nested (parent, function, queue);
  return errnum;
}

static int
alloc (IommudSimulatedCommand *command, IommudSimulatedHwpt **hwpt)
{
  const struct iommud_abi_hwpt_alloc *record = command->record;
  IommudSimulatedContext *context = command->context;
  IommudSimulatedFunction *function;
  IommudSimulatedObject *table;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  if ((record->data_type == IOMMUD_ABI_HWPT_DATA_NONE) != (record->data_len == 0))
    return EINVAL;
  function = iommud_simulated_context_get_device (context, record->dev_id);
  if (function == NULL)
    return ENOENT;
  table = iommud_simulated_context_get (context, record->pt_id, IOMMUD_SIMULATED_ANY);
  if (table != NULL && table->type == IOMMUD_SIMULATED_IOAS)
    return alloc_paging ((IommudSimulatedIoas *) table, function, record, hwpt);
  if (table != NULL && table->type == IOMMUD_SIMULATED_HWPT_PAGING)
    return alloc_nested ((IommudSimulatedHwpt *) table, function, record, hwpt);
  return EINVAL;
}

int
iommud_simulated_hwpt_alloc (IommudSimulatedCommand *command)
{
  struct iommud_abi_hwpt_alloc *record = command->record;
  IommudSimulatedHwpt *self;
  int errnum = alloc (command, &self);

  if (errnum != 0)
    return errnum;
  record->out_hwpt_id = self->object.id;
  if (iommud_simulated_command_respond (command) == 0)
    return 0;
  iommud_simulated_object_destroy (&self->object);
  return EFAULT;
}
