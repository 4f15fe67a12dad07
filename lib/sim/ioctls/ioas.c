/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records about the IOVAs of an IOAS. The order of checks is that of ioas.c of Linux 6.12. */
#include "config.h"

#include "sim/ioctls/ioas.h"

#include "sim/objects/ioas.h"
#include "sim/process/user-memory.h"

#include "kernel/abi.h"

#include <errno.h>

int
iommud_simulated_ioas_alloc (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_alloc *record = command->record;
  IommudSimulatedIoas *self;

  if (record->flags != 0)
    return EOPNOTSUPP;
  self = iommud_simulated_ioas_new (command->context);
  record->out_ioas_id = self->object.id;
  if (iommud_simulated_command_respond (command) == 0)
    return 0;
  iommud_simulated_object_destroy (&self->object);
  return EFAULT;
}

static int
list_ranges (IommudSimulatedIoas *self, struct iommud_abi_ioas_iova_ranges *record, guint32 room)
{
  guint64 from = 0;
  struct iommud_abi_iova_range range;
  guint64 first;
  guint64 last;

  while (iommud_simulated_ioas_find_usable (self, from, &first, &last))
    {
      range.start = first;
      range.last = last;
      if (record->num_iovas < room
          && iommud_simulated_copy_to_user (
                 record->allowed_iovas + record->num_iovas * sizeof range, &range, sizeof range)
                 != 0)
        return EFAULT;
      record->num_iovas++;
      if (last == G_MAXUINT64)
        break;
      from = last + 1;
    }
  return 0;
}

int
iommud_simulated_ioas_iova_ranges (IommudSimulatedCommand *command)
{
  struct iommud_abi_ioas_iova_ranges *record = command->record;
  guint32 room = record->num_iovas;
  IommudSimulatedIoas *self;
  int errnum;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);
  if (errnum != 0)
    return errnum;
  record->num_iovas = 0;
  record->out_iova_alignment = self->alignment;
  errnum = list_ranges (self, record, room);
  if (errnum == 0)
    errnum = iommud_simulated_command_respond (command);
  if (errnum == 0 && record->num_iovas > room)
    return EMSGSIZE;
  return errnum;
}

static int
load_allowed (const struct iommud_abi_ioas_allow_iovas *record, IommudIntervals *allowed)
{
  struct iommud_abi_iova_range range;

  for (guint64 i = 0; i < record->num_iovas; i++)
    {
      IommudInterval *interval;

      if (iommud_simulated_copy_from_user (&range, record->allowed_iovas + i * sizeof range,
                                           sizeof range)
          != 0)
        return EFAULT;
      if (range.start >= range.last
          || iommud_intervals_find (allowed, range.start, range.last) != NULL)
        return EINVAL;
      interval = g_new0 (IommudInterval, 1);
      interval->first = range.start;
      interval->last = range.last;
      iommud_intervals_insert (allowed, interval);
    }
  return 0;
}

int
iommud_simulated_ioas_allow_iovas (IommudSimulatedCommand *command)
{
  const struct iommud_abi_ioas_allow_iovas *record = command->record;
  IommudIntervals allowed = { NULL, 0 };
  IommudSimulatedIoas *self;
  int errnum;

  if (record->reserved != 0)
    return EOPNOTSUPP;
  errnum = iommud_simulated_ioas_get (command->context, record->ioas_id, &self);
  if (errnum != 0)
    return errnum;
  errnum = load_allowed (record, &allowed);
  if (errnum == 0)
    errnum = iommud_simulated_ioas_set_allowed (self, &allowed);
  iommud_intervals_free_all (&allowed);
  return errnum;
}
