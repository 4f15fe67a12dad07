/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capability registers of a simulated Intel VT-d unit. */
#include "config.h"

#include "sim/ioctls/hw-info.h"

#include "sim/objects/binding.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

/* Bits of the registers as the VT-d specification has them. */
#define CAP_MGAW_SHIFT 16
#define ECAP_SNOOP_CONTROL (G_GUINT64_CONSTANT (1) << 7)
#define ECAP_NESTING (G_GUINT64_CONSTANT (1) << 26)
#define ECAP_SCALABLE_MODE (G_GUINT64_CONSTANT (1) << 43)
#define ECAP_SECOND_STAGE_DIRTY (G_GUINT64_CONSTANT (1) << 45)

static guint
get_address_width (const IommudSimulatedFunction *function)
{
  guint64 last = iommud_simulated_function_get_aperture_last (function);
  guint width = 0;

  while (width < 64 && last >> width != 0)
    width++;
  return width;
}

static void
fill_registers (const IommudSimulatedFunction *function, struct iommud_abi_hw_info_vtd *data)
{
  data->cap_reg = (guint64) (get_address_width (function) - 1) << CAP_MGAW_SHIFT;
  data->ecap_reg = ECAP_SCALABLE_MODE;
  if (iommud_simulated_function_can_enforce (function))
    data->ecap_reg |= ECAP_SNOOP_CONTROL;
  if (iommud_simulated_function_can_nest (function))
    data->ecap_reg |= ECAP_NESTING;
  if (iommud_simulated_function_can_track (function))
    data->ecap_reg |= ECAP_SECOND_STAGE_DIRTY;
}

static int
clear_user (guint64 address, guint32 length)
{
  static const char zeros[256];
  int errnum = 0;

  while (length > 0 && errnum == 0)
    {
      guint32 chunk = MIN (length, sizeof zeros);

      errnum = iommud_simulated_copy_to_user (address, zeros, chunk);
      address += chunk;
      length -= chunk;
    }
  return errnum;
}

static int
hand_out_data (const IommudSimulatedFunction *function, struct iommud_abi_hw_info *record)
{
  struct iommud_abi_hw_info_vtd data = { 0 };
  guint32 known = 0;
  guint32 copied;

  record->out_data_type = function->iommu->hw_info_type;
  if (record->out_data_type == IOMMUD_ABI_HW_INFO_TYPE_INTEL_VTD)
    {
      fill_registers (function, &data);
      known = sizeof data;
    }
  copied = MIN (record->data_len, known);
  if (iommud_simulated_copy_to_user (record->data_uptr, &data, copied) != 0
      || clear_user (record->data_uptr + copied, record->data_len - copied) != 0)
    return EFAULT;
  record->data_len = known;
  return 0;
}

int
iommud_simulated_get_hw_info (IommudSimulatedCommand *command)
{
  struct iommud_abi_hw_info *record = command->record;
  const IommudSimulatedFunction *function;
  int errnum;

  if (record->flags != 0 || record->reserved[0] != 0 || record->reserved[1] != 0
      || record->reserved[2] != 0)
    return EOPNOTSUPP;
  function = iommud_simulated_context_get_device (command->context, record->dev_id);
  if (function == NULL)
    return ENOENT;
  errnum = hand_out_data (function, record);
  if (errnum != 0)
    return errnum;
  record->out_capabilities = 0;
  if (iommud_simulated_function_can_track (function))
    record->out_capabilities |= IOMMUD_ABI_HW_CAP_DIRTY_TRACKING;
  record->out_max_pasid_log2 = (guint8) iommud_simulated_function_get_pasid_bits (function);
  return iommud_simulated_command_respond (command);
}
