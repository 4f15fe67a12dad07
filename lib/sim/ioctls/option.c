/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two options of Linux 6.12. */
#include "config.h"

#include "sim/ioctls/option.h"

#include "sim/objects/ioas.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

static int
set_rlimit_mode (IommudSimulatedCommand *command, guint64 value)
{
  if (!command->privileged)
    return EPERM;
  if (command->context->count != 0)
    return EBUSY;
  if (value > 1)
    return EINVAL;
  command->context->charge_process = value == 1;
  return 0;
}

static int
handle_rlimit_mode (IommudSimulatedCommand *command)
{
  struct iommud_abi_option *record = command->record;

  if (record->object_id != 0)
    return EOPNOTSUPP;
  if (record->op == IOMMUD_ABI_OPTION_OP_SET)
    return set_rlimit_mode (command, record->val64);
  if (record->op != IOMMUD_ABI_OPTION_OP_GET)
    return EOPNOTSUPP;
  record->val64 = command->context->charge_process ? 1 : 0;
  return 0;
}

static int
handle_huge_pages (IommudSimulatedCommand *command)
{
  struct iommud_abi_option *record = command->record;
  IommudSimulatedIoas *ioas;
  int errnum = iommud_simulated_ioas_get (command->context, record->object_id, &ioas);

  if (errnum != 0)
    return errnum;
  if (record->op == IOMMUD_ABI_OPTION_OP_SET)
    return record->val64 > 1 ? EINVAL
                             : iommud_simulated_ioas_set_single_pages (ioas, record->val64 == 0);
  if (record->op != IOMMUD_ABI_OPTION_OP_GET)
    return EOPNOTSUPP;
  record->val64 = ioas->single_pages ? 0 : 1;
  return 0;
}

int
iommud_simulated_option (IommudSimulatedCommand *command)
{
  const struct iommud_abi_option *record = command->record;
  int errnum = EOPNOTSUPP;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  if (record->option_id == IOMMUD_ABI_OPTION_RLIMIT_MODE)
    errnum = handle_rlimit_mode (command);
  else if (record->option_id == IOMMUD_ABI_OPTION_HUGE_PAGES)
    errnum = handle_huge_pages (command);
  if (errnum != 0)
    return errnum;
  return iommud_simulated_copy_to_user (command->address
                                            + G_STRUCT_OFFSET (struct iommud_abi_option, val64),
                                        &record->val64, sizeof record->val64);
}
