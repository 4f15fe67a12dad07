/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the records of all ioctls have in common: sizes, tails, bad addresses. */
#include "config.h"

#include "sim/ioctls/command.h"

#include "sim/process/user-memory.h"

#include <errno.h>
#include <string.h>

/* The caller's record is mostly as long as ours: one copy does. FALSE: not all of it is there. */
static gboolean
load_whole (IommudSimulatedCommand *command)
{
  if (iommud_simulated_copy_from_user (command->record, command->address, command->size) != 0)
    return FALSE;
  /* Every record begins with its size. */
  command->user_size = *(const guint32 *) command->record;
  if (command->user_size < command->size)
    memset ((char *) command->record + command->user_size, 0, command->size - command->user_size);
  return TRUE;
}

static int
load_piecewise (IommudSimulatedCommand *command, guint32 min_size)
{
  memset (command->record, 0, command->size);
  if (iommud_simulated_copy_from_user (&command->user_size, command->address,
                                       sizeof command->user_size)
      != 0)
    return EFAULT;
  if (command->user_size < min_size)
    return EINVAL;
  return iommud_simulated_copy_from_user (command->record, command->address,
                                          MIN (command->size, command->user_size));
}

/* If the caller's record is shorter than ours, the rest is zero; if it is longer, the rest must be
 * zero. */
int
iommud_simulated_command_load (IommudSimulatedCommand *self, guint32 min_size)
{
  int errnum = load_whole (self) ? 0 : load_piecewise (self, min_size);

  if (errnum != 0)
    return errnum;
  if (self->user_size < min_size)
    return EINVAL;
  if (self->user_size <= self->size)
    return 0;
  return iommud_simulated_check_zeros (self->address + self->size, self->user_size - self->size);
}

int
iommud_simulated_command_respond (const IommudSimulatedCommand *self)
{
  return iommud_simulated_copy_to_user (self->address, self->record,
                                        MIN (self->size, self->user_size));
}
